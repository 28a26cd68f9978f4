"""SQLAlchemy dialect `duckdb.ro`: DuckDB opened read-only, for Great Expectations."""

from typing import Any

import duckdb
from duckdb_engine import ConnectionWrapper, Dialect
from sqlalchemy.dialects import registry

NAME = "duckdb.ro"


class ReadOnly(Dialect):
    """Great Expectations closes its transaction before it fetches, and DuckDB drops a result on rollback.

    As shipped, 28 of 33 expectations raise. A read-only connection has nothing to roll back, so a transaction here
    begins and ends without DuckDB, and 30 of 33 work (the others do without a SQL engine:
    regex, of-type, quantiles).
    """

    driver = "ro"
    supports_statement_cache = False

    def connect(self, *cargs: Any, **cparams: Any) -> Any:
        # no configuration: DuckDB refuses a second connection of one process that is configured otherwise
        return ConnectionWrapper(duckdb.connect(cparams["database"], read_only=True))

    def do_begin(self, connection: Any) -> None:
        pass

    def do_commit(self, dbapi_connection: Any) -> None:
        pass

    def do_rollback(self, connection: Any) -> None:
        pass


registry.register(NAME, __name__, "ReadOnly")
