"""Extracts of three crime systems that no layout was written for get in with rows alone, and come out right to a crime.

Their rows are `extracts/*.csv`: a row for each person with its role (UTF-16), headings over two rows on three monthly
sheets, six suspects side by side with times of UTC.
"""

import csv
import shutil
from collections import defaultdict
from functools import partial
from pathlib import Path

import duckdb
import pytest

from orchestration.home import SEEDS, Home, seed_rows
from orchestration.ledger import snapshots
from orchestration.ledger.opening import open_ledger
from orchestration.returns import arrivals, check, checks, intake, mapping, parsing
from orchestration.returns.layouts import all_layouts, layout_for
from orchestration.returns.layouts.parts import RECORD_TYPES
from orchestration.warehouse import compiled

EXTRACTS = Path(__file__).with_name("extracts")
QUARTER = "2024-Q1"
# force: its file, then crimes, victims, suspects, in the CPAI, contact, candidates by their own reasons, exclusions
RIGHT = {
    "merseyside": (
        "role_rows.csv", (64, 71, 77), 52, 32, 10,
        {"cancelled": 4, "not_a_crime": 1, "not_in_scope": 1, "child_not_shown": 2, "image_without_subcode": 2,
         "adult_victim": 2},
    ),
    "cheshire": (
        "two_row_headings.xlsx", (50, 59, 75), 39, 25, 10,
        {"cancelled": 2, "not_in_scope": 6, "child_not_shown": 1, "image_without_subcode": 2},
    ),
    "surrey": (
        "wide_suspects.txt", (56, 62, 74), 42, 24, 5,
        {"cancelled": 1, "image_without_subcode": 2, "not_a_crime": 1, "adult_victim": 4, "not_in_scope": 3,
         "child_not_shown": 3},
    ),
}  # fmt: skip


@pytest.fixture(scope="module")
def seeds(tmp_path_factory):
    """The project's seeds with the rows of the extracts."""
    copy = tmp_path_factory.mktemp("unseen") / "seeds"
    shutil.copytree(SEEDS, copy)
    used = copy / "layouts" / "force_layouts.csv"
    rows = [
        row | ({"to_quarter": "2023-Q4"} if row["delivered_as"] in RIGHT else {})
        for row in seed_rows("layouts/force_layouts.csv")
    ]
    _write(used, rows)
    for seed in EXTRACTS.glob("*layout*.csv"):
        added = list(csv.DictReader(seed.open(encoding="utf-8", newline="")))
        _write(copy / "layouts" / seed.name, seed_rows(f"layouts/{seed.name}", copy) + added)
    return copy


def _write(path, rows):
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, list(rows[0]), restval="", lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)


@pytest.fixture
def with_seeds(seeds, monkeypatch):
    monkeypatch.delenv("CPAI_LEDGER_URL", raising=False)
    monkeypatch.setattr(arrivals, "layout_for", partial(layout_for, seeds=seeds))
    monkeypatch.setattr(compiled, "build", partial(compiled.build, seeds=seeds))
    # their references begin with no force's number: here it is asked what they hold
    monkeypatch.setattr(checks, "of_the_force", lambda *_: [])


def counted(home, with_reasons=("suspect_rows", "offenders_stated", "offence_names_group")):
    """By force what came of its return: as RIGHT has it, from exclusions on."""
    engine = open_ledger(home)
    snapshots.write(engine, home)
    engine.dispose()
    found = defaultdict(dict)
    with duckdb.connect() as warehouse:
        compiled.build(warehouse, compiled.steps(check.MODELS), home.raw)
        for force, reason, crimes in warehouse.execute(
            "select force, reason, crimes from quality.exclusions where crimes > 0"
        ).fetchall():
            found[force][reason] = crimes
        kept = warehouse.execute(
            "select force, count(*), count(*) filter (where is_contact) from cpai.cpai_crimes group by force"
        ).fetchall()
        candidates = dict(
            warehouse.execute(
                "select force, count(*) from cocad.cocad_candidates where list_contains($own, reason) group by force",
                {"own": list(with_reasons)},
            ).fetchall()
        )
        balance = warehouse.execute(
            "select force, record_type, received, accepted + rejected + duplicate + superseded from quality.balance"
        ).fetchall()
    assert all(received == sum_of for _, _, received, sum_of in balance)
    return {force: (cpai, contact, candidates[force], found[force]) for force, cpai, contact in kept}


@pytest.mark.parametrize("surreys", ["wide_suspects.txt", "mixed_offsets.csv"])
def test_extracts_come_out_right_to_a_crime(tmp_path, seeds, with_seeds, monkeypatch, surreys):
    home = Home(tmp_path / "home")
    if surreys == "mixed_offsets.csv":
        layouts = all_layouts(seeds)

        def mixed(delivered_as, quarter):
            return (
                layouts["mixed-offsets"]
                if delivered_as == "surrey"
                else layout_for(delivered_as, quarter, seeds)
            )

        monkeypatch.setattr(arrivals, "layout_for", mixed)
    for force, (file, *_) in RIGHT.items():
        folder = home.landing / QUARTER / force
        folder.mkdir(parents=True)
        shutil.copy(EXTRACTS / (surreys if force == "surrey" else file), folder)
    receipts = {receipt.force: receipt for receipt in intake.receive(home, QUARTER)}
    for force, (_, received, *_) in RIGHT.items():
        receipt = receipts[force]
        assert (receipt.status, receipt.reasons) == ("accepted", [])
        assert tuple(receipt.counts[kind] for kind in RECORD_TYPES) == received
    assert counted(home) == {force: right[2:] for force, right in RIGHT.items()}


def test_records_say_where_they_stand_in_their_files(seeds):
    layouts = all_layouts(seeds)
    of = {
        name: mapping.records(parsing.read({file: EXTRACTS / file}, layouts[name]))
        for name, file in (
            ("two-row-headings", "two_row_headings.xlsx"),
            ("wide-suspects", "wide_suspects.txt"),
        )
    }
    sheets = of["two-row-headings"]["crimes"]
    assert set(sheets["sheet"].to_pylist()) == {"Jan 2024", "Feb 2024", "Mar 2024"}
    first = next(row for row in sheets.to_pylist() if row["sheet"] == "Feb 2024")
    assert (first["record_number"], first["crime_reference"]) == (1, "O0000722/24")
    suspects = of["wide-suspects"]["suspects"].to_pylist()
    places = {(row["record_number"], row["place_in_row"]) for row in suspects}
    assert len(places) == len(suspects) == 74
    assert {row["place_in_row"] for row in suspects} == {1, 2, 3, 4}
    assert {row["place_in_row"] for row in of["wide-suspects"]["victims"].to_pylist()} == {None}
