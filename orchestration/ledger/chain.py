"""Readings are appended in one chain: each carries the hash of the one before, so that none can be changed, taken
out or put between without every later hash being wrong."""

import hashlib
import json
from collections.abc import Iterable, Mapping
from typing import Any

from sqlalchemy import Connection, Engine, select

from orchestration.ledger.tables import readings
from orchestration.ledger.transactions import insert_many, now, writing

# the number is the database's, the hash is over the rest
_NOT_HASHED = ("reading_id", "hash")
_COLUMNS = readings.columns.keys()
_REMEDY = "restore the ledger from a copy"
_canonical = json.JSONEncoder(sort_keys=True, ensure_ascii=False, separators=(",", ":")).encode


def hash_of(row: Mapping[str, Any]) -> str:
    """SHA-256 over the reading and the hash before it, as canonical JSON; what is blank is left out, so that a column
    more changes no hash."""
    hashed = {name: value for name, value in row.items() if name not in _NOT_HASHED and value is not None}
    return hashlib.sha256(_canonical(hashed).encode()).hexdigest()


def append(connection: Connection, rows: Iterable[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Add readings at the end of the chain, in a transaction of `ledger.writing`; the rows as written."""
    last = connection.execute(
        select(readings.c.reading_id, readings.c.hash).order_by(readings.c.reading_id.desc()).limit(1)
    ).one_or_none()
    number, previous = (last.reading_id, last.hash) if last else (0, "")
    written = []
    for row in rows:
        number += 1
        row = {name: row.get(name) for name in _COLUMNS}
        row |= {"reading_id": number, "round": row["round"] or 1, "previous_hash": previous}
        row["hash"] = previous = hash_of(row)
        written.append(row)
    insert_many(connection, readings, written)
    return written


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


def verify(engine: Engine, upto: int | None = None) -> list[str]:
    """A sentence for each break of the chain, as far as reading `upto`; empty when it is intact."""
    broken = []
    previous = ""
    statement = readings.select().order_by(readings.c.reading_id)
    if upto is not None:
        statement = statement.where(readings.c.reading_id <= upto)
    with engine.connect() as connection:
        for row in connection.execute(statement).mappings():
            where = f"reading {row['reading_id']}, of a crime of {row['force']},"
            if row["previous_hash"] != previous:
                broken.append(
                    f"{where} does not follow the one before it: one was taken out or put between; {_REMEDY}"
                )
            if row["hash"] != hash_of(row):
                broken.append(f"{where} is not as it was written; {_REMEDY}")
            previous = row["hash"]
    return broken


def ends_otherwise(engine: Engine, ends: Mapping[str, Mapping[str, Any]]) -> list[str]:
    """A sentence for each release whose last reading, by number and hash in `ends`, the ledger no longer has.

    Readings cut off the end of the ledger break no link, and a chain written anew has no broken link.
    """
    wanted = {release: last for release, last in ends.items() if last.get("hash")}
    if not wanted:
        return []
    numbers = {last["reading_id"] for last in wanted.values()}
    with engine.connect() as connection:
        statement = select(readings.c.reading_id, readings.c.hash).where(readings.c.reading_id.in_(numbers))
        held = {row.reading_id: row.hash for row in connection.execute(statement)}
    return [
        f"reading {last['reading_id']}, the last that {release} was made from, is not in the ledger as it was: "
        f"readings were changed or taken out since; cpai read verify names where it can, then {_REMEDY}"
        for release, last in wanted.items()
        if held.get(last["reading_id"]) != last["hash"]
    ]
