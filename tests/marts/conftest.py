"""A warehouse whose marts dbt builds over the hand-made year of 2023; nothing below the marts is run."""

from pathlib import Path

import duckdb
import hand_made_year
import pytest

from orchestration.home import DBT_PROJECT, home
from orchestration.returns.recorded_crime import receive
from orchestration.warehouse import history
from orchestration.warehouse.dbt import environment

OURS = [
    *("resource_type:seed", "path:models/marts"),
    *("stg_police_recorded_crime", "int_police_recorded_crime", "recorded_crime_revisions", "reconciliation"),
    *("rule_result_history", "release_history", "cocad_scheme_criteria", "cocad_counted_flags"),
]


@pytest.fixture(scope="session")
def built(tmp_path_factory, parsed) -> tuple[Path, Path]:
    """(warehouse file, folder of compiled SQL)"""
    from dbt.adapters.duckdb.connections import DuckDBConnectionManager
    from dbt.cli.main import dbtRunner
    from dbt.contracts.graph.manifest import Manifest

    made = home(tmp_path_factory.mktemp("marts"))
    with duckdb.connect(str(made.warehouse)) as connection:
        hand_made_year.write(connection)
        for name, verdict in hand_made_year.RELEASES:
            connection.execute(
                "update quality.rule_results set verdict = ? where quarter = '2023-Q4'", [verdict]
            )
            _, kept_at = history.keep(made, connection)
            head = {"release": name, "period": "2023", "created_at": kept_at, "results_kept_at": kept_at}
            history.keep_release(made, head)
    receive(made)
    target = made.root / "target"
    words = ["--quiet", "--no-use-colors", "--project-dir", DBT_PROJECT, "--profiles-dir", DBT_PROJECT]
    words += ["--target-path", target, "--log-path", made.root / "logs"]
    # the models below exist as tables only: their own tests are left out, and unit tests run with every build
    build = ["build", "--indirect-selection", "cautious", "--exclude-resource-type", "unit_test"]
    with environment(made):
        try:
            for step in (
                [*build, "--select", *OURS, "path:tests/marts"],
                ["compile", "--select", "resource_type:analysis"],
            ):
                manifest = Manifest.from_msgpack((parsed / "partial_parse.msgpack").read_bytes())
                outcome = dbtRunner(manifest=manifest).invoke([str(word) for word in [*step, *words]])
                failed = [
                    f"{r.node.name}: {r.status}"
                    for r in outcome.result or []
                    if str(r.status) in ("fail", "error")
                ]
                assert outcome.success, failed or outcome.exception
        finally:
            DuckDBConnectionManager.close_all_connections()
    return made.warehouse, target / "compiled" / "cpai"


@pytest.fixture(scope="session")
def marts(built):
    """The built warehouse, read only."""
    with duckdb.connect(str(built[0]), read_only=True) as connection:
        # as publishing does: views of what outlives the warehouse read by relative path
        connection.execute(f"set file_search_path = '{built[0].parent / 'raw'}'")
        yield connection
