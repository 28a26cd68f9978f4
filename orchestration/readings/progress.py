"""How far reading is: readings given of those due, at what pace, and when what is left would be done."""

from collections.abc import Iterable, Mapping
from datetime import UTC, date, datetime, timedelta
from typing import Any

from sqlalchemy import Connection, and_, func, select

from orchestration import clock
from orchestration.ledger.tables import readings, worklist
from orchestration.readings.worklist import GONE

PACE_DAYS = 28
COUNTED = (
    "items",
    "read",
    "to_adjudicate",
    "settled",
    "unread",
    "second_due",
    "retired",
    "readings_done",
    "readings_due",
    "firsts",
    "read_lately",
)


def rows(connection: Connection, now: datetime, quarter: str | None = None) -> list[dict[str, Any]]:
    """A row for each quarter and force: items, and how many of them are in each state; `readings_done` of `readings_due`, as far
    as they are due by now; `firsts` of those done; `read_lately`: done in the last four weeks, the first of them `since`.
    """

    def of(*states: str) -> Any:
        return func.count().filter(worklist.c.state.in_(states))

    place = (worklist.c.quarter, worklist.c.force)
    chosen = [worklist.c.quarter == quarter] if quarter else []
    items = (
        select(
            *place,
            func.count().filter(worklist.c.state.not_in(GONE)).label("items"),
            of("second", "adjudicator", "settled").label("read"),
            of("adjudicator").label("to_adjudicate"),
            of("settled").label("settled"),
            of("first").label("unread"),
            of("second").label("second_due"),
            of("retired").label("retired"),
        )
        .where(*chosen)
        .group_by(*place)
        .order_by(*place)
    )
    start = (now.astimezone(UTC) - timedelta(days=PACE_DAYS)).isoformat(timespec="seconds")
    lately = and_(
        readings.c.read_at >= start, readings.c.read_at <= now.astimezone(UTC).isoformat(timespec="seconds")
    )
    key = [readings.c[name] == worklist.c[name] for name in ("force", "crime_reference", "version", "round")]
    done = (
        select(
            *place,
            func.count().label("readings_done"),
            func.count().filter(readings.c.role == "first").label("firsts"),
            func.count().filter(lately).label("read_lately"),
            func.min(readings.c.read_at).filter(lately).label("since"),
        )
        .join(readings, and_(*key))
        # a correction takes the place of a reading that is counted
        .where(
            *chosen, worklist.c.state.not_in(GONE), readings.c.role != "gold", readings.c.corrects.is_(None)
        )
        .group_by(*place)
    )
    given = {(row["quarter"], row["force"]): row for row in connection.execute(done).mappings()}
    none = {"readings_done": 0, "firsts": 0, "read_lately": 0, "since": None}
    return [
        _row(row, given.get((row["quarter"], row["force"]), none))
        for row in connection.execute(items).mappings()
    ]


def _row(items: Mapping[str, Any], given: Mapping[str, Any]) -> dict[str, Any]:
    open_now = items["unread"] + items["second_due"] + items["to_adjudicate"]
    return {**items, **given, "readings_due": given["readings_done"] + open_now}


def total(of: Iterable[Mapping[str, Any]]) -> dict[str, Any]:
    """The same counts of several rows together."""
    of = list(of)
    since = [row["since"] for row in of if row["since"]]
    return {name: sum(row[name] for row in of) for name in COUNTED} | {"since": min(since, default=None)}


def summary(of: Iterable[Mapping[str, Any]], now: datetime | None = None) -> dict[str, Any]:
    """The counts of several rows together with what is `left`, the `pace` a week and the `forecast` (a day, or blank)."""
    now = now or clock.now()
    row = total(of)
    day = forecast(row, now)
    left = row["readings_due"] - row["readings_done"]
    return row | {"left": left, "pace": round(a_week(row, now)), "forecast": day.isoformat() if day else ""}


def in_order(rows: list[dict[str, Any]], by: str, down: bool = False) -> list[dict[str, Any]]:
    """Rows by one of their columns; where there is no such column, as they are. A missing forecast comes last."""
    if not rows or by not in rows[0]:
        return rows
    known = sorted((row for row in rows if row[by] != ""), key=lambda row: row[by], reverse=down)
    return [*known, *(row for row in rows if row[by] == "")]


def a_week(row: Mapping[str, Any], now: datetime) -> float:
    """Readings a week over the last four weeks, or since the first reading where that is less ago."""
    if not row["read_lately"]:
        return 0.0
    days = (now.astimezone(UTC).date() - date.fromisoformat(row["since"][:10])).days + 1
    return 7 * row["read_lately"] / min(max(days, 1), PACE_DAYS)


def forecast(row: Mapping[str, Any], now: datetime) -> date | None:
    """The day on which nothing would be due any more at the pace of the last four weeks; None where nothing is due, or
    nobody read. What first readings still to come will ask for is counted at the rate of those before."""
    left = row["readings_due"] - row["readings_done"]
    pace = a_week(row, now)
    if not left or not pace:
        return None
    further = row["readings_due"] - row["unread"] - row["firsts"]
    asked_for = row["unread"] * further / row["firsts"] if row["firsts"] else 0
    days = min(7 * (left + asked_for) / pace, 365 * 100)
    return now.astimezone(UTC).date() + timedelta(days=-int(-days // 1))
