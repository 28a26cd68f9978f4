"""Receipts beyond one file of records: parts, statements, explanations, files of another quarter."""

import shutil

import pytest
from click.testing import CliRunner
from test_intake import QUARTER, a_return, land, only, raw_rows, refused
from written import crime, suspect, victim, write_return

from orchestration.command import cpai
from orchestration.ledger.opening import open_ledger
from orchestration.ledger.receipts import read_explanations, read_submissions
from orchestration.returns.intake import receive
from orchestration.returns.layouts import layout_for


def statement(home, name, text="A. Officer, 2023-04-03", force="kent"):
    folder = home.landing / QUARTER / force
    folder.mkdir(parents=True, exist_ok=True)
    data = text if isinstance(text, bytes) else text.encode()
    (folder / name).write_bytes(data)


def receipts_in(home):
    engine = open_ledger(home)
    rows = read_submissions(engine)
    engine.dispose()
    return rows


# a return in parts -----------------------------------------------------------------------------------------


def part(home, number, of=2, first=0, count=2, force="kent", beginning=""):
    found = [crime(n, "46/{}/23") for n in range(first, first + count)]
    records = {"crimes": found, "victims": [victim(one) for one in found], "suspects": [suspect(found[0])]}
    return land(home, force, records, delivery=f"{beginning}part-{number}-of-{of}")


def test_parts_that_are_each_a_return_are_one_submission(home):
    part(home, 1, first=0, count=2)
    part(home, 2, first=2, count=3)
    receipt = only(receive(home, QUARTER))
    assert (receipt.submission, receipt.status, receipt.counts["crimes"]) == (1, "accepted", 5)
    rows = raw_rows(home, "crimes", "kent.1")
    assert {row["file"] for row in rows} == {"part-1-of-2/return.csv", "part-2-of-2/return.csv"}
    assert len({(row["file"], row["record_number"]) for row in rows}) == 5


def test_parts_that_hold_one_returns_tables_are_one_submission(home):
    records = a_return("essex")
    whole = home.landing / QUARTER / "merseyside"
    files = write_return(whole, layout_for("merseyside", QUARTER), records)
    assert len(files) == 3
    for number, path in enumerate(files.values(), 1):
        folder = whole / f"part-{number}-of-3"
        folder.mkdir()
        path.rename(folder / path.name)
    receipt = only(receive(home, QUARTER))
    assert (receipt.status, receipt.reasons) == ("accepted", [])
    assert receipt.counts == {"crimes": 3, "victims": 3, "suspects": 2}


def test_half_a_return_is_refused_until_the_rest_has_come(home):
    part(home, 1)
    receipt = refused(home, "of the 2 parts of this return 1 came")
    assert receipt.reasons[0].startswith("FL36 ")
    part(home, 2, first=2)
    receipt = only(receive(home, QUARTER))
    assert (receipt.submission, receipt.status) == (2, "accepted")
    assert not only(receive(home, QUARTER)).new


def test_a_later_return_in_parts_supersedes_the_first(home):
    part(home, 1)
    part(home, 2, first=2)
    receive(home, QUARTER)
    part(home, 1, first=0, count=3, beginning="later-")
    part(home, 2, first=3, count=3, beginning="later-")
    assert [(r.submission, r.status, r.counts["crimes"]) for r in receive(home, QUARTER)] == [
        (2, "accepted", 6),
        (1, "accepted", 4),
    ]


def test_two_folders_for_one_part_are_refused(home):
    part(home, 1)
    part(home, 2, first=2)
    shutil.copytree(
        home.landing / QUARTER / "kent" / "part-2-of-2", home.landing / QUARTER / "kent" / "part-02-of-2"
    )
    refused(home, "of the 2 parts of this return 1, 2, 2 came")


# statements ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["NIL", "nil.txt", "Nil"])
def test_nothing_to_report(home, name):
    statement(home, name)
    assert only(receive(home, QUARTER)).status == "nil"


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16"])
def test_a_return_that_does_not_come_says_so(home, encoding):
    statement(home, "MISSING.txt", "A. Officer,\n3 April 2023".encode(encoding))
    receipt = only(receive(home, QUARTER))
    assert (receipt.submission, receipt.status, receipt.reasons) == (1, "missing", [])
    (row,) = receipts_in(home)
    assert row["said"] == "A. Officer, 3 April 2023"
    assert not only(receive(home, QUARTER)).new


def test_what_comes_after_all_is_the_next_submission(home):
    statement(home, "MISSING")
    receive(home, QUARTER)
    land(home, delivery="came-after-all")
    assert [(r.submission, r.status) for r in receive(home, QUARTER)] == [(1, "missing"), (2, "accepted")]


@pytest.mark.parametrize("text", ["", "   \n", "A. Officer", "2023-04-03", b"\x00\x00A1"])
def test_a_statement_by_nobody_on_no_day_is_refused(home, text):
    statement(home, "NIL", text)
    refused(home, "does not hold a name and a date")


def test_two_statements_are_refused(home):
    statement(home, "NIL")
    statement(home, "MISSING")
    refused(home, "came with it; send the one or the other")


def test_status_names_the_folders_that_are_nobodys(home):
    land(home)
    (home.landing / QUARTER / "kant").mkdir()
    receive(home, QUARTER)
    said = CliRunner().invoke(cpai, ["--home", str(home.root), "status"]).stdout
    assert "kant: no force has this name; rename the folder in landing/2023-Q1" in said
    assert "2023-Q1: 1 received, 0 nil, 0 refused, 43 missing" in said


# across records and quarters -------------------------------------------------------------------------------


def test_persons_of_other_crimes_are_another_return(home):
    records = a_return("kent", 6)
    strangers = [crime(number, "46/{}/23") for number in range(100, 106)]
    records["victims"] = [victim(one) for one in strangers]
    write_return(home.landing / QUARTER / "merseyside", layout_for("merseyside", QUARTER), records)
    receipt = refused(home, "6 of 6 victims are on no crime of this return", "merseyside")
    assert receipt.reasons[0].startswith("AC01 ")


def test_a_few_stray_persons_do_not_refuse_a_return(home):
    records = a_return("kent", 3)
    records["victims"] = [victim(crime(number, "46/{}/23")) for number in (100, 101, 102)]
    write_return(home.landing / QUARTER / "merseyside", layout_for("merseyside", QUARTER), records)
    assert only(receive(home, QUARTER)).status == "accepted"


def test_the_file_of_another_quarter_is_refused(home):
    # half of its crimes are of the one quarter and half of the other: the dates do not give it away
    records = a_return("kent", 4)
    for number, record in enumerate(records["crimes"]):
        record["recorded_on"] = "2023-02-03" if number % 2 else "2023-04-05"
    land(home, records=records)
    receive(home, QUARTER)
    later = land(home, records=records, quarter="2023-Q2")["return.csv"]
    receipt = only(receive(home, "2023-Q2"))
    assert (receipt.status, receipt.reasons[0][:5]) == ("refused", "EQ02 ")
    assert "is byte for byte what came as kent 2023-Q1 submission 1" in receipt.reasons[0]
    later.write_bytes(later.read_bytes().replace(b"2023-04-05", b"2023-04-06"))
    assert only(receive(home, "2023-Q2")).status == "accepted"


def test_a_later_stage_is_not_asked_where_an_earlier_one_fails(home):
    records = a_return("kent", 6, recorded_on="2022-11-05")
    records["victims"] = [victim(crime(number, "46/{}/23")) for number in range(100, 106)]
    write_return(home.landing / QUARTER / "merseyside", layout_for("merseyside", QUARTER), records)
    receipt = only(receive(home, QUARTER))
    assert [reason[:4] for reason in receipt.reasons] == ["ST19"]


# explanations ----------------------------------------------------------------------------------------------


def explain(home, text, force="kent"):
    statement(home, "explanations.csv", text, force)


def explained(home, force="kent"):
    engine = open_ledger(home)
    rows = read_explanations(engine, force, QUARTER)
    engine.dispose()
    return [(row["submission"], row["rule"], row["crime_reference"], row["explanation"]) for row in rows]


def test_explanations_are_kept_in_the_ledger_and_nowhere_else(home):
    land(home)
    explain(home, 'rule,crime_reference,explanation\ncr13,46/1/23,"As told,\nby J Bloggs"\nCR55,,Late\n')
    receipt = only(receive(home, QUARTER))
    assert (receipt.status, receipt.reasons) == ("accepted", [])
    assert explained(home) == [
        (1, "CR13", "46/1/23", "As told,\nby J Bloggs"),
        (1, "CR55", None, "Late"),
    ]
    holding = [path for path in home.raw.rglob("*") if path.is_file() and b"Bloggs" in path.read_bytes()]
    assert holding == []


@pytest.mark.parametrize(
    ("text", "code", "kept"),
    [
        ("rule;crime_reference;explanation\nCR13;1;a\n", "FL37", 0),
        (b"rule,crime_reference,explanation\nCR13,1,\xff\n", "FL37", 0),
        ("", "FL37", 0),
        # cells too few, too many, a heading twice, a mark not closed, rows without end
        ("rule,crime_reference,explanation\nCR13,46/1/23\n", "FL37", 0),
        ("rule,crime_reference,explanation\nCR13,46/1/23,late, as told\n", "FL37", 0),
        ("rule,rule,crime_reference,explanation\nCR13,CR13,46/1/23,a\n", "FL37", 0),
        ('rule,crime_reference,explanation\nCR13,46/1/23,"a\n', "FL37", 0),
        ("rule,crime_reference,explanation\n" + "CR13,,a\n" * 6000, "FL37", 0),
        (b"\xef\xbb\xbfrule,crime_reference,explanation\r\nCR13,46/1/23,a\r\n", "", 1),
        ("rule,crime_reference,explanation\nCR13,46/1/23,a\nXX99,46/1/23,b\nCR13,46/1/23,\n", "FL38", 1),
    ],
)
def test_explanations_that_cannot_be_used_are_said_and_refuse_nothing(home, text, code, kept):
    land(home)
    explain(home, text)
    receipt = only(receive(home, QUARTER))
    assert (receipt.status, [reason[:4] for reason in receipt.reasons]) == (
        "accepted",
        [code] if code else [],
    )
    assert len(explained(home)) == kept


def test_each_force_of_a_joint_return_keeps_its_own_explanations(home):
    crimes = [crime(1, "36/{}/23"), crime(2, "37/{}/23")]
    land(
        home,
        "norfolk-and-suffolk",
        {"crimes": crimes, "victims": [victim(one) for one in crimes], "suspects": []},
    )
    text = "rule,crime_reference,explanation\nCR13,36/1/23,north\nCR13,37/2/23,south\nCR55,,both\n"
    explain(home, text, "norfolk-and-suffolk")
    receive(home, QUARTER)
    assert [row[3] for row in explained(home, "norfolk")] == ["north", "both"]
    assert [row[3] for row in explained(home, "suffolk")] == ["south", "both"]
