"""A return of the next year cancels crimes of a published one: the release that stands is no longer what is counted."""

import csv
import json
import shutil
from dataclasses import replace

import duckdb
import pytest

from orchestration.home import Home

# a run and a publication more than the year: 45 s
pytestmark = [pytest.mark.proof, pytest.mark.xdist_group("year")]
FORCE = "cheshire"
CANCELLED = 2


def rows_of(home: Home, quarter: str, table: str) -> list[dict[str, str]]:
    file = home.landing / quarter / FORCE / f"{FORCE}_{quarter}_{table}.csv"
    with file.open(encoding="cp1252", newline="") as text:
        return list(csv.DictReader(text))


def write(home: Home, table: str, rows: list[dict[str, str]]) -> None:
    folder = home.landing / "2024-Q1" / FORCE
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / f"{FORCE}_2024-Q1_{table}.csv").open("w", encoding="cp1252", newline="") as text:
        writer = csv.DictWriter(text, rows[0])
        writer.writeheader()
        writer.writerows(rows)


def a_year_on(row: dict[str, str]) -> dict[str, str]:
    """A record of the first quarter of 2023 as one of 2024."""
    return {
        name: value.replace("/2023", "/2024").replace("23000", "24000").replace("INC23", "INC24")
        for name, value in row.items()
    }


@pytest.fixture
def later(year, tmp_path):
    """The published year, and a return of 2024-Q1 that cancels two counted crimes of 2023-Q4."""
    home = Home(tmp_path / "home")
    shutil.copytree(
        year.home.root, home.root, symlinks=True, ignore=shutil.ignore_patterns("packs", "recorded_crime")
    )
    with duckdb.connect(str(home.releases / "current" / "marts.duckdb"), read_only=True) as marts:
        counted = {
            reference
            for (reference,) in marts.execute(
                "select crime_reference from fct_crimes where force = ? and quarter = '2023-Q4'", [FORCE]
            ).fetchall()
        }
    gone = [row for row in rows_of(home, "2023-Q4", "crimes") if row["Occurrence Number"] in counted][
        :CANCELLED
    ]
    assert len(gone) == CANCELLED
    no_crime = {
        "Stats Class Status": "No Crime",
        "Cancellation Reason Code": "C2",
        "Cancelled Date": "20/01/2024",
    }
    for table in ("crimes", "victims", "suspects"):
        rows = [a_year_on(row) for row in rows_of(home, "2023-Q1", table)]
        write(home, table, rows + ([row | no_crime for row in gone] if table == "crimes" else []))
    return replace(year, home=home)


def nation(release) -> int:
    with duckdb.connect(str(release / "marts.duckdb"), read_only=True) as marts:
        (count,) = marts.execute(
            "select numerator from figures where figure_id = 'scale.cpai' and period = '2023' "
            "and place_type = 'national'"
        ).fetchone()
    return count


def test_the_next_release_counts_what_the_warehouse_counts_and_names_the_return(later):
    """Regression: the warehouse counted 60 crimes fewer, and publishing reported that nothing had changed."""
    before = nation(later.home.releases / "2023.r1")
    answer = later.cpai("run", "2024-Q1")
    assert answer.exit_code == 0, answer.output
    answer = later.cpai("publish", "2023")
    assert answer.exit_code == 0, answer.output
    assert "published 2023.r2" in answer.output and "cancelled by" in answer.output
    release = later.home.releases / "2023.r2"
    assert nation(release) == before - CANCELLED
    named = f"{FORCE} 2024-Q1 submission 1 cancels {CANCELLED} crimes of 2023-Q4"
    for place in (FORCE, "England and Wales"):
        told = later.json("explain", "scale.cpai", "--place", place)
        assert told["cancelled_by"] == [named]
        assert told["revisions"][1].endswith("(later_return)")
    differ = later.json("diff", "2023.r1", "2023.r2")
    (nationwide,) = [
        row for row in differ if (row["figure_id"], row["place"]) == ("scale.cpai", "England and Wales")
    ][:1]
    said = f"{FORCE} 2023-Q4: crimes cancelled by returns of later quarters: 0 records came, {CANCELLED} left"
    assert nationwide["causes"] == [said] and all(row["accounted"] for row in differ)
    head = json.loads((release / "manifest.json").read_text())
    assert [(row["by_quarter"], row["crimes"]) for row in head["cancelled_by"]] == [("2024-Q1", CANCELLED)]
    with duckdb.connect(str(release / "marts.duckdb"), read_only=True) as marts:
        causes = marts.execute(
            "select distinct cause from quality.figure_revisions where cause is not null"
        ).fetchall()
    assert causes == [("later_return",)]
    again = later.cpai("publish", "2023")
    assert again.exit_code == 0 and "nothing has changed since 2023.r2" in again.output
