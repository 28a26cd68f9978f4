"""What every statement to DuckDB shares: how a path or a text stands in it, and its answer as rows."""

import re
from typing import Any, Protocol


class Connection(Protocol):
    """DuckDB's, which is imported where one is opened: 0.2 s."""

    def execute(self, query: str, parameters: Any = None, /) -> Any: ...
    def executemany(self, query: str, parameters: Any = None, /) -> Any: ...
    def register(self, view_name: str, python_object: Any, /) -> Any: ...
    def unregister(self, view_name: str, /) -> Any: ...


def quoted(text: object) -> str:
    """A path or a text as an SQL literal, for statements that take no parameter: `attach`, `copy`, `comment`, `set`."""
    return "'" + str(text).replace("'", "''") + "'"


def one_file(path: object) -> str:
    """A path as DuckDB's readers take it, `read_parquet` and `read_csv`: a letter of a pattern stands for itself.

    They take a folder above, too, whose name has a `=`, for a column of that name: each reader here says
    `hive_partitioning = false`. Not for `attach`, `copy` and `set`, which take a path as it is written.
    """
    return re.sub(r"[*?[]", r"[\g<0>]", str(path))


def from_parquet(file: object) -> str:
    """The rows of one Parquet file, for `from` in statements that take no parameter."""
    return f"read_parquet({quoted(one_file(file))}, hive_partitioning = false)"


def rows_of(connection: Connection, sql: str, parameters: Any = None) -> list[dict[str, Any]]:
    """What `sql` answers on `connection`, each row by the names of its columns."""
    cursor = connection.execute(sql, parameters)
    names = [column[0] for column in cursor.description]
    return [dict(zip(names, row, strict=True)) for row in cursor.fetchall()]
