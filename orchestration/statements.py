"""What every statement to DuckDB shares: how a path or a text stands in it, and its answer as rows."""

from typing import Any


def quoted(text: object) -> str:
    """A path or a text as an SQL literal, for statements that take no parameter: `attach`, `copy`, `comment`, `set`."""
    return "'" + str(text).replace("'", "''") + "'"


def rows_of(connection: Any, sql: str, parameters: Any = None) -> list[dict[str, Any]]:
    """What `sql` answers on `connection` (DuckDB's), each row by the names of its columns."""
    cursor = connection.execute(sql, parameters)
    names = [column[0] for column in cursor.description]
    return [dict(zip(names, row, strict=True)) for row in cursor.fetchall()]
