"""Readings files are taken whole or not at all, and only ever added to the ledger."""

import csv
import json

import duckdb
import pytest
from click.testing import CliRunner
from sqlalchemy import func, select

from orchestration.command import cpai
from orchestration.home import Home
from orchestration.ledger import open_ledger, readings
from orchestration.readings import book
from orchestration.readings.book import (
    COLUMNS,
    Imported,
    ReadingsRefused,
    export_worklist,
    import_files,
    import_readings,
)
from orchestration.returns.file_safety import escape_formula

GOOD = {
    "force": "kent",
    "crime_reference": "46/000001/23",
    "version": "",
    "role": "first",
    "reader": "reader-01",
    "read_at": "2023-07-01T10:00",
    "group_based": "yes",
    "network_definition": "cannot_tell",
    "offenders_read": "2",
    "criterion": "other",
    "runner_up": "",
    "committed_by_children": "no",
    "confidence": "high",
    "reason": "two named",
}


@pytest.fixture
def place(tmp_path) -> Home:
    """A home whose warehouse holds one candidate of 2023-Q2 and one of 2023-Q1."""
    home = Home(tmp_path)
    with duckdb.connect(str(home.warehouse)) as connection:
        connection.execute("create schema cocad; create schema cpai; create schema staging")
        connection.execute(
            """
            create table cocad.cocad_candidates as
            select * from (values
                ('kent', '2023-Q2', '46/000001/23', 'v1', 'suspect_rows', 2, null::integer),
                ('kent', '2023-Q1', '46/000002/23', 'v1', 'offenders_stated', 1, 3)
            ) as rows(force, quarter, crime_reference, version, reason, suspect_rows, offenders_stated)
            """
        )
        connection.execute(
            "create table cocad.cocad_unread as select force, quarter, crime_reference from cocad.cocad_candidates"
        )
        connection.execute(
            """
            create table cpai.cpai_crimes as
            select force, quarter, crime_reference, '19/16' as offence_code from cocad.cocad_candidates
            """
        )
        connection.execute(
            """
            create table staging.stg_summaries as
            select force, quarter, crime_reference, '=1+1' as summary from cocad.cocad_candidates
            """
        )
    return home


def written(home: Home, *rows: dict, headings=COLUMNS, name="answers.csv"):
    file = home.root / name
    with file.open("w", newline="", encoding="utf-8") as handle:
        writer = csv.DictWriter(handle, headings, extrasaction="ignore")
        writer.writeheader()
        writer.writerows(rows)
    return file


def in_ledger(home: Home) -> int:
    with open_ledger(home).connect() as connection:
        return connection.scalar(select(func.count()).select_from(readings))


def test_a_blank_version_means_the_current_one(place):
    assert import_readings(place, written(place, GOOD)) == Imported(added=1, already=0, plain=1)
    with open_ledger(place).connect() as connection:
        (row,) = connection.execute(select(readings)).mappings()
    assert (row["version"], row["offenders_read"], row["criterion"]) == ("v1", 2, "other")


def test_the_same_file_again_adds_nothing(place):
    import_readings(place, written(place, GOOD))
    assert import_readings(place, written(place, GOOD)) == Imported(added=0, already=1, plain=1)
    assert in_ledger(place) == 1


def test_a_refused_file_keeps_no_other_back_and_each_knows_of_those_before(place):
    second = {**GOOD, "role": "second", "reader": "reader-02"}
    files = [
        written(place, {**second, "criterion": "gang"}, name="1.csv"),
        written(place, GOOD, name="2.csv"),
        written(place, second, name="3.csv"),
        written(place, {**second, "criterion": "cse"}, name="4.csv"),
        written(place, GOOD, second, name="5.csv"),
    ]
    became = {file.name: imported for file, imported in import_files(place, files)}
    assert "criterion must be" in str(became.pop("1.csv"))
    assert "in the ledger with another answer" in str(became.pop("4.csv"))
    assert became == {
        "2.csv": Imported(added=1, already=0, plain=1),
        "3.csv": Imported(added=1, already=0),
        "5.csv": Imported(added=0, already=2, plain=1, plain_twice=1),
    }
    assert in_ledger(place) == 2


def test_the_command_names_what_it_refused_and_ends_with_1(place):
    bad = written(place, {**GOOD, "reader": ""}, name="bad.csv")
    good = written(place, GOOD, name="good.csv")
    said = CliRunner().invoke(
        cpai, ["--home", str(place.root), "read", "import", str(bad), str(good), "--json"]
    )
    answer = json.loads(said.stdout)
    assert (said.exit_code, answer["done"]) == (1, False)
    assert answer["reasons"][0].startswith("bad.csv was not imported")
    assert [(one["file"], one["added"]) for one in answer["imported"]] == [("good.csv", 1)]


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"criterion": "gang"}, "criterion must be one of"),
        ({"group_based": ""}, "group_based must be one of"),
        ({"criterion": ""}, "criterion is given when group_based is yes"),
        ({"group_based": "no"}, "criterion is given when group_based is yes"),
        ({"reader": ""}, "reader is blank"),
        ({"read_at": "yesterday"}, "read_at must be"),
        ({"offenders_read": "two"}, "offenders_read must be"),
        ({"role": "adjudicator", "reason": ""}, "must give a reason"),
        ({"crime_reference": "46/999999/23"}, "no candidate"),
        ({"force": "essex"}, "no candidate"),
        ({"version": "v0"}, "an old version"),
        ({"committed_by_children": "not_collected"}, "collected from 2023-Q2"),
        ({"crime_reference": "46/000002/23", "committed_by_children": "yes"}, "collected from 2023-Q2"),
    ],
)
def test_one_bad_row_refuses_the_whole_file(place, change, says):
    with pytest.raises(ReadingsRefused, match=says) as refusal:
        import_readings(place, written(place, GOOD, {**GOOD, "role": "second", **change}))
    assert "row 3" in str(refusal.value)
    assert in_ledger(place) == 0


def test_two_answers_to_one_slot_are_refused_in_a_file_and_against_the_ledger(place):
    other = {**GOOD, "criterion": "cse"}
    with pytest.raises(ReadingsRefused, match="a second answer by the first reader; row 2"):
        import_readings(place, written(place, GOOD, other))
    import_readings(place, written(place, GOOD))
    with pytest.raises(ReadingsRefused, match="already in the ledger with another answer"):
        import_readings(place, written(place, other))
    assert in_ledger(place) == 1


def test_a_missing_heading_is_named(place):
    with pytest.raises(ReadingsRefused, match="headings: confidence missing"):
        import_readings(
            place, written(place, GOOD, headings=[name for name in COLUMNS if name != "confidence"])
        )


def test_no_cell_of_a_refused_file_is_repeated(place):
    with pytest.raises(ReadingsRefused) as refusal:
        import_readings(
            place, written(place, {**GOOD, "criterion": "canary-value", "crime_reference": "canary-ref"})
        )
    assert "canary" not in str(refusal.value)


def test_the_worklist_comes_back_answered_and_escapes_formulas(place):
    file = place.root / "list.csv"
    assert export_worklist(place, file, "2023-Q2") == 1
    with file.open(encoding="utf-8") as handle:
        (row,) = csv.DictReader(handle)
    assert row["summary"] == "'=1+1"
    answered = {**GOOD, **{name: row[name] for name in ("force", "crime_reference", "version")}}
    assert import_readings(place, written(place, answered)).added == 1


@pytest.mark.parametrize("reference", ["-17", "=1+1", "@home", "17/23", "'17"])
def test_a_reference_comes_back_from_a_readers_sheet_as_itself(reference):
    # a sheet shows '-17 for -17, the apostrophe ours: the answer is for -17
    assert book._sent(str(escape_formula(reference))) == reference


def test_it_is_said_how_many_were_read_twice_that_did_not_have_to_be(place):
    other = {**GOOD, "crime_reference": "46/000002/23", "committed_by_children": "not_collected"}
    must = {**other, "criterion": "cse"}
    second = {**GOOD, "role": "second", "reader": "reader-02"}
    assert import_readings(place, written(place, GOOD, must)) == Imported(added=2, already=0, plain=1)
    again = import_readings(place, written(place, GOOD, must, second))
    assert again == Imported(added=1, already=2, plain=1, plain_twice=1)
