"""One synthetic home, built twice by dbt in this process: as first received, and after a resubmission."""

import duckdb
import pytest
from by_hand import failed, run_dbt, write_raw
from received_records import FIRST, NAMES, SUBMISSIONS, named

from orchestration.home import Home


@pytest.fixture(scope="session")
def folder(tmp_path_factory):
    return tmp_path_factory.mktemp("home")


@pytest.fixture(scope="session")
def dbt(folder, parsed):
    """Runs dbt on the home: `dbt("build")` gives what failed."""

    def run(command: str, *options: str) -> list[str]:
        select = ["--indirect-selection", "cautious", "--select"]
        select += ["+path:models/intermediate", "+path:models/cpai", "+path:models/cocad"]
        select += ["+returns", "+balance", "+exclusions", "+unmapped_codes"]
        return failed(run_dbt(Home(folder), parsed, command, *options, *select))

    return run


@pytest.fixture(scope="session")
def tables(folder):
    """`tables("select …")` gives tuples, through a connection that is closed again; crimes by their names."""
    names = {named(name): name for name in NAMES}

    def rows(statement: str) -> list[tuple]:
        for reference, name in names.items():
            statement = statement.replace(f"crime_reference = '{name}'", f"crime_reference = '{reference}'")
        with duckdb.connect(str(Home(folder).warehouse), read_only=True) as connection:
            found = connection.execute(statement).fetchall()
        return [tuple(names.get(cell, cell) for cell in row) for row in found]

    return rows


@pytest.fixture(scope="session")
def first_build(folder, dbt, tables):
    """The home as first received and unread. Gives the candidates' versions by crime reference."""
    write_raw(Home(folder), FIRST, SUBMISSIONS)
    assert dbt("build") == []
    return dict(tables("select crime_reference, version from cocad.cocad_candidates"))
