"""Rule results of a year that is over become one file, without a row lost or told twice, killed or not."""

import re
import shutil

import duckdb
import pytest
from killed_at_a_line import kill_at, steps_of
from some import some

from orchestration.home import DBT_PROJECT, Home
from orchestration.warehouse import history

# as `keep` names them: by the moment of their rows
MOMENTS = [
    f"{year}-0{month}-15T09:00:00.00000{month}+00:00" for year in (2021, 2022, 2023) for month in (1, 2, 3)
]
VIEW = DBT_PROJECT / "models" / "quality" / "rule_result_history.sql"


@pytest.fixture
def home(tmp_path):
    made = Home(tmp_path / "home")
    history.prepare(made)
    for number, moment in enumerate(MOMENTS):
        with duckdb.connect() as connection:
            connection.execute(
                f"create table rows as select 'CR' || range as rule, 'kent' as force, '2021-Q1' as quarter, "
                f"'{moment}' as kept_at, 9 as tested, {number} as failed, 0 as also_reported, 0 as waived, "
                "'pass' as verdict from range(3)"
            )
            file = made.history / "rule_results" / f"{moment.replace(':', '').replace('+0000', 'Z')}.parquet"
            connection.execute(f"copy rows to '{file}' (format parquet)")
    return made


def read(home):
    """As the warehouse's own view of it reads."""
    source = f"read_parquet('{home.history}/rule_results/*.parquet', hive_partitioning = false)"
    sql = re.sub(r"\{\{ config.*?\}\}", "", VIEW.read_text())
    sql = sql.replace("{{ source('history', 'rule_results') }}", source)
    assert "{{" not in sql
    return duckdb.sql(f"from ({sql}) order by all").fetchall()


def names(home):
    return sorted(path.name for path in (home.history / "rule_results").iterdir())


def test_years_that_are_over_become_one_file_each(home):
    before = read(home)
    assert len(before) == 27
    assert history.one_file_a_year(home, 2023) == 6
    assert names(home)[:2] == ["2021.parquet", "2022.parquet"] and len(names(home)) == 2 + 3 + 1
    assert read(home) == before
    assert history.one_file_a_year(home, 2023) == 0
    assert history.one_file_a_year(home, 2024) == 3
    assert read(home) == before and len(names(home)) == 3 + 1


def test_a_result_that_comes_late_joins_the_file_of_its_year(home):
    late = names(home)[0]
    shutil.move(home.history / "rule_results" / late, home.root / late)
    assert history.one_file_a_year(home, 2022) == 2
    shutil.move(home.root / late, home.history / "rule_results" / late)
    before = read(home)
    assert history.one_file_a_year(home, 2022) == 1
    assert read(home) == before and len(before) == 27


def test_what_a_release_was_made_from_is_found_in_the_file_of_its_year(home):
    history.one_file_a_year(home, 2023)
    assert [history.lost(home, {"results_kept_at": moment}) for moment in some(MOMENTS)] == [[]] * 9
    gone = "2021-05-01T09:00:00.000001+00:00"
    assert "is missing: restore it" in history.lost(home, {"results_kept_at": gone})[0]
    (home.history / "rule_results" / "2022.parquet").write_bytes(b"damaged")
    assert [bool(history.lost(home, {"results_kept_at": moment})) for moment in MOMENTS[2:7]] == [
        False,
        True,
        True,
        True,
        False,
    ]


def test_killed_anywhere_no_row_is_lost_or_told_twice(home, tmp_path):
    right = read(home)

    def copied(name):
        shutil.copytree(home.root, tmp_path / name)
        return Home(tmp_path / name)

    both = 0
    for at in some(range(1, steps_of(history.one_file_a_year, copied("calm"), 2023) + 1, 10)):
        again = copied(str(at))
        kill_at(at, history.one_file_a_year, again, 2023)
        assert read(again) == right, f"killed at step {at}"
        both += "2021.parquet" in names(again) and any(name.startswith("2021-") for name in names(again))
        history.one_file_a_year(again, 2023)
        assert read(again) == right and len([name for name in names(again) if name[0] == "2"]) == 2 + 3
    assert both, "never killed between the writing of a year and the end of its files"
