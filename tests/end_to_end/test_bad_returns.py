"""Returns of which records would leave the count unseen: no release is made of them, and each force is named.

Each force sends its quarter a second time with one fault; one run takes them all, and one publication is tried.
"""

import csv
import operator
import shutil
from collections.abc import Callable
from pathlib import Path

import duckdb
import pytest
from by_command import said

from orchestration.home import Home

pytestmark = pytest.mark.xdist_group("year")  # one worker builds the year once

QUARTER = "2023-Q4"
OCTOBER = Path(__file__).with_name("sent") / "october_alone"

Rows = list[dict[str, str]]


def blank(column: str, every: int) -> Callable[[Rows], Rows]:
    return lambda rows: [
        row | {column: "" if place % every == 0 else row[column]} for place, row in enumerate(rows)
    ]


def filled(**values: str) -> Callable[[Rows], Rows]:
    """Every row with these values in the columns whose names have `_` for a blank."""
    named = {name.replace("_", " "): value for name, value in values.items()}
    return lambda rows: [row | (named if set(named) <= set(row) else values) for row in rows]


def months_first(rows: Rows) -> Rows:
    column = "Occurrence Created Date"
    return [row | {column: "/".join(operator.itemgetter(1, 0, 2)(row[column].split("/")))} for row in rows]


def under_another_code_too(rows: Rows) -> Rows:
    column = "Current Classification HO Code"
    return rows + [row | {column: "19/8" if row[column] != "19/8" else "20/3"} for row in rows[:3]]


# force: the fault, the table it is in, how its rows change
FAULTS = {
    "sussex": ("every second status blank", "crimes", blank("Stats Class Status", 2)),
    "merseyside": ("every second suspect without reference", "suspects", blank("Offender Niche ID", 2)),
    "devon-and-cornwall": ("every date saved anew", "crimes", months_first),
    "south-wales": ("two crimes under one reference", "crimes", under_another_code_too),
    "derbyshire": ("one reference for all suspects", "suspects", filled(Offender_Niche_ID="1")),
    "thames-valley": ("ages in words", "victims", filled(Victim_Age_at_Offence="adult", Victim_DOB="")),
    "west-yorkshire": ("a year typed wrong", "crimes", filled(occurrence_latest_date="01/04/2032")),
}

HELD = (
    "sussex 2023-Q4: 8 of 16 crimes held out (50.0%), beyond tolerance: blocks the release",
    "merseyside 2023-Q4: 7 of 14 suspects held out (50.0%), beyond tolerance: blocks the release",
    "merseyside 2023-Q4: 2 of 8 crimes fail HO04 (25.0%), beyond tolerance: blocks the release",
    "south-wales 2023-Q4: 7 of 18 crimes held out (38.9%), beyond tolerance: blocks the release",
    "thames-valley 2023-Q4: 16 of 16 victims fail UR02 (100.0%), beyond tolerance: blocks the release",
    "west-yorkshire 2023-Q4: 33 of 33 crimes fail CR11 (100.0%), beyond tolerance: blocks the release",
    "1 return fails MN01 (metropolitan): blocks the release",
)
SHUT = {
    "CR11": ["west-yorkshire"],
    "HO01": ["south-wales", "sussex"],
    "HO02": ["south-wales", "sussex"],
    "HO03": ["merseyside", "south-wales", "sussex"],
    "HO04": ["merseyside"],
    "MN01": ["metropolitan"],
    "UR02": ["thames-valley"],
}


def send_again(home: Home, force: str) -> None:
    _, faulty, fault = FAULTS[force]
    folder = home.landing / QUARTER / force
    (folder / "2").mkdir()
    for file in sorted(folder.glob("*.csv")):
        with file.open(encoding="cp1252", newline="") as text:
            rows = list(csv.DictReader(text))
        rows = fault(rows) if file.stem.endswith(faulty) else rows
        with (folder / "2" / file.name).open("w", encoding="cp1252", newline="") as text:
            writer = csv.DictWriter(text, rows[0])
            writer.writeheader()
            writer.writerows(rows)


def staged(home: Home, table: str) -> dict[str, int]:
    """Records of the quarter by force."""
    with duckdb.connect(str(home.warehouse)) as warehouse:
        return dict(
            warehouse.execute(
                f"select force, count(*) from intermediate.{table} where quarter = $1 group by all", [QUARTER]
            ).fetchall()
        )


def test_no_release_is_made_of_records_that_leave_the_count_unseen(year, tmp_path):
    home = Home(tmp_path / "home")
    shutil.copytree(year.home.root, home.root, symlinks=True, ignore=shutil.ignore_patterns("packs"))
    suspects, crimes = staged(home, "int_suspects"), staged(home, "int_crimes")
    live = (home.releases / "current").readlink()
    shutil.copytree(OCTOBER, home.landing / QUARTER / "metropolitan" / "2")
    for force in FAULTS:
        send_again(home, force)

    def run(*words: str):
        return said(home, *words)

    ran = run("run", QUARTER)
    assert ran.exit_code == 1  # a return was refused
    assert "devon-and-cornwall submission 2 refused: ST19" in ran.output
    status = run("status").output
    for sentence in HELD:
        assert sentence in ran.output
        assert sentence in status

    # the return before the refused one stands; no suspect of one reference is lost, a row sent twice is two
    assert staged(home, "int_crimes")["devon-and-cornwall"] == crimes["devon-and-cornwall"]
    assert staged(home, "int_suspects")["derbyshire"] == suspects["derbyshire"] + 1
    with duckdb.connect(str(home.warehouse)) as warehouse:
        found = warehouse.execute(
            "select rule, force, found from quality.findings where quarter = $1 and rule in ('MN01', 'ME03') "
            "and force in ('metropolitan', 'derbyshire') group by all order by all",
            [QUARTER],
        ).fetchall()
    assert found == [
        ("ME03", "derbyshire", "contradicting_records"),
        ("ME03", "derbyshire", "one_reference_for_all"),
        ("MN01", "metropolitan", "month_2_missing"),
        ("MN01", "metropolitan", "month_3_missing"),
    ]

    answer = run("publish", "2023")
    assert answer.exit_code == 1
    shut_by = {line[:4]: line for line in answer.output.splitlines()}
    for rule, forces in SHUT.items():
        for force in forces:
            assert f"{force} {QUARTER}" in shut_by[rule]
    assert (home.releases / "current").readlink() == live
