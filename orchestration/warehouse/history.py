"""What outlives the warehouse: each result that a rule has had, and which of them each release was made from.

Parquet in the home's `history/`, no row of which is ever changed. A build that finds what the last one found adds
nothing, so a year of runs costs what changed in it. Files of rule results from years that are over become one a year.
"""

# ruff: noqa: S608 - names in the SQL are this module's own

import os
from pathlib import Path

from orchestration import clock
from orchestration.home import Home
from orchestration.ledger import evidence
from orchestration.ledger.opening import ledger_of
from orchestration.statements import Connection, one_file, quoted
from orchestration.stopping import Damaged, way_back
from orchestration.turns import alone, to_the_disk

RESULT = "tested bigint, failed bigint, also_reported bigint, waived bigint, verdict varchar"
TABLES = {
    "rule_results": f"rule varchar, force varchar, quarter varchar, kept_at varchar, {RESULT}",
    "releases": "release varchar, period varchar, published_at varchar, results_kept_at varchar",
}
KEY = ("rule", "force", "quarter")
COUNTS = ("tested", "failed", "also_reported", "waived")


def prepare(home: Home) -> None:
    """An empty file of each table where there is none: SQL cannot read a folder that holds nothing."""
    import duckdb

    for table, columns in TABLES.items():
        file = home.history / table / "none.parquet"
        if not _is_none(file):
            file.parent.mkdir(parents=True, exist_ok=True)
            with duckdb.connect() as connection:
                connection.execute(f"create table nothing ({columns})")
                _write(connection, "from nothing", file)


def _is_none(file: Path) -> bool:
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        return not pq.read_metadata(file).num_rows
    except (pa.ArrowInvalid, OSError):
        return False


def lost(home: Home, head: dict) -> list[str]:
    """A sentence where the rule results that a release was made from are not there any more; `head` is its manifest."""
    moment = head.get("results_kept_at")
    if not moment or (file := _of_results(home, moment)).exists() or _in_the_year(file, moment):
        return []
    return [f"{file} is missing: {way_back(file)}"]


def _in_the_year(file: Path, moment: str) -> bool:
    """Whether the results of a moment are in the file of their year."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        return bool(
            pq.read_table(_of_year(file), filters=[("kept_at", "=", moment)], columns=["rule"]).num_rows
        )
    except (pa.ArrowInvalid, OSError):
        return False


def _of_year(file: Path) -> Path:
    return file.with_name(f"{file.name[:4]}.parquet")


def _of_results(home: Home, moment: str) -> Path:
    name = moment.replace(":", "").replace("+0000", "Z")
    return home.history / "rule_results" / f"{name}.parquet"


def keep(home: Home, connection: Connection) -> tuple[int, str]:
    """Keep the rule results that differ from the last kept.

    `connection` is DuckDB's, with the warehouse attached as `warehouse`. Gives how many were new, and the moment (UTC)
    of the last change there is, which identifies these results.
    """
    prepare(home)
    key = ", ".join(KEY)
    none = home.history / "rule_results" / "none.parquet"
    with alone(home.history):  # two that keep at once would both keep the same change
        files = f"{one_file(home.history)}/rule_results/*.parquet"
        moment = clock.now().isoformat(timespec="microseconds")
        connection.execute(
            f"""
            create or replace temp table differing as
            with kept as (
                select * from read_parquet($files, hive_partitioning = false)
                qualify row_number() over (partition by {key} order by kept_at desc) = 1
            ),
            found as (select {key}, {", ".join(COUNTS)}, verdict from warehouse.quality.rule_results),
            -- a row that a later build no longer has is an event too
            now as (
                from found
                union all
                select {key}, {", ".join(f"0 as {count}" for count in COUNTS)}, 'not_asked' as verdict
                from kept anti join found on {_same("kept", "found")}
            )
            select {", ".join(f"now.{column}" for column in KEY)}, $moment::varchar as kept_at,
                {", ".join(f"now.{count}" for count in COUNTS)}, now.verdict
            from now left join kept on {_same("now", "kept")}
            where {" or ".join(f"now.{column} is distinct from kept.{column}" for column in (*COUNTS, "verdict"))}
            """,
            {"files": files, "moment": moment},
        )
        (changed,) = connection.execute("select count(*) from differing").fetchone()
        if changed:
            _write(connection, "from differing order by all", _of_results(home, moment))
            _note(home, none, _of_results(home, moment))
        connection.execute("drop table differing")
        (last,) = connection.execute(
            "select max(kept_at) from read_parquet(?, hive_partitioning = false)", [files]
        ).fetchone()
    return changed, last


def take_over(home: Home, files: list[Path], moment: str) -> None:
    """What another home had kept of rule results by a moment, out of its files: a file of each build, as they were written."""
    import duckdb

    prepare(home)
    with duckdb.connect() as connection:
        connection.execute(
            "create table kept as select distinct * from read_parquet($files, hive_partitioning = false) "
            "where kept_at <= $moment",
            {"files": [one_file(file) for file in files], "moment": moment},
        )
        for (build,) in connection.execute("select distinct kept_at from kept order by all").fetchall():
            file = _of_results(home, build)
            if not file.exists():
                _write(connection, f"from kept where kept_at = {quoted(build)} order by all", file)


def one_file_a_year(home: Home, this_year: int) -> int:
    """Put the rule results of each year before this one into one file: ten years of builds are thousands of them.

    Killed in between, it leaves rows both in the file of their year and in their own: readers take a row once, and the next
    one goes on from there. Gives how many files were put together.
    """
    import duckdb

    folder, many = home.history / "rule_results", 0
    of_year: dict[Path, list[Path]] = {}
    for file in sorted(folder.glob("[0-9]*T*.parquet")):
        if int(file.name[:4]) < this_year:
            of_year.setdefault(_of_year(file), []).append(file)
    for year, files in of_year.items():
        with alone(home.history), duckdb.connect() as connection:
            _put_together(home, connection, files, year)
        many += len(files)
    return many


def _put_together(home: Home, connection: Connection, files: list[Path], year: Path) -> None:
    """The rows of `files` join those that the file of their `year` has; the files go once it is written and read back."""
    together = [one_file(file) for file in (*files, year) if file.exists()]
    connection.execute(
        "create table together as select distinct * from read_parquet($files, hive_partitioning = false)",
        {"files": together},
    )
    _write(connection, "from together order by all", year)
    (lost,) = connection.execute(
        "select count(*) from (from together except all from read_parquet($year, hive_partitioning = false))",
        {"year": one_file(year)},
    ).fetchone()
    if lost:
        raise Damaged(year)
    _note(home, year)
    with ledger_of(home) as engine, engine.begin() as ledger:
        evidence.forget_files(ledger, home, *files)
    for file in files:
        file.unlink()


def keep_release(home: Home, head: dict) -> None:
    """Keep which results a release that went live was made from; safe to do twice. `head` is its manifest."""
    import duckdb

    prepare(home)
    file = home.history / "releases" / f"{head['release']}.parquet"
    if file.exists() or not head.get("results_kept_at"):
        return
    with duckdb.connect() as connection:
        connection.execute(f"create table release ({TABLES['releases']})")
        row = [head[name] for name in ("release", "period", "created_at", "results_kept_at")]
        connection.execute("insert into release values (?, ?, ?, ?)", row)
        _write(connection, "from release", file)
    _note(home, file, file.with_name("none.parquet"))


def _note(home: Home, *files: Path) -> None:
    with ledger_of(home) as engine, engine.begin() as connection:
        evidence.note_files(connection, home, *files)


def _same(left: str, right: str) -> str:
    """A finding about a waiver may name no force: null is a key here too."""
    return " and ".join(f"{left}.{column} is not distinct from {right}.{column}" for column in KEY)


def _write(connection: Connection, rows: str, file: Path) -> None:
    """Whole or not at all, even when killed or when the machine stops."""
    aside = file.with_name(f".{file.name}.{os.getpid()}")
    connection.execute(f"copy ({rows}) to {quoted(aside)} (format parquet)")
    to_the_disk(aside)
    aside.replace(file)
