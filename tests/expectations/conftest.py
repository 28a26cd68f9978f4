"""One made-up home with every exemplar in it, built once by dbt; tests change copies of its warehouse."""

import shutil
from collections.abc import Callable

import duckdb
import pytest
from exemplar_home import RECEIVED, query, write

from orchestration.home import DBT_PROJECT, Home

JUDGEMENTS = ("judgements_in_a_return", "judgements_across_returns", "judgements_after_reading")


@pytest.fixture(scope="session")
def built(tmp_path_factory) -> Home:
    """The home after dbt: seeds and models, no tests; every candidate read once."""
    from dbt.adapters.duckdb.connections import DuckDBConnectionManager
    from dbt.cli.main import dbtRunner

    home = Home(tmp_path_factory.mktemp("exemplars"))

    def dbt(*words: str) -> None:
        folders = ["--project-dir", DBT_PROJECT, "--profiles-dir", DBT_PROJECT]
        folders += ["--target-path", home.dbt / "target", "--log-path", home.dbt / "logs"]
        with pytest.MonkeyPatch.context() as patch:
            patch.setenv("CPAI_WAREHOUSE", str(home.warehouse))
            patch.setenv("CPAI_RAW", str(home.raw))
            patch.setenv("CPAI_TOKEN_KEY", "key of the tests")
            try:
                outcome = dbtRunner().invoke([*words, "--quiet", *map(str, folders)])
            finally:
                DuckDBConnectionManager.close_all_connections()
        assert outcome.success, [f"{row.node.name}: {row.message}" for row in outcome.result or ()]

    write(home, [])
    dbt("build", "--exclude-resource-type", "test", "unit_test", "--select", "+cocad_candidates")
    with duckdb.connect(str(home.warehouse), read_only=True) as connection:
        candidates = connection.execute(
            "select force, crime_reference, version from cocad.cocad_candidates"
        ).fetchall()
    readings = [
        {"reading_id": number, "force": force, "crime_reference": reference, "version": version}
        | {"role": "first", "reader": "reader-1", "read_at": RECEIVED, "group_based": "yes"}
        | {"network_definition": "yes", "offenders_read": 3, "criterion": "other", "confidence": "high"}
        | {"committed_by_children": "no", "imported_at": RECEIVED, "source_file": "made up"}
        for number, (force, reference, version) in enumerate(candidates, start=1)
    ]
    write(home, readings)
    dbt("build", "--exclude-resource-type", "test", "unit_test", "--exclude", "+cocad_candidates")
    return home


@pytest.fixture
def copy(built, tmp_path) -> Callable[..., Home]:
    """`copy("update …")` gives a home whose warehouse is a copy, changed by these statements."""

    def changed(*statements: str) -> Home:
        # the same file name: compiled models name the database after it
        shutil.copy(built.warehouse, tmp_path / "warehouse.duckdb")
        home = Home(tmp_path)
        with duckdb.connect(str(home.warehouse)) as connection:
            for statement in statements:
                connection.execute(statement)
        return home

    return changed


@pytest.fixture
def judged(built, copy) -> Callable[..., Home]:
    """`judged("update …")` gives a changed copy whose findings and rule results were made anew from it."""
    compiled = built.dbt / "target" / "compiled" / "cpai" / "models" / "quality"
    remade = [
        f"create or replace table quality.{model} as {(compiled / f'{model}.sql').read_text()}"
        for model in (*JUDGEMENTS, "rule_results")
    ]
    return lambda *statements: copy(*statements, *remade)


@pytest.fixture
def rows() -> Callable[[Home, str], list[tuple]]:
    """`rows(home, "select …")` gives tuples, through a connection that is closed again."""
    return query
