"""dbt-duckdb plugin: gives every cursor what SQL may not hold, as variables of the connection.

`token_key` is the secret that turns a person into a token: no SQL, log, manifest or compiled model ever holds it.
`as_of` is the moment whose receipts are built from: dbt's own variables would have every model parsed again.
`today` is the day in UTC, by which waivers run out.
`raw_crimes` and the like are the raw files of the returns that changed (orchestration/warehouse/changes.py).
And it sees to it that there is a history to read, on the first build too, and counts rows while dbt has the warehouse.
"""

import os
from pathlib import Path
from typing import Any

from dbt.adapters.duckdb.plugins import BasePlugin

from orchestration import clock
from orchestration.home import Home
from orchestration.warehouse import changes, history

# dbt's own: no other connection may be opened beside it, by this process either
_connections: list[Any] = []


def rows_in(relation: str) -> int:
    """How many rows a table has that dbt has just built."""
    with _connections[-1].cursor() as cursor:
        return cursor.execute(f"select count(*) from {relation}").fetchone()[0]  # noqa: S608 - a name of dbt's


class Plugin(BasePlugin):
    """Sets DuckDB's variables: `token_key` and `as_of` from the environment (`CPAI_TOKEN_KEY`, `CPAI_AS_OF`), `today`."""

    def initialize(self, plugin_config: dict[str, Any]) -> None:
        self._variables: dict[str, Any] | None = None
        if raw := os.environ.get("CPAI_RAW"):
            history.prepare(Home(Path(raw).parent))

    def configure_connection(self, conn: Any) -> None:
        _connections[:] = [conn]

    def configure_cursor(self, cursor: Any) -> None:
        """Raises ValueError when there is no key: without one every person would share a guessable token."""
        key = os.environ.get("CPAI_TOKEN_KEY")
        if not key:
            raise ValueError(
                "CPAI_TOKEN_KEY is not set: dbt needs the secret that turns persons into tokens. "
                "Build through `cpai run`, which keeps a key in the home, or set the variable."
            )
        cursor.execute("set variable token_key = ?", [key])
        # the ledger has what was made with it: a change of the key changes none of that
        cursor.execute("set variable first_key = ?", [os.environ.get("CPAI_FIRST_KEY") or key])
        cursor.execute("set variable today = ?", [clock.today()])
        for name, value in self._of_changes(cursor).items():
            cursor.execute(f"set variable {name} = ?", [value])
        if moment := os.environ.get("CPAI_AS_OF"):
            cursor.execute("set variable as_of = ?", [moment])

    def _of_changes(self, cursor: Any) -> dict[str, Any]:
        """The variables about what has changed, looked up once the warehouse is attached; none where models are only
        compiled."""
        raw = Path(os.environ.get("CPAI_RAW", "."))
        if self._variables is None and (raw / "submissions.parquet").exists():
            self._variables = changes.prepare(cursor, raw, everything=bool(os.environ.get("CPAI_EVERYTHING")))
        return self._variables or {}
