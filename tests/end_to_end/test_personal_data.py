"""Names that a whole year's returns carry are in no release, warehouse, ledger, log or event of it."""

import re

import duckdb
import pytest
from some import some

pytestmark = pytest.mark.xdist_group("year")  # one worker builds the year once

# every synthetic name is written so, and nothing else is
NAME = r"(Surname|Forename)\d{2}"
MAY_HOLD_THEM = ("landing", "archive", "raw")


def test_names_stay_in_the_archive_and_the_raw_records(year):
    holding = {
        path.relative_to(year.home.root).parts[0]
        for path in year.home.root.rglob("*")
        if path.is_file() and re.search(NAME.encode(), path.read_bytes())
    }
    assert "raw" in holding  # of the workbooks that they came in the bytes are compressed
    assert holding <= set(MAY_HOLD_THEM)
    assert not any(re.search(NAME, said.output) for said in year.said.values())


@pytest.mark.parametrize("database", ["warehouse.duckdb", "releases/current/marts.duckdb"])
def test_names_are_in_no_cell_of_a_database(year, database):
    """Its file's bytes are compressed, so the cells are looked at too."""
    with duckdb.connect(str(year.home.root / database), read_only=True) as connection:
        tables = connection.execute(
            "select schema_name, table_name from duckdb_tables() where not internal"
        ).fetchall()
        assert len(tables) > 5
        for schema, table in some(tables):
            (rows,) = connection.execute(
                f'select count(*) from (select cast(t as varchar) as cells from "{schema}"."{table}" as t) '
                f"where regexp_matches(cells, '{NAME}')"
            ).fetchone()
            assert rows == 0, f"{schema}.{table}"


def test_no_file_of_the_home_is_open_to_another_user(year):
    found = [path for path in year.home.root.rglob("*") if not path.is_symlink()]
    assert len(found) > 1000
    # what a force delivered has the modes that it came with: the folder of the home keeps others out
    ours = [path for path in found if "landing" not in path.relative_to(year.home.root).parts]
    assert [path for path in ours if path.stat().st_mode & 0o077] == []
    assert year.home.root.stat().st_mode & 0o077 == 0
