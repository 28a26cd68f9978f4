"""Two files marts.duckdb beside each other: what is in them, as their bytes differ always."""

from collections.abc import Iterator
from pathlib import Path

from orchestration.statements import Connection, quoted

# what DuckDB says of a database, and what of it is not of the moment or the place
SAID = {
    "tables": "select schema_name, table_name, comment, sql from duckdb_tables()",
    "columns": "select schema_name, table_name, column_name, data_type, is_nullable, comment from duckdb_columns()",
    "keys": "select schema_name, table_name, constraint_type, constraint_text from duckdb_constraints()",
    "views": "select schema_name, view_name, comment, sql from duckdb_views()",
}


def differing(one: Path, other: Path) -> Iterator[str]:
    """Which of their tables, columns, keys and views, with the comments on them, and rows of which table, are not the same."""
    import duckdb

    with duckdb.connect() as connection:
        for name, file in (("one", one), ("other", other)):
            connection.execute(f"attach {quoted(file)} as {name} (read_only)")
        for what, sql in SAID.items():
            said = [set(_said(connection, sql, name)) for name in ("one", "other")]
            yield from sorted({f"{what} of {row[0]}.{row[1]}" for row in said[0] ^ said[1]})
        for schema, table, *_ in _said(connection, SAID["tables"], "one"):
            rows = [f'(from {name}.{schema}."{table}")' for name in ("one", "other")]
            try:
                differ = connection.execute(
                    f"({rows[0]} except all {rows[1]}) union all ({rows[1]} except all {rows[0]}) limit 1"
                ).fetchone()
            except duckdb.Error:  # it is not there, or has other columns
                differ = (table,)
            if differ:
                yield f"{schema}.{table}"


def _said(connection: Connection, sql: str, database: str) -> list[tuple]:
    return connection.execute(f"{sql} where database_name = ? order by all", [database]).fetchall()
