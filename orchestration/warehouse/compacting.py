"""The warehouse without the room that builds left free in it.

DuckDB gives freed blocks of a file to what is written next, and never back to the disk: one rerun of a year made 75.8 MB of 53.8.
"""

# ruff: noqa: S608 - names in the SQL are the warehouse's own

import shutil
from fractions import Fraction

from orchestration.home import Home, memory
from orchestration.progress import at
from orchestration.statements import Connection, quoted
from orchestration.stopping import Stopped
from orchestration.turns import to_the_disk

FREE = Fraction(1, 3)  # of the file, from which on it is copied


class CopyDiffers(Stopped, RuntimeError):
    """The copy of the warehouse has not what the warehouse has."""


def compact(home: Home) -> bool:
    """Copy the warehouse into a new file, which takes its place by one rename, where a third of it is free; within a turn.

    Whoever is killed leaves the one file or the other whole, and a half copy beside it at most, which the next one removes.
    Gives whether it was copied. Without room for a copy it is not.
    """
    import duckdb

    aside = home.warehouse.with_name(f".{home.warehouse.name}.compacted")
    for part in (aside, aside.with_name(f"{aside.name}.wal")):
        part.unlink(missing_ok=True)
    with duckdb.connect(config={"autoinstall_known_extensions": "false"}) as connection:
        connection.execute("set memory_limit = ?", [memory()])
        connection.execute(f"set temp_directory = {quoted(f'{home.warehouse}.tmp')}")
        connection.execute(f"attach {quoted(home.warehouse)} as built")
        # the log of what was written last goes into the file: beside a new file it would be another one's
        connection.execute("checkpoint built")
        used, free = blocks(connection, "built")
        size = home.warehouse.stat().st_size
        if free < FREE * (used + free) or shutil.disk_usage(home.warehouse.parent).free < size:
            return False
        at("compacting the warehouse")
        # by the name that it has: models name no other
        connection.execute(f"attach {quoted(aside)} as warehouse")
        connection.execute("copy from database built to warehouse")
        built, copied = _content(connection, "built"), _content(connection, "warehouse")
        if differing := [name for name, what in built.items() if copied.get(name) != what]:
            raise CopyDiffers(
                f"a copy of {home.warehouse} differs in {', '.join(differing)}, and the warehouse stays as it was: have the "
                "disk and the memory of this machine checked"
            )
    to_the_disk(aside)
    aside.replace(home.warehouse)
    return True


def blocks(connection: Connection, database: str) -> tuple[int, int]:
    """How many blocks of an attached file are used, and how many are free."""
    return connection.execute(
        "select used_blocks, free_blocks from pragma_database_size() where database_name = $1", [database]
    ).fetchone()


def _content(connection: Connection, database: str) -> dict[str, tuple]:
    """What each table and view of a database is: its columns and constraints, how many rows and a sum of their hashes."""
    content: dict[str, tuple] = {}
    views = "select schema_name, view_name, sql from duckdb_views() where database_name = $1 and not internal"
    for schema, view, sql in connection.execute(views, [database]).fetchall():
        # what a `* replace (...)` replaces comes in any order, so the same letters are the same view
        content[f"{schema}.{view}"] = tuple(sorted(sql))
    tables = "select schema_name, table_name, sql from duckdb_tables() where database_name = $1"
    for schema, table, sql in connection.execute(tables, [database]).fetchall():
        rows = f'select count(*), sum(hash(rows)) from {database}."{schema}"."{table}" as rows'
        content[f"{schema}.{table}"] = (sql, *connection.execute(rows).fetchone())
    return content
