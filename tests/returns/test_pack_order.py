"""Which findings matter first, and the reason that a pack gives for it."""

import pytest

from orchestration.returns.pack import order

KENT = "kent"


def failing(reference: str | None, **more) -> dict:
    cell = {"column": "offence_code", "value": more.pop("value", None), "allowed": "a code"}
    place = {"file": "crimes.csv", "sheet": None, "row": more.pop("row", 2), "record_type": "crimes"}
    return {
        "crime_reference": reference,
        "person_reference": None,
        "found": None,
        "values": [cell],
        **place,
        **more,
    }


def ordered(
    found: dict, tested: dict | None = None, crimes_are: dict | None = None, lost: dict | None = None
):
    by_force = order.by_code(
        {(KENT, answer, code): rows for (answer, code), rows in found.items()},
        {(KENT, code): number for code, number in (tested or {}).items()},
        {(KENT, crime): said for crime, said in (crimes_are or {}).items()},
        {(KENT, code): number for code, number in (lost or {}).items()},
    )
    return by_force[KENT]


def test_what_follows_for_the_figures_decides_and_then_how_many():
    crimes = [str(number) for number in range(9)]
    are = dict.fromkeys(crimes[:3], "contact crime") | dict.fromkeys(crimes[3:6], "counted")
    are |= {"6": "left out: unknown code", "7": "left out: cancelled", "8": "left out: cancelled"}
    found = {
        ("explain", "CR44"): [failing(one) for one in crimes[:3]],
        ("explain", "CR21"): [failing(one) for one in crimes[:2]],
        ("explain", "CR47"): [failing(one) for one in crimes[3:]],
        ("explain", "CR16"): [failing("7"), failing("8")],
        ("nothing", "CR10"): [failing(one) for one in crimes],
        ("correct", "CR15"): [failing(one) for one in crimes[:4]],
        ("correct", "UM01"): [failing("6")],
        ("correct", "RE03"): [failing("20"), failing("21")],
        ("correct", "MN01"): [failing(None)],
        ("correct", "CR11"): [failing(one) for one in crimes[:5]],
    }
    told = [(each["code"], each["why"]) for each in ordered(found, {"CR11": 40, "CR15": 400}, are)]
    assert told == [
        ("CR11", "The release waits for it: 5 of 40 fail, 3 are tolerated."),
        ("RE03", "2 records are not counted until corrected."),
        ("MN01", "It is about the return as a whole."),
        ("UM01", "Its crime is left out of the count because of it."),
        ("CR15", "3 of its 4 crimes are contact crimes, which may be group-based."),
        ("CR44", "All its 3 crimes are contact crimes, which may be group-based."),
        ("CR21", "Both its crimes are contact crimes, which may be group-based."),
        ("CR47", "3 of its 6 crimes are counted all the same, none as a contact crime."),
        ("CR16", "None of its crimes is counted."),
        ("CR10", "Nothing is asked of the force."),
    ]


def test_within_a_rule_the_records_that_matter_stand_first():
    are = {"1": "left out: cancelled", "2": "counted", "3": "contact crime", "4": "left out: unknown code"}
    (finding,) = ordered(
        {("correct", "UM01"): [failing(one, row=int(one)) for one in "12345"]}, crimes_are=are
    )
    assert [row["crime_reference"] for row in finding["failing"]] == ["4", "3", "2", "1", "5"]
    assert [row["crime_is"] for row in finding["failing"]][-1] is None


def test_held_out_records_that_the_release_waits_for_stand_with_their_rule():
    found = {
        ("correct", "RE02"): [failing(str(number)) for number in range(5)],
        ("correct", "HO01"): [],
        ("correct", "CR11"): [failing(str(number)) for number in range(4)],
        ("correct", "RE04"): [failing("9", record_type="victims")],
    }
    told = ordered(found, {"HO01": 20, "CR11": 20}, lost={"HO01": 5})
    assert [each["code"] for each in told] == ["HO01", "RE02", "CR11", "RE04"]
    assert told[0]["records"] == 5 and told[0]["holds"]
    assert told[1]["why"].endswith("They are among those that the release waits for (HO01).")
    assert told[3]["why"] == "1 record is not counted until corrected."


@pytest.mark.parametrize(
    ("values", "says"),
    [
        (["99/99"] * 3 + ["98/1"], "3 have '99/99' as offence code."),
        (["99/99"] * 2 + ["98/1"], ""),
        (["99/99"] * 3 + ["98/1"] * 4, "4 have '98/1' as offence code."),
        (["99/99"] * 3 + [f"9{n}" for n in range(4)], ""),
        ([None] * 9, ""),
        (["x" * 90] * 3, f"3 have '{'x' * 40}…' as offence code."),
    ],
)
def test_one_spelling_behind_many_findings_is_named(values, says):
    rows = [failing(str(number), value=value) for number, value in enumerate(values)]
    (finding,) = ordered({("correct", "UM01"): rows})
    assert finding["why"].removeprefix("None of its crimes is counted.").strip() == says


def test_the_same_order_for_the_same_findings_however_they_come():
    found = {
        ("correct", code): [failing("1"), failing("2")] for code in ("CR15", "CR11", "UM01", "RE02", "RE03")
    }
    backwards = {key: rows[::-1] for key, rows in reversed(found.items())}
    assert ordered(found) == ordered(backwards)
