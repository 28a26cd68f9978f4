"""Rows appended in one chain: each carries the hash of the one before, so that none can be changed, taken out or put
between without every later hash being wrong. Readings are one chain, the log is another, and the chain of evidence has both
their ends and every other row that matters (`evidence.py`).

A table of a chain has a number as its primary key, `previous_hash`, which is unique, and `hash`.
"""

import hashlib
import json
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from sqlalchemy import Column, Connection, Engine, Table, select

from orchestration.ledger.tables import erased, erasures, evidence, log_entries, readings
from orchestration.ledger.transactions import insert_many, now, writing

READING = "reading"  # the place of readings in `erased`
CHAINS = {"readings": readings, "log": log_entries, "evidence": evidence}
_REMEDY = "restore the ledger from a copy"
_NAMED: dict[str, Callable[[Mapping[str, Any]], str]] = {
    readings.name: lambda row: f"reading {row['reading_id']}, of a crime of {row['force']},",
    log_entries.name: lambda row: f"entry {row['entry']} of the log, of {row['at']},",
    erasures.name: lambda row: f"erasure {row['erasure']}, of {row['at']},",
    erased.name: lambda row: f"entry {row['erased']} of what was erased, of erasure {row['erasure']},",
    evidence.name: lambda row: (
        f"entry {row['number']} of the chain of evidence, about {row['place']} {row['name']},"
    ),
}
_ENDS = {
    readings.name: "reading {number}, the last that {of} was made from, is not in the ledger as it was: readings were "
    f"changed or taken out since; cpai read verify names where it can, then {_REMEDY}",
    log_entries.name: "entry {number} of the log, the last when {of} was made, is not in the ledger as it was: entries were "
    f"changed or taken out since; cpai log verify names where it can, then {_REMEDY}",
    evidence.name: "entry {number} of the chain of evidence, the last when {of} was made, is not in the ledger as it was: rows "
    f"were changed or taken out since; cpai verify --home names where it can, then {_REMEDY}",
}
_canonical = json.JSONEncoder(sort_keys=True, ensure_ascii=False, separators=(",", ":")).encode


def hash_of(row: Mapping[str, Any], table: Table = readings) -> str:
    """SHA-256 over the row and the hash before it, as canonical JSON; what is blank is left out, so that a column
    more changes no hash."""
    # the number is the database's, the hash is over the rest
    not_hashed = (_number(table).name, "hash")
    hashed = {name: value for name, value in row.items() if name not in not_hashed and value is not None}
    return hashlib.sha256(_canonical(hashed).encode()).hexdigest()


def append(
    connection: Connection, rows: Iterable[Mapping[str, Any]], table: Table = readings
) -> list[dict[str, Any]]:
    """Add rows at the end of the chain, in a transaction that is the only one writing it; the rows as written."""
    end = head(connection, table)
    number, previous = end[_number(table).name], end["hash"] or ""
    written = []
    for row in rows:
        number += 1
        row = {name: row.get(name) for name in (column.name for column in table.columns)}
        row |= {_number(table).name: number, "previous_hash": previous}
        row["hash"] = previous = hash_of(row, table)
        written.append(row)
    insert_many(connection, table, written)
    return written


def head(connection: Connection, table: Table) -> dict[str, Any]:
    """Number and hash of the last row, as releases, packs and home.json keep them: 0 and None of an empty chain."""
    last = select(_number(table), table.c.hash).order_by(_number(table).desc()).limit(1)
    row = connection.execute(last).one_or_none()
    return dict(row._mapping) if row else {_number(table).name: 0, "hash": None}


def ends(engine: Engine) -> dict[str, dict[str, Any]]:
    """Where the chains end now, as whoever holds it can later ask whether they still go through there."""
    with engine.connect() as connection:
        return {name: head(connection, table) for name, table in CHAINS.items()}


def number_of(end: Mapping[str, Any], table: Table) -> int:
    return end[_number(table).name]


def goes_through(connection: Connection, end: Mapping[str, Any], table: Table) -> bool:
    """Whether a chain holds what was its end, as it was."""
    if not end.get("hash"):
        return True
    number = _number(table)
    return connection.scalar(select(table.c.hash).where(number == end[number.name])) == end["hash"]


def _number(table: Table) -> Column:
    (column,) = table.primary_key.columns
    return column


def add_readings(engine: Engine, rows: Iterable[Mapping[str, Any]]) -> int:
    """Append readings in one transaction; where a (force, crime, version, role, round) is there already, it stands.

    Returns how many were new. `imported_at` is filled in where a row has none.
    """
    moment = now()
    with writing(engine) as connection:
        slot = [readings.c[name] for name in ("force", "crime_reference", "version", "role", "round")]
        known = {tuple(row) for row in connection.execute(select(*slot))}
        fresh = {}
        for row in rows:
            row = {**row, "imported_at": row.get("imported_at") or moment, "round": row.get("round") or 1}
            key = tuple(row[column.name] for column in slot)
            if key not in known:
                fresh.setdefault(key, row)
        return len(append(connection, fresh.values()))


def read_readings(engine: Engine, force: str | None = None) -> list[dict[str, Any]]:
    """Every reading (of one force) in the order it was imported."""
    statement = select(readings).order_by(readings.c.reading_id)
    if force:
        statement = statement.where(readings.c.force == force)
    with engine.connect() as connection:
        return [dict(row._mapping) for row in connection.execute(statement)]


def verify(engine: Engine, upto: int | None = None, table: Table = readings) -> list[str]:
    """A sentence for each break of the chain, as far as row `upto`; empty when it is intact."""
    broken = []
    previous = ""
    statement = table.select().order_by(_number(table))
    if upto is not None:
        statement = statement.where(_number(table) <= upto)
    with engine.connect() as connection:
        left = lawfully_left(connection, READING) if table is readings else {}
        for row in connection.execute(statement).mappings():
            where = _NAMED[table.name](row)
            if row["previous_hash"] != previous:
                broken.append(
                    f"{where} does not follow the one before it: one was taken out or put between; {_REMEDY}"
                )
            if row["hash"] != hash_of(row, table) and not (
                table is readings and left.get(str(row["reading_id"])) == (row["hash"], hash_of(row))
            ):
                broken.append(f"{where} is not as it was written; {_REMEDY}")
            previous = row["hash"]
    return broken


def lawfully_left(connection: Connection, place: str) -> dict[str, tuple[str | None, str | None]]:
    """Name -> hash before and after, of what was erased by law in a place (`erased`). Of a reading the hash before is
    that of its first writing: the chain goes on over it, and what is left of the reading has a hash in the other chain."""
    rows = connection.execute(select(erased).where(erased.c.place == place).order_by(erased.c.erased))
    return {row.name: (row.was, row.is_now) for row in rows}


def ends_otherwise(
    engine: Engine, ends: Mapping[str, Mapping[str, Any]], table: Table = readings
) -> list[str]:
    """A sentence for each name (of a release, a pack) whose last row, by number and hash in `ends`, the ledger no
    longer has.

    Rows cut off the end break no link, and a chain written anew has no broken link.
    """
    sentence, number = _ENDS[table.name], _number(table).name
    with engine.connect() as connection:
        return [
            sentence.format(number=end[number], of=name)
            for name, end in ends.items()
            if not goes_through(connection, end, table)
        ]
