"""Releases: rows about records go, figures stay.

A release is immutable, and the law is above that. Its files with rows of an erased record are written anew without them;
`manifest.json` stays as it was published, and has the hashes that the files then had. `erased.json` beside it says what
was erased since, and the ledger has each file's hash before and now, so that `cpai verify` knows it from tampering.
What counts stays as it was counted: figures, reports, evidence by force and quarter, the public tier.
"""

# ruff: noqa: S608 - names in the SQL are those of a release's own tables

import json
import os
import shutil
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
from sqlalchemy import Engine

from orchestration.erasure.elsewhere import Words
from orchestration.erasure.target import Target
from orchestration.home import Home
from orchestration.ledger import erasures
from orchestration.ledger.erasures import Marks
from orchestration.ledger.transactions import now, writing
from orchestration.releases import package, verify
from orchestration.returns.erased import PERSONS
from orchestration.statements import Connection, quoted, rows_of

TEXTS = {".html", ".json", ".ndjson", ".csv", ".md", ".txt", ".xml", ".js"}
KEYS = ("force", "crime_reference")
# a person's rows have a number on the crime in a release, and no reference
NUMBERS = {"victim": ("fct_victims", "victim_number"), "suspect": ("fct_suspects", "suspect_number")}
EVERY = "every"


@dataclass
class Rows:
    """The rows of a release that are to go: by table (schema, table) a condition in SQL, its parameters, how many."""

    release: str
    where: dict[tuple[str, str], tuple[str, list[Any]]] = field(default_factory=dict)
    many: dict[tuple[str, str], int] = field(default_factory=dict)
    references: set[str] = field(default_factory=set)

    @property
    def total(self) -> int:
        return sum(self.many.values())


def find(home: Home, release: str, target: Target, marks: Marks, persons: Mapping[str, Any]) -> Rows:
    """What a release has of a target. `persons`: the numbers of the person's rows in each release (`numbers`)."""
    import duckdb

    found = Rows(release)
    mark, crime_mark = target.marks(marks) if target.of_records else (None, None)
    with duckdb.connect(str(home.releases / release / "marts.duckdb"), read_only=True) as connection:
        return _find(connection, found, target, marks, mark, crime_mark, persons)


def _find(
    connection: Connection,
    found: Rows,
    target: Target,
    marks: Marks,
    mark: str | None,
    crime_mark: str | None,
    persons: Mapping[str, Any],
) -> Rows:
    for (schema, table), columns in _tables(connection).items():
        if not set(KEYS) <= columns:
            continue
        name = f'{schema}."{table}"'
        if target.kind == "submission":
            if "quarter" not in columns:
                continue
            where, parameters = "force = ? and quarter = ?", [target.force, target.quarter]
        else:
            every = connection.execute(
                f"select distinct crime_reference from {name} where force = ?", [target.force]
            ).fetchall()
            of = [one for (one,) in every if one and marks.of("crime", target.force, one) == crime_mark]
            found.references |= set(of)
            where, parameters = "force = ? and crime_reference in (select unnest(?))", [target.force, of]
            if target.kind in PERSONS:
                condition = _of_the_person(
                    connection, found.release, name, table, columns, target, marks, mark, of, persons
                )
                if condition is None:
                    continue
                where, parameters = f"{where} and {condition[0]}", [*parameters, *condition[1]]
        ((many,),) = connection.execute(f"select count(*) from {name} where {where}", parameters).fetchall()
        if many:
            found.where[schema, table], found.many[schema, table] = (where, parameters), many
    return found


def _of_the_person(
    connection: Connection,
    release: str,
    name: str,
    table: str,
    columns: set[str],
    target: Target,
    marks: Marks,
    mark: str | None,
    of: list[str],
    persons: Mapping[str, Any],
) -> tuple[str, list[Any]] | None:
    """The condition for a person's rows; None in a table that has none of persons."""
    mart, number = NUMBERS[target.kind]
    if table == mart or "person_number" in columns:
        column, of_unit = (number, "true") if table == mart else ("person_number", f"unit = '{target.kind}'")
        numbers = persons.get(release, EVERY)
        if numbers == EVERY:
            return of_unit, []
        return f"{of_unit} and {column} in (select unnest(?))", [numbers]
    if "person_reference" in columns:
        rows = connection.execute(
            f"select distinct crime_reference, person_reference from {name} "
            "where force = ? and crime_reference in (select unnest(?)) and record_type = ?",
            [target.force, of, target.kind],
        ).fetchall()
        theirs = [
            person for crime, person in rows if marks.of(target.kind, target.force, crime, person) == mark
        ]
        return "record_type = ? and person_reference in (select unnest(?))", [target.kind, theirs]
    return None


def _tables(connection: Connection) -> dict[tuple[str, str], set[str]]:
    found: dict[tuple[str, str], set[str]] = {}
    for schema, table, column in connection.execute(
        "select c.schema_name, c.table_name, c.column_name from duckdb_columns() as c "
        "inner join duckdb_tables() as t using (database_name, schema_name, table_name) where not t.internal"
    ).fetchall():
        found.setdefault((schema, table), set()).add(column)
    return found


def numbers(home: Home, target: Target, marks: Marks, warehouse: Connection | None) -> dict[str, Any]:
    """Of a person: release -> the numbers of their rows there; `every` where these cannot be told from the others'.

    A release does not say which row is whose. The warehouse does, and numbers them alike: where a release has the crime's
    persons from the same submission and as many of them, its numbers are the warehouse's.
    """
    if target.kind not in PERSONS or warehouse is None:
        return {}
    mart, _ = NUMBERS[target.kind]
    cpai, reference = f"cpai.cpai_{PERSONS[target.kind]}", f"{target.kind}_reference"
    mark, crime_mark = target.marks(marks)
    rows = rows_of(
        warehouse,
        f"select quarter, crime_reference, {reference} as person, row_number() over "
        f"(partition by quarter, crime_reference order by {reference}) as number "
        f"from warehouse.{cpai} where force = ?",
        [target.force],
    )
    of_crime = [row for row in rows if marks.of("crime", target.force, row["crime_reference"]) == crime_mark]
    theirs = [
        row["number"]
        for row in of_crime
        # persons kept apart under one reference are numbered behind it: V1#2
        if marks.of(target.kind, target.force, row["crime_reference"], row["person"].partition("#")[0])
        == mark
        or marks.of(target.kind, target.force, row["crime_reference"], row["person"]) == mark
    ]
    current = {
        (row["quarter"], row["submission"])
        for row in rows_of(
            warehouse,
            "select quarter, submission from warehouse.quality.returns where force = ? and status like 'accepted%'",
            [target.force],
        )
    }
    found: dict[str, Any] = {}
    for release in verify.release_names(home):
        head = verify.manifest_of(home, release)
        same = {
            (row["quarter"], row["submission"]) for row in head["submissions"] if row["force"] == target.force
        } <= current
        many = _persons_of(home, release, mart, target, marks, crime_mark)
        if many:
            found[release] = theirs if same and many == len(of_crime) else EVERY
    return found


def _persons_of(
    home: Home, release: str, mart: str, target: Target, marks: Marks, crime_mark: str | None
) -> int:
    import duckdb

    with duckdb.connect(str(home.releases / release / "marts.duckdb"), read_only=True) as connection:
        rows = connection.execute(
            f"select crime_reference, count(*) from {mart} where force = ? group by all", [target.force]
        ).fetchall()
    return sum(many for crime, many in rows if marks.of("crime", target.force, crime) == crime_mark)


def texts(home: Home, release: str, found: Words) -> list[str]:
    """The pages and other texts of a release that have one of the words: a key in a list of failing records."""
    folder = home.releases / release
    return [
        path
        for path in package.files_of(folder)
        if Path(path).suffix in TEXTS
        and path != verify.ERASED
        and found.in_bytes((folder / path).read_bytes())
    ]


def take_out(home: Home, engine: Engine, number: int, rows: Rows, found: Words) -> None:
    """Write the files of a release without the rows: made beside it, noted in the ledger, then put in place."""
    folder = home.releases / rows.release
    beside = home.releases / f".building-erasing-{rows.release}"
    shutil.rmtree(beside, ignore_errors=True)
    beside.mkdir()
    try:
        many = dict.fromkeys(texts(home, rows.release, found), 0) if found else {}
        for path in many:
            _blank_text(folder / path, beside / path, found)
        if rows.total or _in_cells(folder, found):
            many |= _without_rows(folder, beside, rows, found)
        if not many:
            return
        _describe_again(folder, beside, many)
        _put_in_place(home, engine, number, rows, beside, many)
    finally:
        shutil.rmtree(beside, ignore_errors=True)


def _blank_text(old: Path, new: Path, found: Words) -> None:
    new.parent.mkdir(parents=True, exist_ok=True)
    text = old.read_text(encoding="utf-8")
    new.write_text(found.blanked(text), encoding="utf-8")


def _in_cells(folder: Path, found: Words) -> list[tuple[str, str, str]]:
    """(schema, table, column) of texts that have one of the words, in tables without a key of crimes."""
    import duckdb

    if not found:
        return []
    hits = []
    with duckdb.connect(str(folder / "marts.duckdb"), read_only=True) as connection:
        for schema, table, column in connection.execute(
            "select c.schema_name, c.table_name, c.column_name from duckdb_columns() as c "
            "inner join duckdb_tables() as t using (database_name, schema_name, table_name) "
            "where not t.internal and c.data_type = 'VARCHAR' and c.column_name <> 'crime_reference'"
        ).fetchall():
            cells = connection.execute(f'select distinct "{column}" from {schema}."{table}"').fetchall()
            if any(found.in_bytes(str(cell).encode()) for (cell,) in cells if cell is not None):
                hits.append((schema, table, column))
    return hits


def _without_rows(folder: Path, beside: Path, rows: Rows, found: Words) -> dict[str, int]:
    """marts.duckdb without the rows, as a new file (a deleted row stays in the blocks of the old one), and the Parquet of
    each table that has lost some."""
    import duckdb

    changed = dict(rows.many)
    with duckdb.connect() as connection:
        connection.execute("set preserve_insertion_order = true")
        connection.execute(f"attach {quoted(folder / 'marts.duckdb')} as released (read_only)")
        connection.execute(f"attach {quoted(beside / 'middle.duckdb')} as middle")
        connection.execute("copy from database released to middle")
        for (schema, table), (where, parameters) in rows.where.items():
            connection.execute(f'delete from middle.{schema}."{table}" where {where}', parameters)
        for schema, table, column in _in_cells(folder, found):
            changed.setdefault((schema, table), 0)
            name = f'middle.{schema}."{table}"'
            cells = connection.execute(f'select distinct "{column}" from {name}').fetchall()
            for (cell,) in cells:
                if cell is not None and found.in_bytes(cell.encode()):
                    # a list of keys goes whole, a sentence loses the word
                    left = "[]" if cell.startswith("[") else found.blanked(cell)
                    connection.execute(f'update {name} set "{column}" = ? where "{column}" = ?', [left, cell])
        connection.execute(f"attach {quoted(beside / 'marts.duckdb')} as target")
        connection.execute("copy from database middle to target")
        written = {"marts.duckdb": rows.total}
        for schema, table in changed:
            path = f"{'marts' if schema == 'main' else schema}/{table}.parquet"
            (beside / path).parent.mkdir(parents=True, exist_ok=True)
            connection.execute(
                f'copy target.{schema}."{table}" to {quoted(beside / path)} (format parquet, compression zstd)'
            )
            written[path] = changed[schema, table]
        connection.execute("detach target")
        connection.execute("detach middle")
    (beside / "middle.duckdb").unlink()
    return written


def _describe_again(folder: Path, beside: Path, many: dict[str, int]) -> None:
    """datapackage.json has the size, hash and rows of each file."""
    described = (
        beside / "datapackage.json" if (beside / "datapackage.json").exists() else folder / "datapackage.json"
    )
    document = json.loads(described.read_text(encoding="utf-8"))
    for resource in document["resources"]:
        path = resource["path"]
        if path in many:
            if path.endswith(".parquet"):
                resource["rowCount"] = pq.read_metadata(beside / path).num_rows
            resource["bytes"] = (beside / path).stat().st_size
            resource["hash"] = f"sha256:{package.file_hash(beside / path)}"
    package.write_json(beside / "datapackage.json", document)
    many["datapackage.json"] = 0


def _put_in_place(
    home: Home, engine: Engine, number: int, rows: Rows, beside: Path, many: Mapping[str, int]
) -> None:
    folder = home.releases / rows.release
    published = {file["path"]: file["sha256"] for file in verify.manifest_of(home, rows.release)["files"]}
    files = {
        path: {"was": published.get(path), "is_now": package.file_hash(beside / path), "rows": count}
        for path, count in sorted(many.items())
    }
    said = folder / verify.ERASED
    before = json.loads(said.read_text(encoding="utf-8")) if said.exists() else []
    others = [one for one in before if one["erasure"] != number]
    told = json.dumps([*others, {"erasure": number, "on": now()[:10], "files": files}], indent=1)
    (beside / verify.ERASED).write_text(told + "\n", encoding="utf-8")
    with writing(engine) as connection:
        erasures.note_erased(
            connection,
            number,
            [
                {
                    "place": verify.place_of(rows.release),
                    "name": path,
                    "was": published.get(path),
                    "is_now": package.file_hash(beside / path),
                    "many": many.get(path, 0),
                }
                # marts.duckdb last: whoever goes on after a kill finds in it what is still to go
                for path in _in_order([*files, verify.ERASED])
            ],
        )
    for path in _in_order([*files, verify.ERASED]):
        there = folder / path
        pattern = there if there.exists() else folder / "manifest.json"
        (beside / path).chmod(pattern.stat().st_mode & 0o777)
        os.chown(beside / path, -1, pattern.stat().st_gid)
        (beside / path).replace(there)


def _in_order(paths: Iterable[str]) -> list[str]:
    return sorted(paths, key=lambda path: (path == "marts.duckdb", path))
