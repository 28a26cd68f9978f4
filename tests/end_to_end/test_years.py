"""Years one after the other, delivered as they came: across the change of scheme, and over a decade."""

import csv
import shutil
from collections import defaultdict
from pathlib import Path

import duckdb
import pyarrow.parquet as pq
import pytest
from click.testing import CliRunner, Result
from some import some

from orchestration.command import cpai
from orchestration.home import Home


class Delivered:
    """A home into which synthetic years are delivered step by step: quarters, and what came late or anew."""

    def __init__(self, root: Path, years: str, scale: float, parsed: Path) -> None:
        self.home, self.made = Home(root / "home"), root / "made"
        self.home.landing.mkdir(parents=True)
        shutil.copytree(parsed, self.home.dbt / "target")
        words = ["sample", "--years", years, "--scale", str(scale), "--into", str(self.made)]
        written = CliRunner().invoke(cpai, [*words, "--truth", str(self.made / "truth")])
        assert written.exit_code == 0, written.output
        self.steps: dict[str, list[str]] = defaultdict(list)
        with (self.made / "deliveries.csv").open(newline="") as file:
            for row in csv.DictReader(file):
                self.steps[row["delivered_with"]].append(row["path"])

    def cpai(self, *words: str) -> Result:
        return CliRunner().invoke(cpai, ["--home", str(self.home.root), *words])

    def deliver(self, step: str) -> None:
        """Land what came in a step, run the quarters that it touches, and import what was read."""
        touched, answers = set(), []
        for path in some(self.steps[step]):
            place = Path(path.removeprefix("refresh/"))
            if place.parts[0] == "readings":
                answers.append(str(self.made / path))
                continue
            shutil.copytree(self.made / path, self.home.root / place, dirs_exist_ok=True)
            touched |= {place.parts[1]} - {"recorded_crime"}
        ran = self.cpai("run", *sorted(touched))
        refused = [line for line in ran.output.splitlines() if "submission" in line and "refused:" in line]
        # the one delivery that is made to be refused; a later one of the same return may stand in its place
        assert not [line for line in refused if "cleveland" not in line], ran.output
        assert ran.exit_code == 0 or (ran.exit_code == 1 and refused), ran.output
        read = self.cpai("read", "import", *some(answers))
        assert read.exit_code == 0, read.output

    def publish(self, period: str) -> None:
        published = self.cpai("publish", period)
        assert published.exit_code == 0, published.output

    def cocad(self) -> list[tuple]:
        """Quarter, force and crime of the live release."""
        with duckdb.connect(str(self.home.releases / "current" / "marts.duckdb"), read_only=True) as marts:
            return marts.execute(
                "select quarter, force, crime_reference from marts.fct_crimes where is_cocad order by all"
            ).fetchall()


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
