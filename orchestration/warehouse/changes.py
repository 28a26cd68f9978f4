"""What has changed since the warehouse was last built whole: the control of dbt's incremental models.

Tables of the warehouse's schema `control`, which dbt reads as a source. A build that fails or is killed leaves what it was
about in them, so that the next one begins with it.
"""

import os
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from orchestration.statements import Connection

# record types, and what intake met in them: one file a submission in raw/<kind>/<quarter>/
KINDS = ("crimes", "victims", "suspects", "intake_findings")
TABLES = {
    "returns": "force varchar, quarter varchar, fingerprint varchar",
    "built_returns": "force varchar, quarter varchar, fingerprint varchar",
    "changed_returns": "force varchar, quarter varchar",
    "built_inputs": "what varchar, quarter varchar, fingerprint varchar",
    "state": "is_whole boolean, was_whole boolean, version varchar",
}
# the inputs of a quarter that are not its returns: what of them was last built
INPUTS = "cocad.cocad_inputs"


def prepare(connection: Connection, raw: Path, everything: bool = False) -> dict[str, Any]:
    """Fill `control.changed_returns`: the returns whose receipts or raw files differ from those of the last whole build, and
    those that a build since then did not finish.

    Gives DuckDB's variables that models read: `last_build_was_whole`, and for each kind the raw files of these returns, from
    `raw` on, unless they are all there are.
    """
    connection.execute("create schema if not exists control")
    for table, columns in TABLES.items():
        connection.execute(f"create table if not exists control.{table} ({columns})")
    if everything:
        connection.execute("delete from control.built_returns")
        connection.execute("delete from control.built_inputs")
    if not connection.execute("select 1 from control.state").fetchone():
        connection.execute("insert into control.state values (false, false, null)")
    connection.execute("update control.state set was_whole = is_whole, is_whole = false")
    sizes = list(_files(raw))
    connection.execute("create or replace temp table files (kind varchar, file varchar, seen varchar)")
    if sizes:
        connection.executemany("insert into files values (?, ?, ?)", sizes)
    connection.execute(
        """
        create or replace table control.returns as
        with
        seen as (
            select
                split_part(file, '/', 2) as quarter,
                regexp_extract(split_part(file, '/', 3), '^(.*)[.]([0-9]+)[.]parquet$', 1) as force,
                string_agg(file || ' ' || seen, chr(10) order by file) as files
            from files
            group by all
        ),
        received as (
            select
                force, quarter,
                string_agg(cast(to_json(submissions) as varchar), chr(10) order by submission) as submissions
            from read_parquet($submissions) as submissions
            group by all
        )
        select
            received.force, received.quarter,
            sha256(received.submissions || chr(10) || coalesce(seen.files, '')) as fingerprint
        from received
        left join seen on received.force = seen.force and received.quarter = seen.quarter
        """,
        {"submissions": str(raw / "submissions.parquet")},
    )
    connection.execute(
        """
        insert into control.changed_returns
        select coalesce(now.force, built.force), coalesce(now.quarter, built.quarter)
        from control.returns as now
        full join control.built_returns as built
            on now.force = built.force and now.quarter = built.quarter
        where now.fingerprint is distinct from built.fingerprint
        except
        select force, quarter from control.changed_returns
        """
    )
    (whole,) = connection.execute("select was_whole from control.state").fetchone()
    variables: dict[str, Any] = {"last_build_was_whole": whole}
    if not connection.execute("select 1 from control.built_returns limit 1").fetchone():
        return variables
    changed = connection.execute(
        """
        select kind, file from files
        semi join (select quarter || '/' || force as place from control.changed_returns) as changed
            on regexp_extract(file, '^[^/]*/(.*)[.][0-9]+[.]parquet$', 1) = changed.place
        order by all
        """
    ).fetchall()
    for kind in KINDS:
        files = [file for of, file in changed if of == kind]
        variables[f"raw_{kind}"] = [f"{kind}/none/*.parquet", *files]
    return variables


def note(connection: Connection, version: str, readings_alone: bool = False) -> None:
    """What has just been built to its end, without a fault, by models and seeds of this version, is what the next build
    starts from."""
    if readings_alone:
        connection.execute("delete from control.built_inputs where what = 'readings'")
        connection.execute(f"insert into control.built_inputs from {INPUTS} where what = 'readings'")
        connection.execute("update control.state set is_whole = was_whole")
        return
    connection.execute("create or replace table control.built_returns as from control.returns")
    connection.execute(f"create or replace table control.built_inputs as from {INPUTS}")
    connection.execute("delete from control.changed_returns")
    connection.execute("update control.state set is_whole = true, version = $1", [version])


def _files(raw: Path) -> Iterable[tuple[str, str, str]]:
    """Kind, name from `raw` on, size and time of each file of records."""
    for kind in KINDS:
        for folder in sorted((raw / kind).iterdir()) if (raw / kind).is_dir() else []:
            if folder.name == "none" or not folder.is_dir():
                continue
            with os.scandir(folder) as entries:
                for entry in entries:
                    seen = entry.stat()
                    yield kind, f"{kind}/{folder.name}/{entry.name}", f"{seen.st_size} {seen.st_mtime_ns}"
