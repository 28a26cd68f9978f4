"""The recipes of CONTRIBUTING.md, followed on a copy of the project: what they add comes out at a figure and a report."""

import csv
import os
import shutil
import subprocess
import sys
from pathlib import Path

import duckdb
import pytest
from written import crime, suspect, victim, write_return

from orchestration.releases import members
from orchestration.returns.layouts import layout_for

ROOT = Path(__file__).parents[2]
QUARTER = "2026-Q1"
PARTS = ("orchestration", "expectations", "dbt_project", "seeds")
IGNORED = shutil.ignore_patterns("__pycache__", "logs", "target")


class Branch:
    """A copy of the project that can be changed, and a home that its commands work in."""

    def __init__(self, folder: Path) -> None:
        self.project, self.home = folder / "project", folder / "home"
        for part in PARTS:
            shutil.copytree(ROOT / part, self.project / part, ignore=IGNORED)
        shutil.copy(ROOT / "pyproject.toml", self.project)
        self.files: set[str] = set()

    def rows(self, seed: str) -> list[dict[str, str]]:
        with (self.project / "seeds" / seed).open(newline="", encoding="utf-8") as file:
            return list(csv.DictReader(file))

    def write(self, seed: str, rows: list[dict[str, str]]) -> None:
        with (self.project / "seeds" / seed).open("w", newline="", encoding="utf-8") as file:
            writer = csv.DictWriter(file, rows[0], lineterminator="\n")
            writer.writeheader()
            writer.writerows(rows)
        self.files.add(f"seeds/{seed}")

    def add(self, seed: str, *added: dict[str, str]) -> None:
        rows = self.rows(seed)
        self.write(seed, [*rows, *(dict.fromkeys(rows[0], "") | row for row in added)])

    def text(self, path: str, old: str, new: str) -> None:
        file = self.project / path
        text = file.read_text(encoding="utf-8") if file.exists() else ""
        assert old in text
        file.write_text(text.replace(old, new, 1) if old else new, encoding="utf-8")
        self.files.add(path)

    def cpai(self, *words: str) -> str:
        ran = subprocess.run(
            [sys.executable, "-m", "orchestration", "--home", str(self.home), *words],
            cwd=self.project,
            env=os.environ | {"PYTHONPATH": str(self.project)},
            capture_output=True,
            text=True,
        )
        assert ran.returncode == 0, ran.stdout[-3000:] + ran.stderr[-3000:]
        return ran.stdout

    def rows_of(self, sql: str) -> list[tuple]:
        with duckdb.connect(str(self.home / "releases/current/marts.duckdb"), read_only=True) as release:
            return release.execute(sql).fetchall()

    def figures(self, where: str) -> list[tuple]:
        return self.rows_of(
            f"select figure_id, numerator, denominator, scheme from figures where {where} "
            "and place_type = 'national' and period_type = 'quarter' order by all"
        )

    def report(self) -> str:
        self.cpai("report", QUARTER)
        return next((self.home / "reports").rglob("national.html")).read_text(encoding="utf-8")


def land(branch: Branch, **of_victims: list[str]) -> list[dict]:
    """Ten crimes of two suspects from Kent; every other force has nothing to report. `of_victims`: a cell of each."""
    branch.cpai("init", str(branch.home))
    crimes = [
        crime(
            number,
            "46/{}/26",
            recorded_on="2026-02-03",
            committed_from="2026-01-20",
            committed_to="2026-01-20",
        )
        for number in range(10)
    ]
    records = {
        "crimes": crimes,
        "victims": [
            victim(
                one,
                number,
                age_at_offence="11",
                **{name: cells[number] for name, cells in of_victims.items()},
            )
            for number, one in enumerate(crimes)
        ],
        "suspects": [
            suspect(one, 2 * number + who, age_at_offence="30")
            for number, one in enumerate(crimes)
            for who in (0, 1)
        ],
    }
    landing = branch.home / "landing" / QUARTER
    write_return(landing / "kent", layout_for("kent", QUARTER, branch.project / "seeds"), records)
    for row in branch.rows("forces.csv"):
        if row["force"] != "kent":
            (landing / row["force"]).mkdir(parents=True)
            (landing / row["force"] / "NIL").write_text("A. Officer, 3 April 2026")
    return crimes


def read(branch: Branch, crimes: list[dict], criteria: list[str]) -> None:
    columns = (
        "force,crime_reference,version,role,reader,read_at,group_based,network_definition,offenders_read,criterion,"
        "runner_up,committed_by_children,confidence,reason"
    )
    lines = [
        f"kent,{one['crime_reference']},,first,reader-01,2026-05-01T10:00,yes,yes,2,{criterion},,no,high,"
        for one, criterion in zip(crimes, criteria, strict=True)
    ]
    file = branch.home / "answers.csv"
    file.write_text("\n".join([columns, *lines]) + "\n")
    branch.cpai("read", "import", str(file))


@pytest.mark.proof
def test_a_scheme_and_a_column_are_added_by_the_recipes(tmp_path):
    branch = Branch(tmp_path)
    add_scheme(branch)
    assert len(branch.files) <= 5
    branch.files.clear()
    add_column(branch)
    assert len(branch.files) <= 5

    crimes = land(branch, interpreter=["Y", "Y", "N", "Y", "", "Y", "N", "Y", "Y", "perhaps"])
    branch.cpai("run", QUARTER)
    read(branch, crimes, ["online"] * 4 + ["other"] + ["familial"] * 5)
    branch.cpai("publish", QUARTER)

    assert branch.figures(
        "breakdown = 'criterion' and category in ('online', 'other') and scheme <> '2024'"
    ) == [
        ("cocad.all.crime.criterion_2026.online", 4, 10, "2026"),
        ("cocad.all.crime.criterion_2026.other", 1, 10, "2026"),
        ("criterion.other", 5, 10, "2023"),
    ]
    assert branch.figures("criterion = 'online' and breakdown = 'total' and unit = 'victim'") == [
        ("cocad.online.victim.total.all", 4, None, "2026")
    ]
    assert branch.figures("breakdown = 'interpreter' and criterion in ('all', 'online')") == [
        ("cocad.all.victim.interpreter.no", 2, 8, "2023"),
        ("cocad.all.victim.interpreter.yes", 6, 8, "2023"),
        ("cocad.online.victim.interpreter.no", 1, 4, "2026"),
        ("cocad.online.victim.interpreter.yes", 3, 4, "2026"),
    ]
    # and each comes out of the records that the release lists behind it
    assert branch.rows_of(f"select count(*) from ({members.EVERY}) where {members.DIFFERS}") == [(0,)]
    # what no list has is found, and never a blank
    assert branch.rows_of("select field, spelling, records from quality.unmapped_codes") == [
        ("interpreter", "perhaps", 1)
    ]
    assert branch.rows_of(
        "select failed from quality.rule_results where rule = 'UM02' and force = 'kent'"
    ) == [(1,)]
    page = branch.report()
    assert ">Online<" in page
    assert "Victims by interpreter" in page


def add_scheme(branch: Branch) -> None:
    criteria = branch.rows("criteria.csv")
    for row in criteria:
        row["to_quarter"] = row["to_quarter"] or "2025-Q4"
    of_2024 = [row for row in criteria if row["scheme"] == "2024"]
    scheme = [row | {"scheme": "2026", "from_quarter": QUARTER, "to_quarter": ""} for row in of_2024]
    online = {"criterion": "online", "label": "Online", "key": "n", "sort_order": "8", "counts_as": "other"}
    branch.write("criteria.csv", [*criteria, *scheme, scheme[1] | online])
    categories = [
        row | {"scheme": "2026"} for row in branch.rows("breakdown_categories.csv") if row["scheme"] == "2024"
    ]
    branch.add(
        "breakdown_categories.csv", *categories, categories[0] | {"category": "online", "sort_order": "8"}
    )
    codebooks = "orchestration/readings/codebook/{}.md"
    branch.text(
        codebooks.format("2026-1"),
        "",
        (branch.project / codebooks.format("2024-1")).read_text(encoding="utf-8"),
    )
    policy = branch.rows("reading_policy.csv")
    branch.write(
        "reading_policy.csv",
        [row | {"value": "2026-1"} if row["name"] == "codebook" else row for row in policy],
    )
    shown = next(row for row in branch.rows("disclosure_tables.csv") if row["scheme"] == "2024")
    branch.add("disclosure_tables.csv", shown | {"scheme": "2026"})


def add_column(branch: Branch) -> None:
    branch.add(
        "return_columns.csv",
        {
            "record_type": "victims",
            "column": "interpreter",
            "must": "N",
            "kind": "flag",
            "personal": "N",
            "meaning": "whether an interpreter was needed",
        },
    )
    branch.add(
        "layouts/layout_columns.csv",
        {
            "layout": "athena",
            "part": "all",
            "heading": "InterpreterNeeded",
            "record_type": "victims",
            "column": "interpreter",
            "must": "N",
        },
    )
    branch.text(
        "dbt_project/dbt_project.yml", "counted_flags: {victim: []", "counted_flags: {victim: [interpreter]"
    )
    breakdown = next(row for row in branch.rows("breakdowns.csv") if row["breakdown"] == "gender")
    branch.add(
        "breakdowns.csv", breakdown | {"unit": "victim", "breakdown": "interpreter", "base": "interpreter"}
    )
    category = next(row for row in branch.rows("breakdown_categories.csv") if row["breakdown"] == "gender")
    branch.add(
        "breakdown_categories.csv",
        *(
            category | {"unit": "victim", "breakdown": "interpreter", "category": answer, "sort_order": place}
            for answer, place in (("yes", "1"), ("no", "2"))
        ),
    )
