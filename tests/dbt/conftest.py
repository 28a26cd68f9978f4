"""One synthetic home, built twice by dbt in this process: as first received, and after a resubmission."""

import duckdb
import pytest
from received_records import FIRST, SUBMISSIONS, write_raw

from orchestration.home import DBT_PROJECT, Home


@pytest.fixture(scope="session")
def folder(tmp_path_factory):
    return tmp_path_factory.mktemp("home")


@pytest.fixture(scope="session")
def dbt(folder, parsed):
    """Runs dbt on the home: `dbt("build")` gives what failed."""
    from dbt.adapters.duckdb.connections import DuckDBConnectionManager
    from dbt.cli.main import dbtRunner
    from dbt.contracts.graph.manifest import Manifest

    def run(command: str, *options: str) -> list[str]:
        home = Home(folder)
        words = [command, "--quiet", "--indirect-selection", "cautious", *options, "--select"]
        words += ["+path:models/intermediate", "+path:models/cpai", "+path:models/cocad"]
        words += ["+returns", "+balance", "+exclusions", "+unmapped_codes"]
        for option, path in (
            ("--project-dir", DBT_PROJECT),
            ("--profiles-dir", DBT_PROJECT),
            ("--target-path", folder / "target"),
            ("--log-path", folder / "logs"),
        ):
            words += [option, str(path)]
        with pytest.MonkeyPatch.context() as patch:
            patch.setenv("CPAI_WAREHOUSE", str(home.warehouse))
            patch.setenv("CPAI_RAW", str(home.raw))
            patch.setenv("CPAI_TOKEN_KEY", "key of the tests")
            try:
                manifest = Manifest.from_msgpack((parsed / "partial_parse.msgpack").read_bytes())
                outcome = dbtRunner(manifest=manifest).invoke(words)
            finally:
                DuckDBConnectionManager.close_all_connections()
        if outcome.exception:
            raise outcome.exception
        results = outcome.result.results
        return [f"{row.node.name}: {row.message}" for row in results if row.status not in ("success", "pass")]

    return run


@pytest.fixture(scope="session")
def tables(folder):
    """`tables("select …")` gives tuples, through a connection that is closed again."""

    def rows(statement: str) -> list[tuple]:
        with duckdb.connect(str(Home(folder).warehouse), read_only=True) as connection:
            return connection.execute(statement).fetchall()

    return rows


@pytest.fixture(scope="session")
def first_build(folder, dbt, tables):
    """The home as first received and unread. Gives the candidates' versions by crime reference."""
    write_raw(folder, FIRST, SUBMISSIONS)
    assert dbt("build") == []
    return dict(tables("select crime_reference, version from cocad.cocad_candidates"))
