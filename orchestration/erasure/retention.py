"""What is due for review by `seeds/retention.csv`: how old the oldest record of each type is. No record goes by itself."""

from calendar import monthrange
from datetime import date
from typing import Any

from sqlalchemy import ColumnElement, func, select

from orchestration.home import Home, seed_rows
from orchestration.ledger import tables
from orchestration.ledger.opening import ledger_of
from orchestration.strict_csv import NotRead

# the day that each record type is counted from; landed files are those of submissions as long as they lie there
_RECEIVED = tables.submissions.c.received_at
COUNTED: dict[str, tuple[ColumnElement, ...]] = {
    "landed files": (_RECEIVED,),
    "refused returns": (_RECEIVED, tables.submissions.c.status == "refused"),
    "returns accepted": (_RECEIVED, tables.submissions.c.status == "accepted"),
    "readings": (tables.readings.c.imported_at,),
    "records in releases": (tables.releases.c.created_at,),
    "figures and reports": (tables.releases.c.created_at,),
    "log of the law": (tables.log_entries.c.at,),
    "sign-ins": (tables.sign_ins.c.at,),
    "tombstones of erasures": (tables.erasures.c.at,),
}


def schedule(home: Home, today: date) -> list[dict[str, Any]]:
    """Each record type with the day of its oldest record (None: there is none), when that is due for review, and how many
    are. Raises NotRead where the seed has a type that nothing counts."""
    rows = seed_rows("retention.csv")
    if unknown := [row["record_type"] for row in rows if row["record_type"] not in COUNTED]:
        raise NotRead(
            f"seeds/retention.csv: {unknown[0]!r} is no record type; there are {', '.join(COUNTED)}."
        )
    found = []
    with ledger_of(home) as engine, engine.connect() as connection:
        for row in rows:
            moment, *where = COUNTED[row["record_type"]]
            months = int(row["review_after_months"])
            oldest = connection.scalar(select(func.min(moment)).where(*where))
            if row["record_type"] == "landed files" and not any(home.landing.rglob("*.*")):
                oldest = None
            before = months_before(today, months).isoformat()
            many = connection.scalar(select(func.count()).where(moment < before, *where)) if oldest else 0
            day = date.fromisoformat(oldest[:10]) if oldest else None
            due = months_before(day, -months) if day else None
            found.append({**row, "oldest": day, "due_on": due, "due_now": many or 0})
    return found


def due(home: Home, today: date) -> list[str]:
    """A sentence for each record type of which some are due for review."""
    return [
        f"due for review since {row['due_on']}: {row['record_type']} ({row['due_now']:,}, the oldest of {row['oldest']}); "
        f"{row['at_the_end']}"
        for row in schedule(home, today)
        if row["due_now"]
    ]


def months_before(day: date, months: int) -> date:
    """The same day some months before (after, where negative), or the last of a shorter month."""
    year, month = divmod(day.year * 12 + day.month - 1 - months, 12)
    return date(year, month + 1, min(day.day, monthrange(year, month + 1)[1]))
