"""Years one after the other, delivered as they came: across the change of scheme, and over a decade."""

from pathlib import Path

import duckdb
import pyarrow.parquet as pq
import pytest
from delivered import Delivered
from some import some


def true_cocad(made: Path, year: str, until: str) -> list[tuple]:
    """The same by the truth, which has in it what returns until the last quarter cancel."""
    crimes = pq.read_table(made / "truth" / "crimes.parquet").to_pylist()
    return sorted(
        (crime["quarter"], crime["force"], crime["crime_reference"])
        for crime in some(crimes)
        if crime["is_cocad"] and crime["quarter"].startswith(year) and crime["quarter"] <= until
    )


@pytest.mark.proof
@pytest.mark.xdist_group("years")
def test_a_quarter_on_each_side_of_the_change_of_scheme(tmp_path, parsed):
    years = Delivered(tmp_path, "2023-2024", 0.002, parsed)
    for step in ("2023-Q4", "2024-Q1"):
        years.deliver(step)
        years.publish(step)
    # nothing of the quarters that did not come is needed, and nobody has cancelled later what is true now
    truth = {one[1:] for one in true_cocad(years.made, "2024-Q1", "2024-Q1")}
    found = {one[1:] for one in years.cocad()}
    assert truth and truth <= found
    with duckdb.connect(str(years.home.releases / "current" / "marts.duckdb"), read_only=True) as marts:
        schemes = marts.execute(
            "select distinct scheme from marts.figures where breakdown = 'criterion'"
        ).fetchall()
    assert ("2024",) in schemes


@pytest.mark.proof
@pytest.mark.xdist_group("decade")
def test_twelve_years_quarter_by_quarter_and_each_year_published(tmp_path, parsed):
    years = Delivered(tmp_path, "2014-2025", 0.02, parsed)
    *quarters, last = years.steps
    assert len(quarters) == 48 and last == "refresh"
    for quarter in quarters:
        years.deliver(quarter)
        # a year whose last return came late is published when it has come
        if quarter.endswith("Q1") and quarter > "2014-Q1":
            years.publish(str(int(quarter[:4]) - 1))
    years.publish("2025")
    assert years.cocad() == true_cocad(years.made, "2025", "2025-Q4")
    years.deliver("refresh")
    years.publish("2024")
    assert len(years.cocad()) > len(true_cocad(years.made, "2024", "2024-Q4"))
