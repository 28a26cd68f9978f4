"""The ledger of a home, opened: SQLite, or PostgreSQL by CPAI_LEDGER_URL, brought up to date where it is behind."""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, Engine, create_engine, event, inspect, make_url
from sqlalchemy.exc import DatabaseError

from orchestration.home import Home
from orchestration.ledger import evidence, inventory
from orchestration.ledger.migrations import upgrade
from orchestration.ledger.tables import HEAD
from orchestration.stopping import DAMAGED, Stopped, state


class LedgerNewer(Stopped, RuntimeError):
    """The ledger was written by a newer version of this project than the one running."""


def open_ledger(home: Home) -> Engine:
    """The ledger of a home, made or brought up to date where it is behind. The caller may `dispose()` of it.

    Raises LedgerNewer where it is ahead of the code: an older version would write receipts without what it lacks.
    """
    url = make_url(home.ledger_url)
    is_file = url.get_backend_name() == "sqlite"
    known = inventory.before_the_ledger(home, Path(url.database or "") if is_file else None)
    if is_file:
        home.root.mkdir(parents=True, exist_ok=True)
    # hidden: an error message would carry the text of a reading or a receipt into logs
    # 20: each reader in the room has a connection for the length of a page, and a new one costs PostgreSQL a process
    engine = create_engine(url, hide_parameters=True, pool_size=20)
    if is_file:
        event.listen(engine, "connect", _sqlite_settings)
    try:
        with engine.connect() as connection:
            revision = _revision(connection)
    except DatabaseError as problem:
        engine.dispose()
        if re.search(DAMAGED, str(problem)):
            raise Stopped(f"the ledger {url.database} is damaged: restore it from a backup") from None
        # SQLite names no file
        if is_file and (sentence := state(str(problem.orig), str(url.database))):
            raise Stopped(sentence) from None
        raise
    if revision > HEAD:
        engine.dispose()
        raise LedgerNewer(
            f"the ledger is of revision {revision}, this version of cpai has {HEAD}: install the newer version"
        )
    if revision < HEAD:
        upgrade(url)
        with engine.begin() as connection:
            evidence.take(connection, home)
    try:
        with engine.connect() as connection:
            inventory.with_the_ledger(home, known, connection)
    except Stopped:
        engine.dispose()
        raise
    return engine


@contextmanager
def ledger_of(home: Home) -> Iterator[Engine]:
    """`open_ledger` for as long as it is used."""
    engine = open_ledger(home)
    try:
        yield engine
    finally:
        engine.dispose()


def _revision(connection: Connection) -> str:
    """The revision of a ledger; blank for one that was made before revisions were kept, or is not made yet."""
    if not inspect(connection).has_table("alembic_version"):
        return ""
    return connection.exec_driver_sql("select version_num from alembic_version").scalar() or ""


def _sqlite_settings(connection: Any, _record: Any) -> None:
    # WAL: `cpai status` reads while a run writes. 30 s: a quarter's receipts are written one by one, each in
    # milliseconds, so a writer that waits longer than that is stuck and should fail.
    # 64 MB of pages: with SQLite's 2 a file of 93,000 readings took 18 s of processor time, and 14 with these.
    for pragma in ("foreign_keys=on", "busy_timeout=30000", "journal_mode=wal", "cache_size=-65536"):
        connection.execute(f"pragma {pragma}")
