"""The warehouse as a publisher reads it: attached read-only to a connection of its own."""

from collections.abc import Iterator
from contextlib import contextmanager

from orchestration.home import Home, memory
from orchestration.statements import quoted
from orchestration.stopping import Stopped
from orchestration.turns import turn


class WarehouseStale(Stopped, RuntimeError):
    """The ledger holds something that the warehouse was not built from."""


@contextmanager
def open_warehouse(home: Home) -> Iterator:
    """A connection with the warehouse attached read-only: closed after use, or dbt could not write again."""
    import duckdb

    if not home.warehouse.exists():
        raise WarehouseStale(
            f"there is no {home.warehouse}: run `cpai run <quarter>`, then give the same command again"
        )
    with (
        turn(home, reads=True),
        duckdb.connect(config={"autoinstall_known_extensions": "false"}) as connection,
    ):
        # a mart that is a view may read raw/ by relative path
        connection.execute(f"set file_search_path = {quoted(home.raw)}")
        connection.execute("set memory_limit = ?", [memory()])
        connection.execute(f"set temp_directory = {quoted(home.releases / '.building-spill')}")
        connection.execute(f"attach {quoted(home.warehouse)} as warehouse (read_only)")
        yield connection
