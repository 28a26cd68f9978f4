"""The receipts of a quarter in the ledger: which force's return stands, which was refused, which is missing."""

from collections.abc import Set
from dataclasses import dataclass
from typing import Any

from sqlalchemy import select

from orchestration.home import Home, seed_rows
from orchestration.ledger.opening import ledger_of
from orchestration.ledger.receipts import read_submissions
from orchestration.ledger.tables import STANDS, submissions
from orchestration.returns import landing
from orchestration.verdicts import told

# of `quality.returns`, where records may have been held out of what was accepted: what counts as returned
RETURNED = (*STANDS, "accepted_with_rejections")


Place = tuple[str, str]  # force, quarter


@dataclass(frozen=True)
class Return:
    """How the return of a force and quarter stands: its latest submission, and the one that counts, if any does."""

    latest: dict[str, Any]
    stands: dict[str, Any] | None

    @property
    def refused(self) -> bool:
        return self.latest["status"] == "refused"

    @property
    def sentence(self) -> str:
        """For the terminal alone: names of files and headings as the force wrote them."""
        return self._refused(self.latest["reasons"])

    @property
    def told(self) -> str:
        """The same for logs, events and the outbox."""
        return self._refused([f"{told(reason)}." for reason in self.latest["reasons"]])

    def _refused(self, reasons: list[str]) -> str:
        row = self.latest
        return f"{row['quarter']} {row['force']} submission {row['submission']} refused: {' '.join(reasons)}"


def each_return(home: Home) -> dict[Place, Return]:
    """Every return that anything has come for."""
    found: dict[Place, Return] = {}
    for row in received(home):
        place = row["force"], row["quarter"]
        before = found[place].stands if place in found else None
        found[place] = Return(row, row if row["status"] in STANDS else before)
    return found


def owing() -> dict[str, tuple[str, str]]:
    """force -> first and last quarter that a return of it is due for, from the seed, never from what came."""
    return {
        row["force"]: (row["from_quarter"], row["to_quarter"] or "9999-Q4") for row in seed_rows("forces.csv")
    }


def expected(quarter: str) -> list[str]:
    """The forces of which a return is due for `quarter`."""
    return [force for force, (first, last) in owing().items() if first <= quarter <= last]


def received(home: Home, quarter: str | None = None) -> list[dict[str, Any]]:
    """Every submission (of a quarter) that had come by the home's moment: all, unless it is seen as of one."""
    with ledger_of(home) as engine:
        rows = read_submissions(engine, quarter)
    return [row for row in rows if not home.as_of or row["received_at"] <= home.as_of]


def standing(home: Home, quarter: str) -> dict[str, Any]:
    """Forces by how their return stands: `received`, `nil`, `missing` (nothing has come); and `refused`, whose latest
    delivery was.

    A force whose latest delivery was refused may still be `received`: its last accepted submission stands. Of the
    missing, `missing_declared` is what each wrote (name and date). `deliveries` and `refused_deliveries` are
    every submission's force; `reasons` a sentence for each problem of the forces refused, `remarks` for each thing
    remarked on in what stands.
    """
    rows = received(home, quarter)
    latest = {row["force"]: row for row in rows}
    answers = {row["force"]: row for row in rows if row["status"] in STANDS}
    stands = {force: row["status"] for force, row in answers.items()}
    due = expected(quarter)
    refused = sorted(force for force, row in latest.items() if row["status"] == "refused")
    declared = {row["force"]: row["said"] for row in rows if row["status"] == "missing"}
    return {
        "received": [force for force in due if stands.get(force) == "accepted"],
        "nil": [force for force in due if stands.get(force) == "nil"],
        "refused": refused,
        "deliveries": [row["force"] for row in rows],
        "refused_deliveries": [row["force"] for row in rows if row["status"] == "refused"],
        "missing": [force for force in due if force not in stands and force not in refused],
        "missing_declared": {
            force: declared[force]
            for force in due
            if force in declared and force not in stands and force not in refused
        },
        "reasons": [f"{force}: {reason}" for force in refused for reason in latest[force]["reasons"]],
        "remarks": [f"{force}: {reason}" for force, row in answers.items() for reason in row["reasons"]],
    }


def grid(
    home: Home, wanted: list[str], held: Set[tuple[str, str, int]] = frozenset()
) -> dict[str, dict[str, dict[str, Any] | None]]:
    """Force x quarter: how each return stands. None where none is due for the quarter.

    `status` is accepted, accepted_with_rejections, nil, refused, missing or missing_declared; `submission` the one
    that stands, else the last (None: nothing came); `refused_since` whether a later delivery was refused. `held`: the
    submissions (force, quarter, number) that records are held out of, which only the warehouse has.
    """
    cells: dict[tuple[str, str], dict[str, Any]] = {}
    for row in received(home):
        place, status = (row["force"], row["quarter"]), row["status"]
        before = cells.get(place)
        if status in STANDS or not before or before["status"] not in STANDS:
            cells[place] = {"status": status, "submission": row["submission"], "refused_since": False}
        elif status == "refused":
            before["refused_since"] = True
    for (force, quarter), cell in cells.items():
        if cell["status"] == "accepted" and (force, quarter, cell["submission"]) in held:
            cell["status"] = "accepted_with_rejections"
        elif cell["status"] == "missing":
            cell["status"] = "missing_declared"
    nothing = {"status": "missing", "submission": None, "refused_since": False}
    return {
        force: {
            quarter: cells.get((force, quarter), dict(nothing)) if first <= quarter <= last else None
            for quarter in wanted
        }
        for force, (first, last) in owing().items()
    }


def nobodys(home: Home, quarter: str) -> list[str]:
    """What landed for a quarter by the name of no force and no joint return: it has no receipt."""
    return [path.name for path in landing.inside(home.landing / quarter) if landing.nobodys(path)]


def quarters_known(home: Home) -> list[str]:
    """Every quarter that has a receipt, in order."""
    with ledger_of(home) as engine, engine.connect() as connection:
        known = select(submissions.c.quarter).distinct().order_by(submissions.c.quarter)
        if home.as_of:
            known = known.where(submissions.c.received_at <= home.as_of)
        return list(connection.scalars(known))
