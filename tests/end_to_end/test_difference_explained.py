"""One record is changed by force: the difference of two releases is exactly its figures, and names the record and why."""

import csv
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path

import duckdb
import pytest
from some import some
from sqlalchemy import func, select

from orchestration.home import SEEDS, Home
from orchestration.ledger.opening import ledger_of
from orchestration.ledger.tables import readings
from orchestration.releases import attribution, members, verify
from orchestration.releases.diff import diff
from orchestration.releases.package import write_json

pytestmark = pytest.mark.xdist_group("year")  # one worker builds the year once
QUARTERS = [f"2023-Q{number}" for number in (1, 2, 3, 4)]
RELEASES = ("2023.r1", "2023.r2")
PICKED = "select force, quarter, crime_reference from fct_crimes where is_cocad and criterion = 'familial' order by all limit 1"


class Two:
    """A copy of the year's release, and another of it in which something is otherwise."""

    def __init__(self, year, root, monkeypatch) -> None:
        self.home = Home(root / "copied")
        self.folders = [self.home.releases / name for name in RELEASES]
        for folder in self.folders:
            shutil.copytree(year.home.releases / "2023.r1", folder)
        self.head(release="2023.r2")
        # they are copies, and their hashes are not what is asked here
        monkeypatch.setattr(verify, "differing", lambda *_: [])

    def head(self, **changed) -> None:
        file = self.folders[1] / "manifest.json"
        file.chmod(0o600)
        write_json(file, json.loads(file.read_text(encoding="utf-8")) | changed)

    def manifest(self) -> dict:
        return json.loads((self.folders[0] / "manifest.json").read_text(encoding="utf-8"))

    def change(self, *statements: str) -> None:
        """Change records of the second, and count its figures from them again."""
        file = self.folders[1] / "marts.duckdb"
        file.chmod(0o600)
        with duckdb.connect(str(file)) as marts:
            for statement in statements:
                marts.execute(statement)
            marts.execute(f"create temp table counted as from ({members.EVERY})")
            marts.execute(
                "update figures set numerator = counted.numerator_of_records, denominator = counted.denominator_of_records "
                f"from counted where {' and '.join(f'figures.{name} = counted.{name}' for name in members.KEY)}"
            )

    def rows(self, sql: str) -> list[tuple]:
        with duckdb.connect(str(self.folders[0] / "marts.duckdb"), read_only=True) as marts:
            return marts.execute(sql).fetchall()

    def differing(self) -> set[tuple]:
        return differing(*self.folders)


def differing(older: Path, newer: Path) -> set[tuple]:
    """Keys of the figures whose numbers differ, by nothing but the two tables of figures."""
    key = ", ".join(members.KEY)
    return unlike(older, newer, f"select {key}, numerator, denominator, percent from {{}}.figures", key)


def unlike(older: Path, newer: Path, rows: str, key: str) -> set[tuple]:
    """The keys of rows that one of two releases has and the other has not."""
    with duckdb.connect() as connection:
        for side, folder in zip("ab", (older, newer), strict=True):
            connection.execute(f"attach '{folder / 'marts.duckdb'}' as {side} (read_only)")
        of = [rows.format(side) for side in "ab"]
        found = f"({of[0]} except {of[1]}) union all ({of[1]} except {of[0]})"
        return set(connection.execute(f"select distinct {key} from ({found})").fetchall())


@pytest.fixture
def two(year, tmp_path, monkeypatch):
    return Two(year, tmp_path, monkeypatch)


@pytest.fixture
def read_again(year, tmp_path):
    """The published year, published again after an adjudicator has read one crime otherwise; that crime."""
    home = Home(tmp_path / "home")
    shutil.copytree(year.home.root, home.root, symlinks=True, ignore=shutil.ignore_patterns("packs"))
    again = replace(year, home=home)
    with duckdb.connect(str(home.releases / "2023.r1" / "marts.duckdb"), read_only=True) as marts:
        crime = marts.execute(PICKED).fetchone()
    force, quarter, reference = crime
    with (home.root / "readings" / f"{quarter}.csv").open(encoding="utf-8", newline="") as text:
        before = next(
            row
            for row in csv.DictReader(text)
            if (row["force"], row["crime_reference"]) == (force, reference)
        )
    answer = before | {
        "role": "adjudicator",
        "reader": "reader-14",
        "read_at": "2024-02-01T09:00:00Z",
        "criterion": "cse",
        "runner_up": "",
        "reason": "two or more offenders; read again",
    }
    file = tmp_path / "again.csv"
    with file.open("w", encoding="utf-8", newline="") as text:
        writer = csv.DictWriter(text, answer)
        writer.writeheader()
        writer.writerow(answer)
    again.json("read", "import", str(file))
    again.json("publish", "2023")
    return again, crime


# a publication more than the year
@pytest.mark.proof
def test_a_reading_that_changed_moves_its_figures_and_no_other_and_is_named(read_again, tmp_path):
    year, (force, quarter, reference) = read_again
    file = tmp_path / "moved.csv"
    found = year.json("diff", *RELEASES, "--records", str(file))
    older, newer = (year.home.releases / name for name in RELEASES)
    assert keys_of(some(found)) == differing(older, newer)
    assert all(row["accounted"] for row in found)
    with ledger_of(year.home) as engine, engine.connect() as ledger:
        last = ledger.execute(select(func.max(readings.c.reading_id))).scalar_one()
    named = f"readings (adjudicator {last})"
    assert {cause.partition(": ")[0] for row in found for cause in row["causes"]} == {named}
    with duckdb.connect(str(newer / "marts.duckdb"), read_only=True) as marts:
        (region,) = marts.execute("select region from dim_force where force = ?", [force]).fetchone()
        of_crime = "from {} where (force, quarter, crime_reference) = (?, ?, ?)"
        crime = [force, quarter, reference]
        (month,) = marts.execute(f"select month {of_crime.format('fct_crimes')}", crime).fetchone()
        persons = {
            (unit, str(number))
            for unit in ("victim", "suspect")
            for (number,) in marts.execute(
                f"select {unit}_number {of_crime.format(f'fct_{unit}s')}", crime
            ).fetchall()
        }
    # one crime fewer of the one criterion and one more of the other, wherever it is counted
    moved = {
        (row["figure_id"], row["place"], row["period"]): row["numerator_after"] - row["numerator_before"]
        for row in found
        if row["figure_id"] in ("cocad.familial.crime.total.all", "cocad.cse.crime.total.all")
    }
    assert moved == {
        (f"cocad.{criterion}.crime.total.all", place, period): by
        for criterion, by in (("familial", -1), ("cse", 1))
        for place in (force, region, "England and Wales")
        for period in ("2023", quarter)
    }
    assert {row["place"] for row in found} == {force, region, "England and Wales"}
    assert {row["period"] for row in found} == {"2023", quarter, month}
    # down to records: the crime and the persons on it, and no other record of the release is otherwise
    assert unlike(
        older,
        newer,
        "select * from {}.fct_crimes",
        "force, quarter, crime_reference",
    ) == {(force, quarter, reference)}
    with file.open(encoding="utf-8", newline="") as text:
        rows = list(csv.DictReader(text))
    assert {(row["force"], row["quarter"], row["crime_reference"]) for row in rows} == {
        (force, quarter, reference)
    }
    assert {(row["unit"], row["person_number"]) for row in rows} == {("crime", ""), *persons}
    assert {row["cause"] for row in rows} == {named}


# the year is built again, and published
@pytest.mark.proof
def test_a_seed_that_changed_moves_its_figures_and_no_other_and_is_named(year, tmp_path):
    home, project = Home(tmp_path / "home"), tmp_path / "project"
    shutil.copytree(year.home.root, home.root, symlinks=True, ignore=shutil.ignore_patterns("packs"))
    for folder in ("orchestration", "expectations", "dbt_project", "seeds"):
        ignored = shutil.ignore_patterns("target", "__pycache__")
        shutil.copytree(SEEDS.parent / folder, project / folder, ignore=ignored)
    bands = project / "seeds" / "age_bands.csv"
    text = bands.read_text(encoding="utf-8")
    for before, now in (("18_to_29,18,29", "18_to_29,18,24"), ("30_to_39,30,39", "30_to_39,25,39")):
        assert text.count(before) == 1
        text = text.replace(before, now)
    bands.write_text(text, encoding="utf-8")
    # a release of recorded crime is refused in this year, which the run says by 1
    for words, code in ((["run", *QUARTERS], 1), (["publish", "2023"], 0)):
        done = subprocess.run(
            [sys.executable, "-m", "orchestration", "--home", str(home.root), *words],
            cwd=project,
            env=os.environ | {"PYTHONPATH": os.pathsep.join([str(project), os.environ["PYTHONPATH"]])},
            capture_output=True,
            text=True,
        )
        assert done.returncode == code, done.stderr[-2000:]
    found = some(replace(year, home=home).json("diff", *RELEASES))
    older, newer = (home.releases / name for name in RELEASES)
    assert keys_of(found) == differing(older, newer)
    assert all(row["accounted"] for row in found)
    # those of 25 to 29 years, and nobody else; of a split whose shares are rounded to make 100 others move with them
    counted = [row for row in found if row["numerator_before"] != row["numerator_after"]]
    assert causes(some(counted)) == {"seeds/age_bands.csv"}
    assert causes(row for row in found if row not in counted) <= {
        "seeds/age_bands.csv",
        "no record of it moved",
    }
    with duckdb.connect(str(newer / "marts.duckdb"), read_only=True) as marts:
        of = dict(marts.execute("select figure_id, unit || ' ' || category from figures").fetchall())
    assert {of[row["figure_id"]] for row in counted} == {"suspect 18_to_29", "suspect 30_to_39"}


def causes(rows: Iterable[dict]) -> set[str]:
    return {cause.partition(": ")[0] for row in rows for cause in row["causes"]}


def keys_of(rows: list[dict]) -> set[tuple]:
    return {tuple(row[name] for name in members.KEY) for row in rows}


def test_one_crime_read_otherwise_is_exactly_its_figures(two, tmp_path):
    ((force, quarter, reference),) = two.rows(PICKED)
    two.change(
        f"update fct_crimes set criterion = 'cse', criterion_2024 = 'cse' where force = '{force}' "
        f"and crime_reference = '{reference}'"
    )
    two.head(last_of_reading_chain={**two.manifest()["last_of_reading_chain"], "reading_id": 10**6})
    # a copy has no readings: the release's own code stands in for them
    two.head(code_sha256="0" * 64, code_commit="fff")
    file = tmp_path / "moved.csv"
    found = diff(two.home, *RELEASES, records=file)
    assert keys_of(found) == two.differing() and len(found) > 50
    places = {row["place"] for row in found}
    assert force in places and len(places) == 3
    assert all(row["accounted"] and row["causes"] for row in found)
    cse = next(
        row
        for row in found
        if (row["figure_id"], row["place"], row["period"]) == ("criterion.cse", force, quarter)
    )
    assert cse["causes"] == [f"code {two.manifest()['code_commit']}, now fff: 1 record came, 0 left"]
    with file.open(newline="", encoding="utf-8") as text:
        moved = list(csv.DictReader(text))
    assert list(moved[0]) == list(attribution.COLUMNS)
    assert {(row["force"], row["crime_reference"]) for row in moved} == {(force, reference)}
    # the crime itself, and the persons on it
    assert {row["unit"] for row in moved} >= {"crime", "suspect"} or {row["unit"] for row in moved} >= {
        "crime",
        "victim",
    }


def test_a_person_counted_otherwise_by_a_return_sent_again(two):
    ((force, quarter, reference, number),) = two.rows(
        "select force, quarter, crime_reference, suspect_number from fct_suspects "
        "semi join (from fct_crimes where is_cocad) using (force, quarter, crime_reference) "
        "where gender = 'male' order by all limit 1"
    )
    two.change(
        f"update fct_suspects set gender = 'female' where force = '{force}' and crime_reference = '{reference}' "
        f"and suspect_number = {number}"
    )
    key, sent = (force, quarter), two.manifest()["submissions"]
    (before,) = {row["submission"] for row in sent if (row["force"], row["quarter"]) == key}
    again = [
        row | {"submission": before + 1} if (row["force"], row["quarter"]) == key else row for row in sent
    ]
    two.head(submissions=again)
    found = some(diff(two.home, *RELEASES))
    assert keys_of(found) == two.differing() and all(row["accounted"] for row in found)
    of = dict(two.rows("select figure_id, unit || ' ' || breakdown from figures"))
    assert {of[row["figure_id"]] for row in found} == {"suspect gender"}
    said = f"{force} {quarter}: submission {before}, now submission {before + 1}"
    assert {": ".join(cause.split(": ")[:2]) for row in found for cause in row["causes"]} == {said}


def test_a_change_of_a_rule_names_the_model_and_the_seed(two):
    ((force, _, reference),) = two.rows(PICKED)
    two.change(f"delete from fct_crimes where force = '{force}' and crime_reference = '{reference}'")
    two.head(
        seeds=two.manifest()["seeds"] | {"offences.csv": "0" * 64, "waivers.csv": "0" * 64},
        code_sha256="1" * 64,
    )
    file = two.folders[1] / "lineage" / "dbt_manifest.json"
    file.chmod(0o600)
    dbt = json.loads(file.read_text(encoding="utf-8"))
    node = next(node for node in dbt["nodes"].values() if node["name"] == "cpai_classified_crimes")
    node["raw_code"] += " "
    file.write_text(json.dumps(dbt), encoding="utf-8")
    found = diff(two.home, *RELEASES)
    assert keys_of(found) == two.differing()
    (cause,) = {cause.partition("; code ")[0] for row in found for cause in row["causes"]}
    assert cause == "seeds/offences.csv; models/cpai/cpai_classified_crimes.sql"


def test_a_figure_that_its_records_do_not_make_up_is_said(two):
    two.change()
    with duckdb.connect(str(two.folders[1] / "marts.duckdb")) as marts:
        marts.execute(
            "update figures set numerator = numerator + 1 "
            "where figure_id = 'scale.cpai' and place = 'kent' and period = '2023-Q1'"
        )
    (row,) = some(diff(two.home, *RELEASES))
    assert row["accounted"] is False and row["causes"] == [attribution.BESIDE]


def test_releases_that_list_no_records_are_compared_as_before(two):
    two.change()
    with duckdb.connect(str(two.folders[1] / "marts.duckdb")) as marts:
        marts.execute(
            "update figures set numerator = numerator + 1 where figure_id = 'scale.cpai' and place = 'kent'"
        )
        marts.execute("drop view figure_members")
    rows = some(diff(two.home, *RELEASES))
    assert {row["accounted"] for row in rows} == {None} and "cannot be led to records" in rows[0]["causes"][0]
    assert diff(two.home, "2023.r1", "2023.r1") == []
