"""What the ledger has of an erased crime or person: readings, explanations, items of the worklist.

A reading stays as a row of the chain, with its hash and without what it said: whose crime, which answers, why. What is
left of it has a hash of its own in the ledger's other chain (`erased`), so that the chain of readings verifies over it.
"""

from collections.abc import Callable, Iterable
from typing import Any

from sqlalchemy import Connection, Table, func, select

from orchestration.ledger import erasures, evidence
from orchestration.ledger.chain import hash_of
from orchestration.ledger.erasures import READING, writable
from orchestration.ledger.tables import explanations, items, readings, worklist

# of a reading of an erased crime these stay: its place in the chain, whose force, which role it had and when it came
STAY = ("reading_id", "force", "role", "imported_at", "round", "corrects", "previous_hash", "hash")
ERASED = "erased"

IsOf = Callable[[str, str], bool]  # (force, crime reference) -> whether it is of the crime


def references(connection: Connection, force: str, is_of: IsOf) -> set[str]:
    """The crime's reference as the ledger has it."""
    found: set[str] = set()
    for table in (readings, explanations, items, worklist):
        rows = connection.scalars(select(table.c.crime_reference).where(table.c.force == force).distinct())
        found |= {one for one in rows if one and is_of(force, one)}
    return found


def count(connection: Connection, force: str, of: set[str], whole: bool) -> dict[str, int]:
    """How many readings, explanations and items are of the crimes; of a person, whose crime stays, those with text."""

    def many(table: Table, *more: Any) -> int:
        wanted = select(func.count()).select_from(table).where(_of(table, force, of), *more)
        return connection.execute(wanted).scalar_one()

    if whole:
        found = {"readings": many(readings), "items of the worklist": many(items)}
    else:
        found = {
            "reasons of readings": many(readings, readings.c.reason.is_not(None), readings.c.reason != "")
        }
    return found | {"explanations": many(explanations, explanations.c.explanation != ERASED)}


def _of(table: Table, force: str, of: Iterable[str]) -> Any:
    return (table.c.force == force) & table.c.crime_reference.in_(sorted(of))


def take_out(connection: Connection, number: int, force: str, of: set[str], whole: bool) -> None:
    """Blank what the ledger has of the crimes (`whole`), else the free text about them; in a transaction of
    `ledger.writing`."""
    if not of:
        return
    left = []
    with writable(connection, readings, explanations, items):
        for row in connection.execute(readings.select().where(_of(readings, force, of))).mappings():
            now = _left_of(dict(row)) if whole else {**row, "reason": None}
            if now != dict(row):
                key = readings.c.reading_id == row["reading_id"]
                connection.execute(readings.update().where(key).values(now))
                left.append(
                    {
                        "place": READING,
                        "name": str(row["reading_id"]),
                        "was": row["hash"],
                        "is_now": hash_of(now),
                        "many": 1,
                    }
                )
        gone = {"explanation": ERASED} | ({"crime_reference": None} if whole else {})
        connection.execute(explanations.update().where(_of(explanations, force, of)).values(gone))
        evidence.renew(connection, explanations, force)
        if whole:
            for item in connection.scalars(select(items.c.item).where(_of(items, force, of))).all():
                name = {"crime_reference": f"{ERASED}-{item}", "version": ERASED}
                connection.execute(items.update().where(items.c.item == item).values(name))
                held = dict.fromkeys(("slot", "details", "held_by", "held_at", "held_until"))
                connection.execute(
                    worklist.update()
                    .where(worklist.c.item == item)
                    .values(name | held | {"state": "retired"})
                )
    erasures.note_erased(connection, number, left)


def _left_of(row: dict[str, Any]) -> dict[str, Any]:
    """Of an answered gold item too: a reader's answer is about the crime."""
    name = {"crime_reference": f"{ERASED}-{row['reading_id']}", "version": ERASED}
    return {column: value if column in STAY else None for column, value in row.items()} | name
