"""The ledger's shape, version by version: Alembic, run only where a ledger is behind the code."""

from pathlib import Path

from sqlalchemy import URL, Connection, create_engine, inspect

FIRST = "0001"  # the ledgers that were made before revisions were kept


def upgrade(url: URL) -> None:
    """Bring a ledger to the newest revision, whole or not at all: one transaction under the ledger's own lock."""
    from alembic import command
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent))
    # An engine of its own, where SQLite's foreign keys are off: a table made anew is dropped under its files.
    engine = create_engine(url, hide_parameters=True)
    try:
        with engine.connect() as connection:
            _alone(connection)
            config.attributes["connection"] = connection
            tables = set(inspect(connection).get_table_names())
            if "submissions" in tables and "alembic_version" not in tables:
                command.stamp(config, FIRST)
            command.upgrade(config, "head")
            connection.commit()
    finally:
        engine.dispose()


def _alone(connection: Connection) -> None:
    """Wait for whoever is upgrading this ledger: two first runs at once would both make its tables."""
    if connection.dialect.name == "postgresql":
        connection.exec_driver_sql("select pg_advisory_xact_lock(4344)")
    else:
        connection.exec_driver_sql("pragma busy_timeout=30000")
        connection.exec_driver_sql("begin immediate")
