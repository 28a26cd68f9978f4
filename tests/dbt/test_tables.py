"""dbt's table materialization as this project uses it: whole or as it was, and held against its contract."""

import duckdb
import pytest

from orchestration.home import DBT_PROJECT

PROJECT = f"""
name: cpai
config-version: 2
profile: cpai
model-paths: [models]
macro-paths: ["{DBT_PROJECT / "macros"}"]
flags:
  send_anonymous_usage_stats: false
"""
PROFILE = """
cpai:
  target: home
  outputs:
    home: {type: duckdb, path: "%s"}
"""
CONTRACT = """
models:
  - name: counted
    config: {materialized: table, contract: {enforced: true}}
    columns:
      - {name: force, data_type: varchar}
      - {name: crimes, data_type: bigint}
"""


@pytest.fixture
def build(tmp_path):
    """Build a project of one model from its SQL; gives whether it succeeded, what dbt printed, and the table's rows."""
    from dbt.adapters.duckdb.connections import DuckDBConnectionManager
    from dbt.cli.main import dbtRunner

    warehouse = tmp_path / "warehouse.duckdb"
    (tmp_path / "models").mkdir()
    (tmp_path / "dbt_project.yml").write_text(PROJECT)
    (tmp_path / "profiles.yml").write_text(PROFILE % warehouse)
    (tmp_path / "models" / "counted.yml").write_text(CONTRACT)

    def run(sql: str) -> tuple[bool, str, list]:
        (tmp_path / "models" / "counted.sql").write_text(sql)
        folders = ["--project-dir", tmp_path, "--profiles-dir", tmp_path, "--log-path", tmp_path / "logs"]
        try:
            outcome = dbtRunner().invoke(["run", "--log-level", "none", *map(str, folders)])
        finally:
            DuckDBConnectionManager.close_all_connections()
        if outcome.exception:
            raise outcome.exception
        (result,) = outcome.result.results
        with duckdb.connect(str(warehouse), read_only=True) as connection:
            rows = connection.execute("select * from main.counted").fetchall()
        return outcome.success, result.message, rows

    return run


def test_a_table_that_cannot_be_made_leaves_the_one_before(build):
    good = "select 'kent' as force, cast(2 as bigint) as crimes"
    assert build(good)[::2] == (True, [("kent", 2)])
    # columns in another order are those of the contract
    assert build("select cast(3 as bigint) as crimes, 'kent' as force")[::2] == (True, [("kent", 3)])
    for broken in (
        "select 'kent' as force, cast(4 as integer) as crimes",  # another type
        "select 'kent' as force, cast(4 as bigint) as crimes, 1 as more",  # a column more
        "select 'kent' as force",  # a column less
        "select 'kent' as force, cast(error('no') as bigint) as crimes",  # the statement itself
    ):
        succeeded, said, rows = build(broken)
        assert not succeeded, broken
        assert rows == [("kent", 3)], broken
        assert "more" in said or "crimes" in said or "no" in said
    assert build(good)[::2] == (True, [("kent", 2)])


def test_a_view_becomes_a_table(build):
    assert build("{{ config(materialized='view') }} select 'kent' as force, cast(1 as bigint) as crimes")[0]
    assert build("select 'kent' as force, cast(2 as bigint) as crimes")[::2] == (True, [("kent", 2)])
