"""Readings files are taken whole or not at all, and only ever added to the ledger."""

import csv
import json
import subprocess
import sys

import duckdb
import pytest
from click.testing import CliRunner
from sqlalchemy import func, select
from waiting import Clock

from orchestration import turns
from orchestration.command import cpai
from orchestration.home import Home
from orchestration.ledger.opening import open_ledger
from orchestration.ledger.tables import readings
from orchestration.readings.book import (
    COLUMNS,
    Imported,
    ReadingsRefused,
    export_worklist,
    import_files,
    import_readings,
)
from orchestration.readings.policy import differences
from orchestration.spreadsheets import escaped, restored

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
        connection.execute("create schema cocad; create schema cpai; create schema intermediate")
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
            create table intermediate.int_summaries as
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
        ({"committed_by_children": ""}, "committed_by_children must be one of"),
        ({"offenders_read": "\u00b2"}, "offenders_read must be"),
        ({"version": "6.9513E+15"}, "a spreadsheet has made a number of its version: leave version blank"),
        ({"version": "6,9513E+15"}, "a spreadsheet has made a number of its version"),
        ({"crime_reference": "4.6E+09"}, "no candidate .*; a spreadsheet may have made"),
        ({"crime_reference": "46-Jan-23"}, "no candidate .*; a spreadsheet may have made"),
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
    assert restored(escaped(reference)) == reference


def test_it_is_said_how_many_were_read_twice_that_did_not_have_to_be(place):
    other = {**GOOD, "crime_reference": "46/000002/23", "committed_by_children": "not_collected"}
    must = {**other, "criterion": "cse"}
    second = {**GOOD, "role": "second", "reader": "reader-02"}
    assert import_readings(place, written(place, GOOD, must)) == Imported(added=2, already=0, plain=1)
    again = import_readings(place, written(place, GOOD, must, second))
    assert again == Imported(added=1, already=2, plain=1, plain_twice=1)


OLD = "6951299917560641"


@pytest.mark.parametrize("written", ["", OLD, f"v{OLD}"])
def test_a_version_is_taken_as_it_goes_out_and_as_it_went_out_before(place, written):
    give_version(place, OLD)
    assert import_readings(place, written_(place, {**GOOD, "version": written})).added == 1
    with open_ledger(place).connect() as connection:
        assert connection.execute(select(readings.c.version)).scalar() == OLD


@pytest.mark.parametrize(
    "eaten", ["6.9513E+15", "6951299917560640", "6.95129991756064e+15", "6951299917560000"]
)
def test_a_version_that_a_spreadsheet_made_a_number_of_is_named_as_such(place, eaten):
    give_version(place, OLD)
    with pytest.raises(ReadingsRefused, match="row 2: a spreadsheet has made a number of its version"):
        import_readings(place, written_(place, {**GOOD, "version": eaten}))


@pytest.mark.parametrize("version", [OLD, "0000000000000001", "12e4567890123456", "abcdef0123456789"])
def test_no_spreadsheet_takes_a_version_for_a_number(place, version):
    give_version(place, version)
    file = place.root / "list.csv"
    export_worklist(place, file, "2023-Q2")
    with file.open(encoding="utf-8") as handle:
        (row,) = csv.DictReader(handle)
    with pytest.raises(ValueError, match="could not convert"):
        float(row["version"])
    assert row["version"][0].isalpha()


def give_version(home: Home, version: str) -> None:
    with duckdb.connect(str(home.warehouse)) as connection:
        connection.execute("update cocad.cocad_candidates set version = ?", [version])


def written_(home: Home, row: dict):
    return written(home, row, name="back.csv")


@pytest.mark.parametrize("group_based", ["no", "cannot_tell"])
@pytest.mark.parametrize("reference", ["46/000001/23", "46/000002/23"])
def test_of_a_crime_that_is_not_group_based_nothing_need_be_said_on_children(place, group_based, reference):
    row = {**GOOD, "crime_reference": reference, "group_based": group_based, "criterion": ""}
    first = {**row, "committed_by_children": ""}
    said = "not_collected" if reference == "46/000002/23" else "no"
    second = {**row, "committed_by_children": said, "role": "second", "reader": "reader-02"}
    assert import_readings(place, written(place, first, second)).added == 2
    assert import_readings(place, written(place, first, second)).already == 2
    assert differences({**first, "committed_by_children": "not_collected"}, second) == []


BAD_FILES = {
    "a.csv": (b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR", "not UTF-8 text"),
    "b.csv": (b"", "is blank"),
    "c.csv": (b"\n\n", "is blank"),
    "d.csv": (";".join(COLUMNS).encode() + b"\n", "separated by semicolons"),
    "e.csv": (",".join(COLUMNS).encode("utf-16"), "UTF-16"),
    "f.csv": (",".join(COLUMNS).encode() + b"\nkent,1\n", "row 2: has 2 cells"),
    "g.csv": (",".join(COLUMNS).encode() + b'\n"kent,1\n' + b"x,y\n" * 50_000, "row 2: a quotation mark"),
    "h.csv": (",".join([*COLUMNS, "force"]).encode() + b"\n", "'force' stands there twice"),
    "i.csv": (b"PK\x03\x04\0\0", "is it a workbook"),
    "j.csv": (b"x" * (65 * 1024**2), "is larger than 64 MB"),
    "k.xlsx": (b"", "is empty"),
    "l.xlsx": (b"PK\x03\x04 cut short", "l.xlsx"),
    "m.xlsx": (b"force,crime_reference\n", "m.xlsx"),
    "n.ods": (b"\0" * 1000, "n.ods"),
    "o.xls": (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\0" * 600, "o.xls"),
    "p.txt": (b"hello", "p.txt"),
    "q": (b"hello", "q: "),
}


@pytest.mark.parametrize("name", BAD_FILES)
def test_whatever_the_file_is_the_command_ends_with_a_sentence(place, name):
    content, says = BAD_FILES[name]
    (place.root / name).write_bytes(content)
    said = CliRunner().invoke(cpai, ["--home", str(place.root), "read", "import", str(place.root / name)])
    assert said.exit_code == 1
    assert isinstance(said.exception, SystemExit)
    assert says in said.stderr


@pytest.mark.parametrize("name", BAD_FILES)
def test_nor_is_there_a_workbook_of_a_reader_that_ends_otherwise(place, name):
    (place.root / name).write_bytes(BAD_FILES[name][0])
    words = ["--home", str(place.root), "read", "import", "--reader", "reader-01", str(place.root / name)]
    said = CliRunner().invoke(cpai, words)
    assert said.exit_code == 1
    assert isinstance(said.exception, SystemExit)
    assert said.stderr.startswith(f"{name} was not imported")


@pytest.mark.parametrize("name", [".", "nowhere.csv"])
def test_a_folder_or_nothing_is_no_file(place, name):
    said = CliRunner().invoke(cpai, ["--home", str(place.root), "read", "import", str(place.root / name)])
    assert said.exit_code == 2


def test_a_list_that_cannot_be_written_is_wrong_usage_and_notes_no_view(place):
    words = ["--home", str(place.root), "read", "export", "2023-Q2", "--to"]
    said = CliRunner().invoke(cpai, [*words, str(place.root / "nowhere" / "list.csv")])
    assert (said.exit_code, "is its folder there?" in said.output) == (2, True)
    assert not (place.root / "ledger.db").exists()


BUILDING = """
import duckdb, sys
connection = duckdb.connect(sys.argv[1])
print("held", flush=True)
sys.stdin.read()
"""


@pytest.mark.parametrize("ends_meanwhile", [True, False])
def test_while_the_warehouse_is_built_readings_wait_or_say_who_holds_it(place, monkeypatch, ends_meanwhile):
    monkeypatch.setenv("CPAI_WAIT", "5" if ends_meanwhile else "1")
    good = written(place, GOOD)
    words = [sys.executable, "-c", BUILDING, str(place.warehouse)]
    with subprocess.Popen(words, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as building:
        building.stdout.readline()
        clock = Clock(then=lambda: (building.kill(), building.wait())) if ends_meanwhile else Clock()
        monkeypatch.setattr(turns, "time", clock)
        home = ["--home", str(place.root), "read"]
        said = CliRunner().invoke(cpai, [*home, "import", str(good)])
        if ends_meanwhile:
            assert (said.exit_code, in_ledger(place)) == (0, 1)
        else:
            assert said.exit_code == 1
            waiting, gave_up = said.stderr.splitlines()
            assert waiting.startswith(f"waiting for process {building.pid} (")
            assert f" is in use by process {building.pid} (" in gave_up
            said = CliRunner().invoke(cpai, [*home, "export", "2023-Q2", "--to", str(place.root / "l.csv")])
            assert (said.exit_code, said.stderr.count("\n")) == (1, 2)
        building.kill()


def test_a_warehouse_that_is_half_built_or_none_is_said(place):
    with duckdb.connect(str(place.warehouse)) as connection:
        connection.execute("drop table cocad.cocad_candidates")
    good = written(place, GOOD)
    words = ["--home", str(place.root), "read", "import", str(good)]
    said = CliRunner().invoke(cpai, words)
    assert (said.exit_code, "is not built to its end" in said.stderr) == (1, True)
    place.warehouse.write_text("no warehouse")
    said = CliRunner().invoke(cpai, words)
    assert (said.exit_code, "is no warehouse that can be opened" in said.stderr) == (1, True)
