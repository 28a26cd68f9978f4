"""Synthetic years that are delivered step by step, as returns come."""

import csv
import shutil
from collections import defaultdict
from pathlib import Path

import duckdb
from by_command import said
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
        self.delivered: list[str] = []
        with (self.made / "deliveries.csv").open(newline="") as file:
            for row in csv.DictReader(file):
                self.steps[row["delivered_with"]].append(row["path"])

    def cpai(self, *words: str) -> Result:
        return said(self.home, *words)

    def deliver(self, step: str) -> None:
        """Land what came in a step, run the quarters that it touches, and import what was read."""
        self.delivered.append(step)
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
        self.read(some(answers))

    def read(self, answers: list[str]) -> None:
        read = self.cpai("read", "import", *answers)
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
