"""Which delivery is the later, and what is a delivery: a folder and its bytes."""

import os
import shutil

import pytest
from test_intake import QUARTER, a_return, land, only
from test_receipts import part, receipts_in, statement
from written import crime, victim

from orchestration.returns import arrivals, landing
from orchestration.returns.intake import receive
from orchestration.returns.receipts import standing


def number_of(receipts, **crimes):
    """Crimes of each submission in the order of their numbers."""
    return [receipt.counts["crimes"] for receipt in sorted(receipts, key=lambda receipt: receipt.submission)]


def folders(home, *names, force="kent", days=0):
    """A delivery in each folder, of as many crimes as its place, all copied at once (or days apart)."""
    for place, name in enumerate(names, 1):
        for path in land(home, force, a_return(force, place), delivery=name).values():
            os.utime(path, (1e9 + place * days * 86400,) * 2)


@pytest.mark.parametrize(
    "names",
    [
        ["", "2", "10"],
        ["june", "july"],
        ["", "january", "february", "march"],
        ["2023-04-28", "2023-05-02"],
        ["28-04-2023", "02-05-2023"],
        ["28042023", "02052023"],
        ["28 April 2023", "2 May 2023"],
        ["december 2022", "january 2023"],
        ["v2", "v10"],
        ["return v9", "return v10"],
        ["first", "second", "third"],
        ["1st", "2nd", "11th"],
        ["a", "b"],
        ["2", "2a", "2b", "3"],
        ["final", "final 2"],
        ["old", ""],
        ["", "resent"],
    ],
    ids=" < ".join,
)
def test_the_later_is_told_by_the_names_of_the_folders(home, names):
    folders(home, *names)
    assert number_of(receive(home, QUARTER)) == list(range(1, len(names) + 1))
    assert {receipt.new for receipt in receive(home, QUARTER)} == {False}


def test_a_month_without_a_year_is_after_the_quarter_began(home):
    assert landing.in_order({"january": None, "december": None}, "2023-Q4") == ["december", "january"]
    assert landing.in_order({"january": None, "december": None}, "2023-Q1") == ["january", "december"]


def test_where_names_do_not_tell_the_times_of_the_files_do(home):
    folders(home, "resent", "corrected", days=1)
    assert number_of(receive(home, QUARTER)) == [1, 2]


@pytest.mark.parametrize(
    "names", [["resent", "corrected"], ["2", "02"], ["final", "2"], ["a", "2"]], ids=" and ".join
)
def test_where_nothing_tells_both_are_refused_and_named(home, names):
    land(home, records=a_return("kent", 6))
    receive(home, QUARTER)
    folders(home, *names)
    refused = [receipt for receipt in receive(home, QUARTER) if receipt.new]
    assert [receipt.status for receipt in refused] == ["refused", "refused"]
    (reason,) = {reason for receipt in refused for reason in receipt.reasons}
    assert reason.startswith("FL45 ") and all(f"{name}/" in reason for name in names)
    assert "name the folders in their order (1, 2) or by date (2023-06-01)" in reason
    assert not any(receipt.new for receipt in receive(home, QUARTER))
    assert standing(home, QUARTER)["received"] == ["kent"]
    # as in the sentence
    for number, name in enumerate(names, 1):
        (home.landing / QUARTER / "kent" / name).rename(
            home.landing / QUARTER / "kent" / f"2023-06-0{number}"
        )
    taken = [receipt for receipt in receive(home, QUARTER) if receipt.new]
    assert [(receipt.submission, receipt.status, receipt.counts["crimes"]) for receipt in taken] == [
        (4, "accepted", 1),
        (5, "accepted", 2),
    ]


def test_one_left_alone_is_taken(home):
    folders(home, "resent", "corrected")
    receive(home, QUARTER)
    shutil.rmtree(home.landing / QUARTER / "kent" / "resent")
    assert [(receipt.new, receipt.status) for receipt in receive(home, QUARTER)] == [(True, "accepted")]


def test_parts_are_one_delivery_of_the_name_before_them(home):
    land(home, records=a_return("kent", 1), delivery="10")
    part(home, 1, beginning="9-")
    part(home, 2, first=2, beginning="9-")
    assert number_of(receive(home, QUARTER)) == [4, 1]


def test_a_new_folder_is_later_than_all_that_was_received_and_it_is_said(home):
    folders(home, "2", "10")
    receive(home, QUARTER)
    land(home, records=a_return("kent", 5), delivery="3")
    receipts = receive(home, QUARTER)
    (new,) = [receipt for receipt in receipts if receipt.new]
    assert (new.submission, new.status) == (3, "accepted")
    assert new.reasons == [
        "FL46 3/: came after 10/ had been received, and so stands over it, though its name is that of an earlier one; "
        "if that was not meant, send the right one in a new folder."
    ]
    assert standing(home, QUARTER)["remarks"] == [f"kent: {new.reasons[0]}"]
    assert not any(receipt.new for receipt in receive(home, QUARTER))


def test_files_changed_in_the_forces_own_folder_after_another_was_received(home):
    land(home)
    land(home, records=a_return("kent", 2), delivery="2")
    receive(home, QUARTER)
    land(home, records=a_return("kent", 4))
    (new,) = [receipt for receipt in receive(home, QUARTER) if receipt.new]
    assert (new.submission, new.reasons[0][:47]) == (3, "FL46 the force's own folder: came after 2/ had ")


def test_what_says_that_it_was_replaced_does_not_stand_over_what_came_before_it(home):
    files = land(home)
    receive(home, QUARTER)
    old = home.landing / QUARTER / "kent" / "old"
    old.mkdir()
    shutil.copy(files["return.csv"], old)
    (new,) = [receipt for receipt in receive(home, QUARTER) if receipt.new]
    assert (new.status, new.reasons[0][:4]) == ("refused", "FL45")
    assert "old/: it is named as replaced" in new.reasons[0]


# A, B, A ---------------------------------------------------------------------------------------------------


def stands(home):
    rows = [row for row in receipts_in(home) if row["status"] in ("accepted", "nil")]
    return rows[-1]["submission"], rows[-1]["status"], rows[-1]["crimes"]


def test_a_return_sent_again_after_a_mistaken_one_stands(home):
    land(home, records=a_return("kent", 3))
    land(home, records=a_return("kent", 1), delivery="2")
    receive(home, QUARTER)
    land(home, records=a_return("kent", 3), delivery="3")
    (new,) = [receipt for receipt in receive(home, QUARTER) if receipt.new]
    assert new.reasons[0].startswith("FL47 3/: holds what came as submission 1, byte for byte")
    assert stands(home) == (3, "accepted", 3)
    assert not any(receipt.new for receipt in receive(home, QUARTER))


def test_a_return_put_back_into_its_folder_stands(home):
    for crimes in (3, 1, 3):
        land(home, records=a_return("kent", crimes))
        assert only(receive(home, QUARTER)).new
        assert not only(receive(home, QUARTER)).new
    assert stands(home) == (3, "accepted", 3)


@pytest.mark.parametrize("name", ["NIL", "MISSING"])
def test_a_return_sent_again_after_a_statement_stands(home, name):
    land(home, records=a_return("kent", 3), delivery="1")
    statement(home, name, force="kent/2")
    receive(home, QUARTER)
    assert standing(home, QUARTER)["nil"] == (["kent"] if name == "NIL" else [])
    land(home, records=a_return("kent", 3), delivery="3")
    receive(home, QUARTER)
    assert stands(home) == (3, "accepted", 3)
    statement(home, name, force="kent/4")
    assert [receipt.status for receipt in receive(home, QUARTER) if receipt.new] == [name.lower()]


def test_a_return_in_parts_sent_again_stands(home):
    for beginning, crimes in (("1-", 2), ("2-", 1), ("3-", 2)):
        part(home, 1, count=crimes, beginning=beginning)
        part(home, 2, first=5, count=crimes, beginning=beginning)
        receive(home, QUARTER)
    assert stands(home) == (3, "accepted", 4)


def test_a_joint_return_sent_again_stands_for_both(home):
    for delivery, crimes in (("1", 2), ("2", 1), ("3", 2)):
        found = [crime(number, f"{prefix}/{{}}/23") for prefix in (36, 37) for number in range(crimes)]
        records = {"crimes": found, "victims": [victim(one) for one in found], "suspects": []}
        land(home, "norfolk-and-suffolk", records, delivery=delivery)
        receive(home, QUARTER)
    last = {row["force"]: (row["submission"], row["crimes"]) for row in receipts_in(home)}
    assert last == {"norfolk": (3, 2), "suffolk": (3, 2)}


def test_a_refused_return_sent_again_is_told_again(home):
    for delivery in ("1", "2"):
        bad = land(home, delivery=delivery)["return.csv"]
        bad.write_bytes(bad.read_bytes().replace(b"LocalID", b"Local"))
        (new,) = [receipt for receipt in receive(home, QUARTER) if receipt.new]
        assert new.status == "refused"
    assert [row["submission"] for row in receipts_in(home)] == [1, 2]


def test_a_refused_return_that_was_replaced_is_not_read_anew_over_it(home, monkeypatch):
    """Its layout corrected, it would stand over what the force sent in its place."""

    bad = land(home, delivery="1")["return.csv"]
    bad.write_bytes(bad.read_bytes().replace(b"LocalID", b"Local"))
    land(home, records=a_return("kent", 5), delivery="2")
    receive(home, QUARTER)
    whole = arrivals.layout_for
    monkeypatch.setattr(arrivals, "layout_for", lambda *words: whole("essex", QUARTER))
    assert not any(receipt.new for receipt in receive(home, QUARTER))
    assert stands(home) == (2, "accepted", 5)
