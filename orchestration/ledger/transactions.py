"""How the ledger is written: one writer after the other, and many rows by the driver."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from sqlalchemy import ClauseElement, Connection, Engine, Table, insert
from sqlalchemy.sql.compiler import SQLCompiler

from orchestration import clock


def now() -> str:
    """This moment in UTC as ISO text, to the second."""
    return clock.now().isoformat(timespec="seconds")


@contextmanager
def writing(engine: Engine) -> Iterator[Connection]:
    """A transaction that is the only one writing readings: one after the other, on both databases.

    SQLite would let two begin by reading and then refuse the second's first write, however long it waits.
    """
    with engine.connect() as connection, connection.begin():
        if engine.dialect.name == "sqlite":
            connection.exec_driver_sql("begin immediate")
        else:
            connection.exec_driver_sql("select pg_advisory_xact_lock(4)")
        yield connection


def insert_many(connection: Connection, table: Table, rows: list[dict[str, Any]]) -> None:
    """Rows of the same cells, some of which may belong to no column of the table."""
    if rows:
        names = [column.name for column in table.columns if column.name in rows[0]]
        execute_many(connection, insert(table), rows, names)


def execute_many(
    connection: Connection,
    statement: ClauseElement,
    rows: list[dict[str, Any]],
    cells: list[str] | None = None,
) -> None:
    """A statement for each row, its bound names among the row's cells; `cells`: the columns that an insert fills.

    By the driver: 75,000 rows take half the time that SQLAlchemy takes to look at each of them.
    """
    compiled = statement.compile(connection.engine, column_keys=cells)
    assert isinstance(compiled, SQLCompiler)
    names = compiled.positiontup or list(compiled.params)
    if compiled.positional:
        values = [tuple([row[name] for name in names]) for row in rows]
    else:
        values = [{name: row[name] for name in names} for row in rows]
    connection.exec_driver_sql(str(compiled), values)
