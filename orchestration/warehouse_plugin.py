"""dbt-duckdb plugin: gives every cursor the secret that turns a person into a token.

The key is a variable of the connection, so that no SQL, log, manifest or compiled model ever holds it.
"""

import os
from typing import Any

from dbt.adapters.duckdb.plugins import BasePlugin


class Plugin(BasePlugin):
    """Sets DuckDB's variable `token_key` from the environment variable `CPAI_TOKEN_KEY`."""

    def configure_cursor(self, cursor: Any) -> None:
        """Raises ValueError when there is no key: without one every person would share a guessable token."""
        key = os.environ.get("CPAI_TOKEN_KEY")
        if not key:
            raise ValueError(
                "CPAI_TOKEN_KEY is not set: dbt needs the secret that turns persons into tokens. "
                "Build through `cpai run`, which keeps a key in the home, or set the variable."
            )
        cursor.execute("set variable token_key = ?", [key])
