"""One chain over everything that a published number rests on: each row of the tables below, each file of FILES, and where the
other chains ended. Its last hash, printed in each release and pack, stands for all of them.

A row is written together with its hash, so that one that was changed, taken out or put in beside these functions is
named. What changes lawfully (a report written again, a receipt that an erasure touched) gets a further entry: the newest of a
place and name counts.
"""

import hashlib
import json
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, Engine, Table, and_, func, insert, select

from orchestration.home import Home, file_hash
from orchestration.ledger import chain, tables
from orchestration.ledger.entries import alone
from orchestration.ledger.transactions import now

ROWS = {
    table.name: table
    for table in (
        *(tables.submissions, tables.submission_files, tables.submission_folders, tables.explanations),
        *(tables.raw_files, tables.recorded_crime_releases, tables.releases, tables.users),
        *(tables.second_factors, tables.signers, tables.waiver_signatures, tables.erasure_ends),
    )
}
# chains that have their own hashes: the ends of these are entries of this one
TIED = {table.name: table for table in (tables.readings, tables.log_entries, tables.erasures, tables.erased)}
FILE, CHAIN = "file", "chain"  # places that are no table
# what of a home no table has the hashes of; the pages of releases/ beside the releases, too
FILES = (
    *("history", "reports", "packs", "reading/cases"),
    # copies of the ledger that dbt reads: their rows are compared with it, too
    *(f"raw/{name}.parquet" for name in ("submissions", "readings", "reading_slots")),
)
KEYS = "keys.dsse.json"  # in releases/: the signed list of keys
BESIDE_A_RELEASE = ("index.html", KEYS)
# in a release, beside its files
ATTESTATION, ASSURANCE = SIGNATURES = ("attestation.dsse.json", "assurance.dsse.json")
TIMESTAMP = "timestamp.tsr"
ADDED = (*SIGNATURES, TIMESTAMP)  # to a release that is published
# which release is live changes with the next one
_CHANGES = {("releases", "live")}
_REMEDY = "restore the ledger from a copy"
SHOWN = 20  # of the sentences about one table


def insert_rows(connection: Connection, table: Table, rows: Iterable[Mapping[str, Any]]) -> list[dict]:
    """Insert rows with their hashes, in a transaction; the rows as written."""
    alone(connection)
    written = [
        dict(row)
        for row in connection.execute(insert(table).returning(*table.columns), list(rows)).mappings()
    ]
    _append(connection, table.name, {row_name(table, row): row_hash(table, row) for row in written})
    return written


def renew(connection: Connection, table: Table, under: str = "") -> None:
    """Take rows (those under `kent`, or `kent/2023-Q1/1`) as they are now: an erasure changed or removed them."""
    alone(connection)
    _append(
        connection, table.name, _differing(connection, table.name, _rows(connection, table, under), under)
    )


def note_files(connection: Connection, home: Home, *paths: Path) -> None:
    """Take files of the home, and all files of folders, as they are now; those that are gone from them are lawfully gone."""
    alone(connection)
    for path in paths:
        under = path.relative_to(home.root).as_posix()
        there = {file.relative_to(home.root).as_posix(): file_hash(file) for file in _below(path)}
        _append(connection, FILE, _differing(connection, FILE, there, under))


def forget_files(connection: Connection, home: Home, *paths: Path) -> None:
    """Files, and all files of folders, are about to go lawfully. Before they do: who is cut off goes on with it."""
    alone(connection)
    for path in paths:
        under = path.relative_to(home.root).as_posix()
        _append(connection, FILE, _differing(connection, FILE, {}, under))


def tie(connection: Connection) -> None:
    """Write down where the other chains end now: whoever holds the end of this chain then holds theirs, too."""
    alone(connection)
    ends = {}
    for name, table in TIED.items():
        end = chain.head(connection, table)
        if end["hash"]:
            ends[f"{name} {chain.number_of(end, table)}"] = end["hash"]
    known = _newest(connection, CHAIN)
    _append(connection, CHAIN, {name: sha256 for name, sha256 in ends.items() if name not in known})


def take(connection: Connection, home: Home) -> None:
    """Begin the chain of a ledger that was kept before there was one, with what is there."""
    alone(connection)
    if chain.head(connection, tables.evidence)["hash"]:
        return
    for table in ROWS.values():
        renew(connection, table)
    note_files(connection, home, *(path for path in _parts(home) if path.exists()))


def ends(engine: Engine) -> dict[str, dict[str, Any]]:
    """Where all chains end, tied together, as releases, packs and lists of keys keep it."""
    with engine.begin() as connection:
        tie(connection)
    return chain.ends(engine)


def order(connection: Connection, table: Table) -> list[str]:
    """The rows of a table, by name, in the order in which they were written."""
    entries = tables.evidence.c
    first = select(entries.name).where(entries.place == table.name).group_by(entries.name)
    return list(connection.scalars(first.order_by(func.min(entries.number))))


def row_hash(table: Table, row: Mapping[str, Any]) -> str:
    """SHA-256 over a row as canonical JSON, without what is blank and what changes."""
    hashed = {
        name: value for name, value in row.items() if value is not None and (table.name, name) not in _CHANGES
    }
    text = json.dumps(hashed, sort_keys=True, ensure_ascii=False, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()


def problems(engine: Engine, home: Home | None = None) -> list[str]:
    """A sentence for each row that is not as it was written, is gone, or came past the warehouse; each break of the chains
    and of their ties; and with a home each file of FILES."""
    found = [
        sentence
        for table in (tables.evidence, *TIED.values())
        for sentence in chain.verify(engine, table=table)
    ]
    with engine.connect() as connection:
        found += _ties_broken(connection)
        for table in ROWS.values():
            found += _capped(_rows_differing(connection, table))
        if home:
            found += _files_differing(connection, home)
    return found


def _append(connection: Connection, place: str, named: Mapping[str, str | None]) -> None:
    moment = now()
    rows = [{"at": moment, "place": place, "name": name, "sha256": sha256} for name, sha256 in named.items()]
    if rows:
        chain.append(connection, rows, tables.evidence)


def _newest(connection: Connection, place: str, under: str = "") -> dict[str, str | None]:
    """By name the hash that counts, of the names that are `under` or below it."""
    entries = tables.evidence.c
    last = (
        select(func.max(entries.number))
        .where(entries.place == place, entries.name.startswith(under, autoescape=True))
        .group_by(entries.name)
    )
    rows = connection.execute(select(entries.name, entries.sha256).where(entries.number.in_(last)))
    return {row.name: row.sha256 for row in rows if _is_under(row.name, under)}


def _is_under(name: str, under: str) -> bool:
    """`kent/2023-Q1/10` is not under `kent/2023-Q1/1`, though it begins so."""
    return not under or f"{name}/".startswith(f"{under}/")


def _differing(
    connection: Connection, place: str, wanted: Mapping[str, str], under: str
) -> dict[str, str | None]:
    """What has to be written so that `wanted` counts, and nothing else under it."""
    newest = _newest(connection, place, under)
    names = {**dict.fromkeys(newest), **dict.fromkeys(wanted)}
    return {name: wanted.get(name) for name in names if newest.get(name) != wanted.get(name)}


def _rows(connection: Connection, table: Table, under: str = "") -> dict[str, str]:
    # the first part of a key is text in every table that an erasure touches
    first = next(iter(table.primary_key.columns))
    where = and_(True, first == under.split("/")[0]) if under else and_(True)
    rows = connection.execute(select(table).where(where)).mappings()
    named = {row_name(table, row): row_hash(table, row) for row in rows}
    return {name: sha256 for name, sha256 in named.items() if _is_under(name, under)}


def row_name(table: Table, row: Mapping[str, Any]) -> str:
    """The key of a row. Not the name of a file, which may name a person and can be erased: its hash."""
    parts = [(column.name, str(row[column.name])) for column in table.primary_key.columns]
    return "/".join(
        hashlib.sha256(value.encode()).hexdigest()[:16] if name == "file" else value for name, value in parts
    )


def _rows_differing(connection: Connection, table: Table) -> Iterator[str]:
    known, there = _newest(connection, table.name), _rows(connection, table)
    for name in sorted({name for name, sha256 in known.items() if sha256} | there.keys()):
        row = f"{table.name} {name} of the ledger"
        if name not in there:
            yield f"{row} was taken out; {_REMEDY}"
        elif not known.get(name):
            yield f"{row} was put in by no command of the warehouse; {_REMEDY}"
        elif there[name] != known[name]:
            yield f"{row} is not as it was written; {_REMEDY}"


def _ties_broken(connection: Connection) -> Iterator[str]:
    for name, sha256 in _newest(connection, CHAIN).items():
        of, _, number = name.partition(" ")
        if of not in TIED or not number.isdigit():
            continue  # an entry that was changed: the chain itself is broken
        table = TIED[of]
        (key,) = table.primary_key.columns
        if not chain.goes_through(connection, {key.name: int(number), "hash": sha256}, table):
            yield f"row {number} of {of} is not the one that the chain of evidence knows; {_REMEDY}"


def _parts(home: Home) -> Iterator[Path]:
    """The files and folders of a home whose hashes are in this chain alone."""
    yield from (home.root / part for part in FILES)
    yield from (home.releases / name for name in BESIDE_A_RELEASE)
    for folder in sorted(home.releases.glob("[0-9]*.r*")):
        yield from (folder / name for name in ADDED)


def _below(path: Path) -> Iterator[Path]:
    """The files of a folder, or the file itself: not what is written aside, and of readers' cases not those arriving."""
    if path.is_symlink() or path.is_file():
        yield path
    elif path.is_dir():
        for one in sorted(path.iterdir()):
            if not one.name.startswith((".building-", ".replaced-")) and one.suffix != ".new":
                yield from _below(one)


def _files_differing(connection: Connection, home: Home) -> Iterator[str]:
    known = _newest(connection, FILE)
    there = {file.relative_to(home.root).as_posix(): file for part in _parts(home) for file in _below(part)}
    for name in sorted({name for name, sha256 in known.items() if sha256} | there.keys()):
        again = "restore it from a backup"
        if name.startswith(("reports/", "packs/")):
            again += ", or have its command write it again"
        elif name.startswith("raw/"):
            again = "have cpai run write it again"
        if name not in there:
            yield f"{name} is missing; {again}"
        elif there[name].is_symlink() or not known.get(name):
            yield f"{name} was written by no command of the warehouse; remove it, or {again}"
        elif file_hash(there[name]) != known[name]:
            yield f"{name} is not as it was written; {again}"


def _capped(sentences: Iterable[str]) -> list[str]:
    found = list(sentences)
    more = len(found) - SHOWN
    return found[:SHOWN] + ([f"and {more:,} rows more like these"] if more > 0 else [])
