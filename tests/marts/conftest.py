"""A warehouse whose marts dbt builds over the hand-made year of 2023; nothing below the marts is run."""

from pathlib import Path

import duckdb
import hand_made_year
import pytest
from by_hand import failed, run_dbt

from orchestration.home import home
from orchestration.returns.recorded_crime import receive
from orchestration.warehouse import history

OURS = [
    *("resource_type:seed", "path:models/marts"),
    *("stg_police_recorded_crime", "int_police_recorded_crime", "recorded_crime_revisions", "reconciliation"),
    *("rule_result_history", "release_history", "cocad_scheme_criteria", "cocad_counted_flags"),
]


@pytest.fixture(scope="session")
def built(tmp_path_factory, parsed) -> tuple[Path, Path]:
    """(warehouse file, folder of compiled SQL)"""
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
    # the models below exist as tables only: their own tests are left out, and unit tests run with every build
    only = ["--indirect-selection", "cautious", "--exclude-resource-type", "unit_test"]
    assert failed(run_dbt(made, parsed, "build", *only, "--select", *OURS, "path:tests/marts")) == []
    run_dbt(made, parsed, "compile", "--select", "resource_type:analysis")
    return made.warehouse, made.dbt / "target" / "compiled" / "cpai"


@pytest.fixture(scope="session")
def marts(built):
    """The built warehouse, read only."""
    with duckdb.connect(str(built[0]), read_only=True) as connection:
        # as publishing does: views of what outlives the warehouse read by relative path
        connection.execute(f"set file_search_path = '{built[0].parent / 'raw'}'")
        yield connection
