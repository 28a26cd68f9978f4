"""What has changed since the warehouse was last built whole: the control of dbt's incremental models.

Tables of the warehouse's schema `control`, which dbt reads as a source. A build that fails or is killed leaves what it was
about in them, so that the next one begins with it.
"""

import hashlib
import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from orchestration import clock
from orchestration.home import files_below
from orchestration.statements import Connection

# record types, and what intake met in them: one file a submission in raw/<kind>/<quarter>/
KINDS = ("crimes", "victims", "suspects", "intake_findings")
TABLES = {
    "returns": "force varchar, quarter varchar, fingerprint varchar",
    "built_returns": "force varchar, quarter varchar, fingerprint varchar",
    "changed_returns": "force varchar, quarter varchar",
    "built_inputs": "what varchar, quarter varchar, fingerprint varchar",
    "read": "fingerprint varchar",
    "built_from": "fingerprint varchar",
    "built_nodes": "node varchar, fingerprint varchar",
    "state": "is_whole boolean, was_whole boolean, version varchar",
}
# the inputs of a quarter that are not its returns: what of them was last built
INPUTS = {
    "links": "warehouse.cocad.cocad_links_by_quarter",
    "readings": "warehouse.cocad.cocad_readings_by_quarter",
}


def prepare(connection: Connection, raw: Path, everything: bool = False) -> dict[str, Any]:
    """Fill `control.changed_returns`: the returns whose receipts or raw files differ from those of the last whole build, and
    those that a build since then did not finish.

    Gives DuckDB's variables that models read: `last_build_was_whole`, and for each kind the raw files of these returns, from
    `raw` on, unless they are all there are.
    """
    # the warehouse by its name: dbt attaches it to a connection of its own
    connection.execute("create schema if not exists warehouse.control")
    for table, columns in TABLES.items():
        connection.execute(f"create table if not exists warehouse.control.{table} ({columns})")
    if not connection.execute("select 1 from warehouse.control.state").fetchone():
        connection.execute("insert into warehouse.control.state values (false, false, null)")
    connection.execute("update warehouse.control.state set was_whole = is_whole, is_whole = false")
    if everything:
        connection.execute("delete from warehouse.control.built_returns")
        connection.execute("delete from warehouse.control.built_inputs")
    connection.execute("delete from warehouse.control.read")
    connection.execute("insert into warehouse.control.read values ($1)", [fingerprint(raw)])
    files = _files(raw)
    _compare(connection, raw, files)
    (whole,) = connection.execute("select was_whole from warehouse.control.state").fetchone()
    variables: dict[str, Any] = {"last_build_was_whole": whole}
    if connection.execute("select 1 from warehouse.control.built_returns limit 1").fetchone():
        changed = set(
            connection.execute("select force, quarter from warehouse.control.changed_returns").fetchall()
        )
        for kind in KINDS:
            of_them = [
                file.name for file in files if file.kind == kind and (file.force, file.quarter) in changed
            ]
            variables[f"raw_{kind}"] = [f"{kind}/none/*.parquet", *of_them]
    return variables


def fingerprint(raw: Path) -> str:
    """All that models read beside the seeds, as it can be told apart without reading it: files by size and time, and the day."""
    digest = hashlib.sha256(clock.today().isoformat().encode())
    for name, file in files_below(raw):
        seen = file.stat()
        digest.update(f"{name} {seen.st_size} {seen.st_mtime_ns}\n".encode())
    return digest.hexdigest()


def stand(connection: Connection, raw: Path) -> bool:
    """Whether the last build was whole, and nothing has come since then; `connection` has the warehouse alone."""
    from duckdb import CatalogException

    try:
        found = connection.execute(
            "select 1 from control.state, control.built_from where is_whole and fingerprint = $1",
            [fingerprint(raw)],
        )
    except CatalogException:  # built by a version that did not note it
        return False
    return found.fetchone() is not None


def _compare(connection: Connection, raw: Path, files: list["_File"]) -> None:
    """`control.returns` as they are now; those that differ from what was built join `control.changed_returns`."""
    import pyarrow as pa

    seen: dict[tuple[str, str], list[str]] = {}
    for file in files:
        seen.setdefault((file.force, file.quarter), []).append(f"{file.name} {file.seen}")
    rows = [
        {"force": force, "quarter": quarter, "files": "\n".join(names)}
        for (force, quarter), names in seen.items()
    ]
    schema = pa.schema([(name, pa.string()) for name in ("force", "quarter", "files")])
    connection.register("files_seen", pa.Table.from_pylist(rows, schema=schema))
    connection.execute(
        """
        create or replace table warehouse.control.returns as
        with received as (
            select
                force, quarter,
                string_agg(cast(to_json(submissions) as varchar), chr(10) order by submission) as submissions
            from read_parquet($submissions, hive_partitioning = false) as submissions
            group by all
        )
        select
            received.force, received.quarter,
            sha256(received.submissions || chr(10) || coalesce(files_seen.files, '')) as fingerprint
        from received
        left join files_seen on received.force = files_seen.force and received.quarter = files_seen.quarter
        """,
        {"submissions": str(raw / "submissions.parquet")},
    )
    connection.unregister("files_seen")
    connection.execute(
        """
        insert into warehouse.control.changed_returns
        select coalesce(now.force, built.force), coalesce(now.quarter, built.quarter)
        from warehouse.control.returns as now
        full join warehouse.control.built_returns as built
            on now.force = built.force and now.quarter = built.quarter
        where now.fingerprint is distinct from built.fingerprint
        except
        select force, quarter from warehouse.control.changed_returns
        """
    )


def note(
    connection: Connection, version: str, made_by: Mapping[str, str], readings_alone: bool = False
) -> None:
    """What has just been built to its end, without a fault, by models and seeds of this version, each with its fingerprint, is
    what the next build starts from."""
    for what, table in INPUTS.items():
        if what == "readings" or not readings_alone:
            connection.execute("delete from warehouse.control.built_inputs where what = $1", [what])
            connection.execute(f"insert into warehouse.control.built_inputs from {table}")
    if readings_alone:
        connection.execute("update warehouse.control.state set is_whole = was_whole")
        return
    connection.execute(
        "create or replace table warehouse.control.built_returns as from warehouse.control.returns"
    )
    connection.execute("create or replace table warehouse.control.built_from as from warehouse.control.read")
    connection.execute("delete from warehouse.control.changed_returns")
    connection.execute("delete from warehouse.control.built_nodes")
    connection.execute(
        "insert into warehouse.control.built_nodes select unnest($1), unnest($2)",
        [[*made_by], [*made_by.values()]],
    )
    connection.execute("update warehouse.control.state set is_whole = true, version = $1", [version])


@dataclass(frozen=True)
class _File:
    """A raw file by its name from `raw/` on; `seen`: its size and time."""

    kind: str
    quarter: str
    force: str
    name: str
    seen: str


def _files(raw: Path) -> list[_File]:
    """Each file of records, by name."""
    found = []
    for kind in KINDS:
        for folder in (raw / kind).iterdir() if (raw / kind).is_dir() else []:
            if folder.name != "none" and folder.is_dir():
                for entry in os.scandir(folder):
                    force, _, kept = entry.name.partition(".")
                    if kept.endswith(".parquet"):
                        seen = entry.stat()
                        name = f"{kind}/{folder.name}/{entry.name}"
                        found.append(
                            _File(kind, folder.name, force, name, f"{seen.st_size} {seen.st_mtime_ns}")
                        )
    return sorted(found, key=lambda file: file.name)
