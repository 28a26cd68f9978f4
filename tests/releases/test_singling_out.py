"""What a release has less of than the warehouse, and what it says of who can be singled out."""

import json
import re

import duckdb
import pytest
from small_home import Gate, change, describe_models, make_home
from some import some

from orchestration.home import seed_rows
from orchestration.releases import feeds, publish, singling_out
from orchestration.releases.package import NotPublishable

POLICY = seed_rows("publication/coarsening.csv")


@pytest.mark.parametrize("column", ["recorded_on date", "seen_at timestamp", "local_authority varchar"])
def test_a_day_or_a_local_authority_of_a_record_is_not_published(home, column):
    change(home, f"alter table marts.fct_crimes add column {column}")
    describe_models(home)
    with pytest.raises(NotPublishable, match=f"has the column {column.split()[0]} beside crime_reference"):
        publish.publish(home, "2023", Gate())
    assert list(home.releases.iterdir()) == []


def test_a_day_of_what_is_no_record_is_published(home):
    change(home, "alter table marts.dim_force add column since date")
    describe_models(home)
    assert publish.publish(home, "2023", Gate()).name == "2023.r1"


def test_a_release_says_in_a_table_and_on_its_page_how_many_records_are_unique(tmp_path):
    home = make_home(tmp_path)
    # one crime of its own, all others alike by force, month, offence and setting
    change(
        home,
        "update marts.fct_crimes set location_type = 'hotel' "
        "where force = 'kent' and crime_reference = '2023-Q1/0'",
    )
    path = publish.publish(home, "2023", Gate()).path
    with duckdb.connect(str(path / "marts.duckdb"), read_only=True) as marts:
        cursor = marts.execute("from quality.singling_out")
        names = [column[0] for column in cursor.description]
        found = {row[0]: dict(zip(names, row, strict=True)) for row in cursor.fetchall()}
    crimes = found["crime_by_month"]
    assert crimes["known"] == "force month offence_code location_type" and crimes["who_knows_it"]
    # 3 forces, 4 quarters, 4 crimes each: groups of 4, but for 1 and 3 of kent's first
    assert [crimes[name] for name in ("k", "records", "unique_records", "below_k", "smallest_k")] == [
        singling_out.smallest_allowed(),
        48,
        1,
        48,
        1,
    ]
    head = json.loads((path / "manifest.json").read_text())
    assert {row["set"]: row["unique_records"] for row in head["singling_out"]} == {
        name: row["unique_records"] for name, row in found.items()
    }
    page = " ".join((path / "quality" / "index.html").read_text().split())
    section = page[page.index("Who can be singled out") :]
    row = re.search(r"<th scope=\"row\">crime by month</th>(.*?)</tr>", section, re.IGNORECASE)
    assert row
    cells = re.findall(r"<td[^>]*>(.*?)</td>", row[1])
    assert [re.sub("<.*?>", "", cell) for cell in cells] == [crimes["known"], "48", "1", "48", "1"]
    dictionary = json.loads((path / "datapackage.json").read_text())["resources"]
    assert "quality.singling_out" in {one["name"] for one in dictionary}


def test_every_policy_is_of_an_audience_and_of_a_treatment_that_is_known():
    for row in some(POLICY):
        assert row["audience"] in {singling_out.RELEASE, *feeds.names()}
        assert row["treatment"] in {*singling_out.NOT_THERE, singling_out.KEEP, singling_out.MERGE}
        assert row["why"]


def test_each_set_is_measured_for_somebody(home):
    """A set of which a column is not there is left out: none may be left out everywhere."""
    path = publish.publish(home, "2023", Gate()).path
    with duckdb.connect(str(path / "marts.duckdb"), read_only=True) as marts:
        measured = {
            name for (name,) in marts.execute("select identifying_set from quality.singling_out").fetchall()
        }
    every = {row["identifying_set"] for row in seed_rows("publication/identifying_sets.csv")}
    assert {name for name in every if name.endswith("_by_day")} == every - measured - IN_FULL
    assert len(measured) >= 6


# the persons of a small home have fewer columns
IN_FULL = {"victim_in_full", "suspect_in_full"}
