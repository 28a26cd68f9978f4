"""A return most of which cannot be used never replaces a sound one; refusals rest on facts that are certain."""

import csv
from pathlib import Path

import pytest
from test_intake import QUARTER, a_return, land, only
from written import crime, suspect, victim

from orchestration.home import seed_rows
from orchestration.ledger.opening import open_ledger
from orchestration.ledger.receipts import read_submissions
from orchestration.returns.intake import receive
from orchestration.returns.layouts import force_codes
from orchestration.returns.receipts import standing
from orchestration.returns.usable import _is_offence, held_out

import pyarrow as pa  # isort: skip

CASES = Path(__file__).with_name("held_out.csv")


def second(home, records, force="kent"):
    """What becomes of a delivery that comes after a sound return of six crimes."""
    land(home, force, a_return(force, 6))
    receive(home, QUARTER)
    land(home, force, records, delivery="2")
    (receipt,) = [receipt for receipt in receive(home, QUARTER) if receipt.new]
    return receipt


def assert_the_first_stands(home, receipt, code):
    assert (receipt.status, [reason[:4] for reason in receipt.reasons]) == ("refused", [code])
    assert receipt.counts == {"crimes": 0, "victims": 0, "suspects": 0}
    stands = standing(home, QUARTER)
    assert (stands["received"], stands["refused"]) == (["kent"], ["kent"])
    engine = open_ledger(home)
    assert [row["crimes"] for row in read_submissions(engine)] == [6, 0]
    engine.dispose()


@pytest.mark.parametrize(
    ("cells", "says"),
    [
        ({"status": ""}, "6 of 6 crimes could not be counted: 6 have no status"),
        ({"offence_code": ""}, "6 have no offence_code"),
        ({"recorded_on": ""}, "6 have no recorded_on"),
    ],
)
def test_a_column_blank_throughout(home, cells, says):
    receipt = second(home, a_return("kent", 6, **cells))
    assert_the_first_stands(home, receipt, "ST31")
    assert says in receipt.reasons[0]


@pytest.mark.parametrize("text", ["03/02/2023", "2023-02-03T10:15:00Z!", "5 November 2022", "31/02/2023"])
def test_dates_that_cannot_be_read_throughout(home, text):
    receipt = second(home, a_return("kent", 6, recorded_on=text))
    assert receipt.status == "refused" and len(receipt.reasons) == 1
    assert receipt.reasons[0][:4] in ("ST23", "ST31")
    assert standing(home, QUARTER)["received"] == ["kent"]


def mixed(*of):
    """A return of crimes with these cells, each with a victim and a suspect."""
    found = [crime(number, "46/{}/23", **cells) for number, cells in enumerate(of)]
    return {
        "crimes": found,
        "victims": [victim(one) for one in found],
        "suspects": [suspect(one) for one in found],
    }


def test_half_of_the_crimes_are_held_out_and_more_refuse(home):
    sound, blank = {}, {"status": ""}
    assert second(home, mixed(*[sound] * 3, *[blank] * 3)).status == "accepted"
    land(home, records=mixed(*[sound] * 3, *[blank] * 4), delivery="3")
    (receipt,) = [receipt for receipt in receive(home, QUARTER) if receipt.new]
    assert (receipt.status, receipt.reasons[0][:39]) == ("refused", "ST31 4 of 7 crimes could not be counted")


def test_causes_count_together(home):
    causes = [{"status": ""}, {"offence_code": ""}, {"recorded_on": "30/02/2023"}, {"recorded_on": ""}]
    receipt = second(home, mixed({}, {}, {}, *causes))
    assert_the_first_stands(home, receipt, "ST31")
    for reason in ("1 have no status", "1 have no offence_code", "1 have a recorded_on that is no date"):
        assert reason in receipt.reasons[0]


def test_two_crimes_under_each_reference(home):
    records = a_return("kent", 6)
    twins = [{**one, "offence_code": "88A"} for one in records["crimes"]]
    receipt = second(home, {**records, "crimes": records["crimes"] + twins})
    assert_the_first_stands(home, receipt, "ST31")
    assert "12 share a crime_reference with another crime" in receipt.reasons[0]


def test_codes_of_no_list_throughout(home):
    receipt = second(home, a_return("kent", 6, offence_code="RAPE-C"))
    assert_the_first_stands(home, receipt, "ST32")
    assert "6 of 6 crimes have a offence_code" in receipt.reasons[0].replace("an offence", "a offence")
    assert "RAPE" not in receipt.reasons[0]


@pytest.mark.parametrize("kind", ["victims", "suspects"])
def test_persons_without_references_throughout(home, kind):
    records = mixed(*[{}] * 6)
    records[kind] = [{**one, f"{kind[:-1]}_reference": ""} for one in records[kind]]
    receipt = second(home, records)
    assert_the_first_stands(home, receipt, "AC02")
    assert f"6 of 6 {kind} could not be counted: 6 have no reference" in receipt.reasons[0]


def test_persons_on_crimes_that_are_held_out_are_for_the_rules(home):
    records = mixed(*[{}] * 4, *[{"status": ""}] * 3)
    records["suspects"] = [suspect(one, number) for one in records["crimes"][4:] for number in (1, 2)]
    receipt = second(home, records)
    assert (receipt.submission, receipt.status) == (2, "accepted")


def test_dates_unreadable_and_outside_count_together(home):
    cells = [{"recorded_on": "30/02/2023"}] * 2 + [{"recorded_on": "2022-11-05"}] * 2
    receipt = second(home, mixed({}, {}, {}, *cells))
    assert_the_first_stands(home, receipt, "ST19")
    assert (
        "2 of 7 crimes have a recorded_on outside 2023-Q1, and 2 have none that can be read"
        in receipt.reasons[0]
    )


# cancellations of earlier quarters -------------------------------------------------------------------------


def test_cancellations_of_an_earlier_quarter_are_left_alone(home):
    earlier = {"recorded_on": "2022-11-05", "status": "No Crime", "cancellation_code": "C2"}
    land(home, records=mixed({}, {}, *[earlier] * 6))
    receipt = only(receive(home, QUARTER))
    assert (receipt.status, receipt.counts["crimes"]) == ("accepted", 8)


def test_what_is_not_cancelled_or_not_earlier_is_not(home):
    for number, cells in enumerate(
        (
            {"recorded_on": "2022-11-05"},
            {"recorded_on": "2023-05-05", "status": "cancelled", "cancellation_code": "C2"},
        )
    ):
        land(home, records=mixed({}, {}, *[cells] * 6), delivery=str(number))
        (receipt,) = [receipt for receipt in receive(home, QUARTER) if receipt.new]
        assert [reason[:4] for reason in receipt.reasons] == ["ST19"]


# how certain the facts are ---------------------------------------------------------------------------------


def one_of(force, reference):
    found = [crime(number, reference) for number in range(4)]
    return {"crimes": found, "victims": [victim(one) for one in found], "suspects": []}


def certainty(force):
    return next(row["reference_certainty"] for row in seed_rows("forces.csv") if row["force"] == force)


@pytest.mark.parametrize("force", sorted(set(force_codes()) - {"norfolk", "suffolk"}))
def test_references_of_another_kind_are_remarked_on_where_it_is_not_certain(home, force):
    assert certainty(force) != "high"
    land(home, force, one_of(force, "CR{}"))
    receipt = only(receive(home, QUARTER))
    assert (receipt.status, [reason[:4] for reason in receipt.reasons]) == ("accepted", ["ST33"])
    assert standing(home, QUARTER)["remarks"] == [f"{force}: {receipt.reasons[0]}"]


def test_where_it_is_certain_they_refuse(home):
    assert certainty("norfolk") == "high"
    land(home, "norfolk", one_of("norfolk", "CR{}"))
    assert [reason[:4] for reason in only(receive(home, QUARTER)).reasons] == ["ST20"]


@pytest.mark.parametrize(("number", "owner"), [("42", "essex"), ("47", "sussex"), ("05", "merseyside")])
def test_references_like_another_forces_refuse(home, number, owner):
    land(home, "kent", one_of("kent", f"{number}/{{}}/23"))
    (reason,) = only(receive(home, QUARTER)).reasons
    assert reason.startswith("ST20 ") and f"they look like those of {owner}" in reason


def test_the_year_is_not_taken_for_warwickshire(home):
    land(home, "kent", one_of("kent", "23/{}"))
    assert [reason[:4] for reason in only(receive(home, QUARTER)).reasons] == ["ST33"]


def test_a_force_of_which_nothing_is_known_is_not_refused(home):
    land(home, "merseyside", one_of("merseyside", "46/{}/23"))
    receipt = only(receive(home, QUARTER))
    assert (receipt.status, [reason[:4] for reason in receipt.reasons]) == ("accepted", ["ST33"])


def test_a_mistake_that_was_mended_keeps_no_one_from_sending_the_file_where_it_belongs(home):
    records = one_of("kent", "K{}")
    land(home, "kent", records)
    receive(home, QUARTER, "kent")
    land(home, "essex", records)
    assert only(receive(home, QUARTER, "essex")).reasons[0].startswith("EQ02 ")
    land(home, "kent", one_of("kent", "46/{}/23"), delivery="2")
    receive(home, QUARTER, "kent")
    land(home, "essex", records, delivery="2")
    assert [receipt.status for receipt in receive(home, QUARTER, "essex") if receipt.new] == ["accepted"]


# the same conditions as staging ----------------------------------------------------------------------------


def cases():
    with CASES.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def test_what_is_held_out_is_what_the_table_says():
    rows = cases()
    columns = ("crime_reference", "offence_code", "recorded_on", "status")
    crimes = pa.table(
        {name: pa.chunked_array([[row[name] or None for row in rows]], pa.string()) for name in columns}
    )
    held = {}
    for reason, where in held_out(crimes).items():
        held |= {number: reason for number in where.nonzero()[0].tolist()}
    assert [held.get(number, "") for number in range(len(rows))] == [row["reason"] for row in rows]


def test_staging_holds_out_what_the_table_says(home):
    """The same records through intake and dbt's own SQL."""
    import duckdb

    from orchestration.warehouse import compiled

    rows = cases()
    found = [
        {name: row[name] for name in ("crime_reference", "offence_code", "recorded_on", "status")}
        for row in rows
    ]
    sound = [crime(number, "sound-{}") for number in range(len(found) + 1)]
    persons = {"victims": [], "suspects": []}
    land(home, "merseyside", {"crimes": found + sound, **persons})
    assert only(receive(home, QUARTER)).status == "accepted"
    with duckdb.connect() as connection:
        compiled.build(connection, compiled.steps(("int_rejected_records",)), home.raw)
        held = connection.execute(
            "select record_number, rule from intermediate.int_rejected_records where record_type = 'crimes'"
        ).fetchall()
    first = min(number for number, _ in held) - next(n for n, row in enumerate(rows) if row["rule"])
    assert sorted(held) == sorted((first + n, row["rule"]) for n, row in enumerate(rows) if row["rule"])


def test_every_code_of_the_list_is_known_in_each_way_of_writing():
    for row in seed_rows("offences.csv"):
        for text in (
            row["offence_code"],
            row["offence_code"].lower(),
            f"0{row['offence_code']}",
            row["five_digit"],
        ):
            assert not text or _is_offence(text), text
    for text in ("N100", "19J.19.8.0", "19E.19.16.0A", "44062", "2020-08-19", "1916"):
        assert _is_offence(text), text
    for text in ("RAPE", "999", "19/99", "12345678", "99999"):
        assert not _is_offence(text), text
