"""Readings are appended in one chain: each carries the hash of the one before, so that none can be changed, taken
out or put between without every later hash being wrong."""

import hashlib
import json
from collections.abc import Iterable, Mapping
from typing import Any

from sqlalchemy import Connection, Engine, select

from orchestration.ledger import insert_many, readings

# the number is the database's, the hash is over the rest
_NOT_HASHED = ("reading_id", "hash")
_COLUMNS = readings.columns.keys()
_canonical = json.JSONEncoder(sort_keys=True, ensure_ascii=False, separators=(",", ":")).encode


def hash_of(row: Mapping[str, Any]) -> str:
    """SHA-256 over the reading and the hash before it, as canonical JSON; what is blank is left out, so that a column
    more changes no hash."""
    said = {name: value for name, value in row.items() if name not in _NOT_HASHED and value is not None}
    return hashlib.sha256(_canonical(said).encode()).hexdigest()


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


def verify(engine: Engine) -> list[str]:
    """A sentence for each break of the chain; empty when it is intact."""
    broken = []
    previous = ""
    with engine.connect() as connection:
        for row in connection.execute(readings.select().order_by(readings.c.reading_id)).mappings():
            if row["previous_hash"] != previous:
                broken.append(
                    f"reading {row['reading_id']} does not follow the one before it: one was taken out or put between"
                )
            if row["hash"] != hash_of(row):
                broken.append(f"reading {row['reading_id']} is not as it was written")
            previous = row["hash"]
    return broken
