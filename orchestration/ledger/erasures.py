"""Erasures in the ledger: what was erased by law, who decided it, and what is left; never content.

Each is a row of a chain, written before anything goes, and an end once all has gone. What is lawfully not as it was (a
file of the archive or of a release, a reading) is a row of another chain, with its hash before and after: so whoever
finds it gone or changed can say that it was erased and not lost. A reference is kept as a keyed hash (`mark`), which
recognises the record where it comes again and gives nobody's name.

The register (`erasures.jsonl`, or the file that CPAI_ERASURES names) has the same rows outside the ledger: a home restored
from a backup of before an erasure has neither the erasure nor a trace of it, and the register shows that.
"""

import hashlib
import hmac
import json
import os
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, Engine, Table, select

from orchestration import keys
from orchestration.home import Home
from orchestration.ledger import chain, evidence
from orchestration.ledger.opening import ledger_of
from orchestration.ledger.tables import erased, erasure_ends, erasures
from orchestration.ledger.transactions import now
from orchestration.stopping import Stopped
from orchestration.turns import write_whole

REGISTER = "erasures.jsonl"
# places of `erased`
ARCHIVE, READING, SUBMISSION = "archive", chain.READING, "submission"
# what the register has of an erasure: all but its place in this ledger's chain
OF_THE_REGISTER = [
    column.name for column in erasures.columns if column.name not in ("erasure", "previous_hash", "hash")
]

Row = dict[str, Any]


class ErasureDue(Stopped, RuntimeError):
    """An erasure that was begun is not done here: cut off, or of after the backup that this home was restored from."""


class Marks:
    """Keyed hashes of references: the same for the same crime or person, and of no use without the home's key."""

    def __init__(self, home: Home) -> None:
        # what is erased is known again for ever, whatever key came after
        self._key = keys.first(home).of("marks of what was erased")
        self._known: dict[tuple[str, ...], str] = {}

    def of(self, *words: str | None) -> str:
        """The mark of words such as ("crime", "kent", "46/1/23"); space around them and capitals are no difference."""
        plain = tuple((word or "").strip().casefold() for word in words)
        if plain not in self._known:
            text = json.dumps(plain, ensure_ascii=False).encode()
            self._known[plain] = hmac.new(self._key, text, hashlib.sha256).hexdigest()
        return self._known[plain]


def as_text(value: Any) -> str:
    """As it is kept in a column: JSON, the same for the same."""
    return json.dumps(value, sort_keys=True, ensure_ascii=False)


def begin(home: Home, connection: Connection, row: Mapping[str, Any]) -> Row:
    """Write an erasure down, in the ledger and in the register, before anything goes."""
    (written,) = chain.append(connection, [row], erasures)
    _register(home, [written])
    return written


def end(connection: Connection, number: int, counts: Mapping[str, int]) -> None:
    row = {"erasure": number, "at": now(), "counts": json.dumps(dict(counts), sort_keys=True)}
    evidence.insert_rows(connection, erasure_ends, [row])


def note_erased(connection: Connection, number: int, rows: Iterable[Mapping[str, Any]]) -> None:
    """Write down what is lawfully not as it was; a row that is there already in the same words is not written again."""
    known = {
        (row.place, row.name): (row.was, row.is_now)
        for row in connection.execute(select(erased).order_by(erased.c.erased))
    }
    new = [
        {"erasure": number, **row}
        for row in rows
        if known.get((row["place"], row["name"]), ("", "")) != (row["was"], row["is_now"])
    ]
    chain.append(connection, new, erased)


def read(engine: Engine) -> list[Row]:
    """Every erasure in its order, with `plan` as a dictionary, when it ended (None: cut off) and its `counts`."""
    with engine.connect() as connection:
        ends = {
            row.erasure: row for row in connection.execute(select(erasure_ends).order_by(erasure_ends.c.end))
        }
        return [
            {
                **row._mapping,
                "plan": json.loads(row.plan),
                "ended_at": ends[row.erasure].at if row.erasure in ends else None,
                "counts": json.loads(ends[row.erasure].counts) if row.erasure in ends else {},
            }
            for row in connection.execute(select(erasures).order_by(erasures.c.erasure))
        ]


def gone(engine: Engine, place: str) -> dict[str, Row]:
    """What was erased in a place by its name: its hash before and now, how many, and the erasure's day and authority."""
    statement = (
        select(erased, erasures.c.at, erasures.c.authority)
        .join(erasures)
        .where(erased.c.place == place)
        .order_by(erased.c.erased)
    )
    with engine.connect() as connection:
        return {row.name: dict(row._mapping) for row in connection.execute(statement)}


def verify(engine: Engine) -> list[str]:
    """A sentence for each break of the chains of erasures."""
    return chain.verify(engine, table=erasures) + chain.verify(engine, table=erased)


# the register ---------------------------------------------------------------------------------------------------


def register_of(home: Home) -> Path:
    return Path(os.environ.get("CPAI_ERASURES") or home.root / REGISTER)


def read_register(file: Path) -> list[Row]:
    """The erasures of a register. Raises ErasureDue where it cannot be read."""
    try:
        return [json.loads(line) for line in file.read_text(encoding="utf-8").splitlines() if line.strip()]
    except (OSError, ValueError):
        raise ErasureDue(
            f"{file} is no register of erasures that can be read: restore it from a copy"
        ) from None


def _register(home: Home, rows: Iterable[Mapping[str, Any]]) -> None:
    file = register_of(home)
    before = read_register(file) if file.exists() else []
    known = {row["identity"] for row in before}
    new = [{name: row[name] for name in OF_THE_REGISTER} for row in rows if row["identity"] not in known]
    if new:
        lines = [json.dumps(row, ensure_ascii=False, sort_keys=True) for row in [*before, *new]]
        write_whole(file, "\n".join(lines) + "\n")


def adopt(home: Home, engine: Engine, file: Path) -> int:
    """Write the erasures of a register that this ledger lacks into it; how many they were."""
    there = {row["identity"] for row in read(engine)}
    new = [row for row in read_register(file) if row["identity"] not in there]
    with engine.begin() as connection:
        chain.append(connection, new, erasures)
    _register(home, new)
    return len(new)


def due(home: Home) -> list[str]:
    """A sentence for each erasure that is not done here."""
    file = register_of(home)
    with ledger_of(home) as engine:
        there = read(engine)
    sentences = [
        f"erasure {row['erasure']} was begun on {row['at'][:10]} and is not done: finish it by `cpai erase again`"
        for row in there
        if not row["ended_at"]
    ]
    known = {row["identity"] for row in there}
    lacking = [row for row in read_register(file) if row["identity"] not in known] if file.exists() else []
    if lacking:
        sentences.append(
            f"{len(lacking)} erasure{'s' if len(lacking) > 1 else ''} of {file} (the first of {lacking[0]['at'][:10]}) "
            f"are not in this ledger: {home.root} was restored from a backup of before; erase again by `cpai erase again`"
        )
    return sentences


# append-only tables -----------------------------------------------------------------------------------------------


@contextmanager
def writable(connection: Connection, *tables: Table) -> Iterator[None]:
    """Append-only tables may be changed within, by this transaction alone: what was erased is nowhere else."""
    sqlite = connection.dialect.name == "sqlite"
    taken: list[str] = []
    for table in tables:
        if not sqlite:
            connection.exec_driver_sql(f"alter table {table.name} disable trigger {table.name}_append_only")
            continue
        triggers = connection.exec_driver_sql(
            "select name, sql from sqlite_master where type = 'trigger' and tbl_name = ?", (table.name,)
        ).all()
        for name, sql in triggers:
            connection.exec_driver_sql(f"drop trigger {name}")
            taken.append(sql)
    yield
    for sql in taken:
        connection.exec_driver_sql(sql)
    for table in () if sqlite else tables:
        connection.exec_driver_sql(f"alter table {table.name} enable trigger {table.name}_append_only")


def leave_nothing(engine: Engine) -> None:
    """Free pages, the write-ahead log and dead rows hold what was changed: write the database's files anew."""
    with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        if connection.dialect.name == "sqlite":
            connection.exec_driver_sql("vacuum")
            connection.exec_driver_sql("pragma wal_checkpoint(truncate)")
        else:
            connection.exec_driver_sql("vacuum full")
