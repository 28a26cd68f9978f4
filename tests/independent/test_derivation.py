"""The independent derivation on hand-made records: one crime for each reason, worked out on paper."""

from fractions import Fraction
from pathlib import Path

import pytest
from derivation import (
    Derivation,
    Records,
    Seeds,
    alpha,
    excel_eaten_code,
    half_up,
    largest_remainder,
    linked_crimes,
    settled,
)
from exemplars import CANCELLED_LATER

SEEDS = Path(__file__).resolve().parents[2] / "seeds"
FORCE, QUARTER = "kent", "2023-Q2"


@pytest.fixture(scope="module")
def seeds() -> Seeds:
    return Seeds(SEEDS)


COLUMNS = {name: [row["column"] for row in rows] for name, rows in Seeds(SEEDS).columns.items()}


def raw(record_type: str, number: int, submission: int = 1, quarter: str = QUARTER, **values) -> dict:
    blank = dict.fromkeys(COLUMNS[record_type])
    where = {"force": FORCE, "quarter": quarter, "submission": submission, "file": f"{record_type}.csv"}
    return {**blank, **where, "sheet": None, "record_number": number, **values}


def crime(number: int, code: str | None, **values) -> dict:
    usual = {
        "crime_reference": f"46/{number}",
        "offence_code": code,
        "recorded_on": "2023-05-10",
        "reported_on": "2023-05-10",
        "committed_from": "2023-05-01",
        "committed_to": "2023-05-01",
        "status": "recorded",
    }
    return raw("crimes", number, **{**usual, **values})


def victim(number: int, **values) -> dict:
    usual = {
        "crime_reference": f"46/{number}",
        "victim_reference": "V1",
        "age_at_offence": "14",
        "gender": "F",
    }
    return raw("victims", number, **{**usual, **values})


def suspect(number: int, reference: str, **values) -> dict:
    usual = {"crime_reference": f"46/{number}", "suspect_reference": reference, "age_at_offence": "16"}
    return raw("suspects", number, **{**usual, **values})


def reading(number: int, role: str = "first", **values) -> dict:
    usual = {
        "reading_id": number,
        "force": FORCE,
        "crime_reference": f"46/{number}",
        "version": "v",
        "role": role,
        "group_based": "yes",
        "criterion": "other",
        "committed_by_children": "no",
        "offenders_read": 2,
    }
    return {**usual, **values}


def derive(seeds, crimes, victims=(), suspects=(), readings=(), submissions=None) -> Derivation:
    accepted = [{"force": FORCE, "quarter": QUARTER, "submission": 1, "status": "accepted"}]
    return Derivation(
        Records(submissions or accepted, list(crimes), list(victims), list(suspects), list(readings)), seeds
    )


EXCLUDED = [
    ("not_a_crime", crime(1, "N100/2", status="cancelled"), []),
    ("cancelled", crime(2, "19E", status="No Crime", cancellation_code="C2"), []),
    ("wrong_quarter", crime(3, "19E", recorded_on="2023-07-01"), []),
    ("unknown_code", crime(4, "99/99"), []),
    ("not_in_scope", crime(6, "86/11", csa_flag="Y"), []),
    ("not_in_scope", crime(7, "13", csa_flag="Y", cse_flag="N"), [victim(7)]),
    ("image_without_subcode", crime(8, "86"), []),
    ("adult_victim", crime(9, "19C", csa_flag="Y"), [victim(9, age_at_offence="18")]),
    ("child_not_shown", crime(10, "17A"), [victim(10, age_at_offence=None)]),
]
INCLUDED = [
    crime(20, "19E"),  # names a child, whatever the age recorded
    crime(21, "19C"),  # a child among the victims
    crime(22, "17A", cse_flag="Yes"),  # no age known, but flagged
    crime(23, "13/2", cse_flag="Y"),  # counts only when flagged, and is
    crime(24, "86", csa_flag="Y"),  # image without sub-code, flagged
    crime(25, "20/1"),  # an old code is still a known code
]
INCLUDED_VICTIMS = [
    victim(20, age_at_offence="30"),
    victim(21, age_at_offence="40"),
    victim(21, victim_reference="V2", age_at_offence="17"),
    victim(22, age_at_offence=None),
]


@pytest.mark.parametrize(
    ("reason", "record", "victims"), EXCLUDED, ids=[r["crime_reference"] for _, r, _ in EXCLUDED]
)
def test_each_exclusion_reason(seeds, reason, record, victims):
    derived = derive(seeds, [record], victims)
    assert list(derived.exclusions.values()) == [reason]
    assert not derived.cpai


def test_what_is_in_the_cpai(seeds):
    derived = derive(seeds, INCLUDED, INCLUDED_VICTIMS)
    assert not derived.exclusions
    assert [c.is_image for c in derived.cpai.values()] == [False, False, False, False, True, False]
    # 13/2 is no contact offence in the seed
    assert [c.is_contact for c in derived.cpai.values()] == [True, True, True, False, False, True]


@pytest.mark.parametrize(
    ("sent", "code"),
    [
        ("19e", "19E"),
        ("19/16", "19/16"),
        ("019/16", "19/16"),
        ("01916", "19/16"),
        ("1916", "19/16"),
        ("44062", "19/8"),
        ("2020-08-19", "19/8"),
        ("19E.19.16.0", "19/16"),
        ("19E.19.16.0A", "19/16"),
        ("88A.71.17.0", "71/17"),
        ("19J.19.8.0", "19J"),
        ("86.86.99.0", None),
        ("106", "106"),
        ("SX03001", None),
        ("87", None),
    ],
)
def test_offence_code_spellings(seeds, sent, code):
    row = seeds.offence(sent)
    assert (row and row["offence_code"]) == code


@pytest.mark.parametrize(
    ("quarter", "recorded_on", "counted_in"),
    [row[1:] for row in CANCELLED_LATER],
    ids=[row[0] for row in CANCELLED_LATER],
)
def test_a_cancellation_in_a_later_return_lowers_the_quarter_that_held_the_crime(
    seeds, quarter, recorded_on, counted_in
):
    """46/1 is recorded on 10 May 2023 and counted in 2023-Q2, until another return has it cancelled."""
    submissions = [
        {"force": FORCE, "quarter": one, "submission": 1, "status": "accepted"} for one in (QUARTER, quarter)
    ]
    other = crime(
        1, "19E", quarter=quarter, recorded_on=recorded_on, status="cancelled", cancellation_code="C2"
    )
    derived = derive(seeds, [crime(1, "19E"), other], submissions=submissions)
    assert {key[1] for key in derived.cpai} == counted_in
    assert derived.exclusions[FORCE, quarter, "46/1"] == "cancelled"


def test_another_force_cancels_nothing_here(seeds):
    submissions = [
        {"force": force, "quarter": quarter, "submission": 1, "status": "accepted"}
        for force, quarter in ((FORCE, QUARTER), ("essex", "2023-Q3"))
    ]
    other = {**crime(1, "19E", quarter="2023-Q3", status="cancelled"), "force": "essex"}
    assert {key[:2] for key in derive(seeds, [crime(1, "19E"), other], submissions=submissions).cpai} == {
        (FORCE, QUARTER)
    }


def test_only_dates_of_the_damaged_years_are_repaired():
    assert [excel_eaten_code(t) for t in ("44031", "43831", "01916", "47000")] == ["19/7", "1/1", None, None]


def test_age_from_birth_on_the_last_day_of_the_offence(seeds):
    born = {"age_at_offence": None, "date_of_birth": "2005-05-02"}
    derived = derive(seeds, [crime(1, "17A")], [victim(1, **born)])
    assert not derived.exclusions  # 17 on 1 May, 18 the day after
    later = derive(seeds, [crime(1, "17A", committed_to="2023-05-02")], [victim(1, **born)])
    assert list(later.exclusions.values()) == ["adult_victim"]


def test_recency_is_one_year_from_the_last_day(seeds):
    def recency(**dates):
        return next(iter(derive(seeds, [crime(1, "19E", **dates)]).crimes.values())).recency

    assert recency(committed_to="2022-05-10") == "recent"
    assert recency(committed_to="2022-05-09") == "non_recent"
    assert recency(committed_from="2020-01-01", committed_to="2022-05-10") == "recent"
    assert recency(committed_to="2022-05-09", reported_on=None, recorded_on="2023-05-09") == "recent"
    assert recency(committed_from=None, committed_to=None) == "unknown"


def test_candidates_and_why(seeds):
    crimes = [
        crime(1, "19E"),
        crime(2, "19E", offenders_stated="3"),
        crime(3, "19J"),
        crime(4, "19E", offenders_stated="1"),
        crime(5, "88A", offenders_stated="5"),
        crime(6, "86/2", offenders_stated="5"),
    ]
    suspects = [suspect(1, "S1"), suspect(1, "S2"), suspect(4, "S1"), suspect(4, "S1", record_number=9)]
    reasons = derive(seeds, crimes, [victim(3)], suspects).candidates
    assert {key[2]: reason for key, reason in reasons.items()} == {
        "46/1": "suspect_rows",
        "46/2": "offenders_stated",
        "46/3": "multiple_offender_class",
        "46/4": "recall_sample",
    }


def test_a_cue_is_whole_words_of_the_summary(seeds):
    said = {1: "Note: Co-Offender, not named", 2: "Note: co-offenders", 3: "Note: offender", 4: None}
    crimes = [crime(number, "19E", summary=summary) for number, summary in said.items()]
    reasons = derive(seeds, crimes).candidates
    assert {key[2]: reason for key, reason in reasons.items()} == {"46/1": "text_cue"}


def test_linked_crimes_share_two_victims_between_two_suspects():
    square = [("A", "X", (1, 1, 1)), ("A", "Y", (1, 1, 2)), ("B", "X", (1, 1, 3)), ("B", "Y", (1, 1, 4))]
    all_four = {crime for _, _, crime in square}
    assert linked_crimes(square, 2) == all_four
    assert linked_crimes(square, 1) == set()
    assert linked_crimes(square[:3], 9) == set()
    assert linked_crimes([*square, ("A", "Z", (1, 1, 5)), ("C", "X", (1, 1, 6))], 9) == all_four
    assert linked_crimes([(suspect, victim, (1, 1, 1)) for suspect, victim, _ in square], 9) == set()


def test_the_draw_is_of_crimes_with_one_suspect_and_no_other_reason(seeds):
    crimes = [crime(number, "19E") for number in range(300)] + [crime(300, "19E", offenders_stated="2")]
    suspects = [suspect(number, "S1") for number in range(250)] + [suspect(300, "S1")]
    drawn = [
        key
        for key, reason in derive(seeds, crimes, (), suspects).candidates.items()
        if reason == "recall_sample"
    ]
    assert len(drawn) == int(seeds.recall_samples[0]["crimes"])
    assert all(int(reference.removeprefix("46/")) < 250 for _, _, reference in drawn)


def test_the_settled_reading():
    first, second = reading(1), reading(1, "second")
    other = {**second, "criterion": "familial"}
    adjudicated = reading(1, "adjudicator", criterion="cse")
    assert settled({"first": first}) is first
    assert settled({"first": first, "second": second}) == first
    assert settled({"first": first, "second": {**second, "offenders_read": 3}})["offenders_read"] == 3
    assert settled({"first": first}, is_read_by_two=True) is None
    assert settled({"first": first, "second": other}) is None
    assert settled({"first": first, "second": other, "adjudicator": adjudicated}) is adjudicated


def test_a_correction_and_a_second_round_stand_for_what_was_read_before(seeds):
    crimes = [crime(n, "19E", offenders_stated="2") for n in (1, 2, 3)]
    item = {"force": FORCE, "version": "v", "role": "first"}
    read = [
        {**reading(1, criterion="cse"), "reading_id": 1},
        {**reading(1, criterion="familial"), "reading_id": 2, "corrects": 1},
        {**reading(2, criterion="unknown"), "reading_id": 3, "round": 1},
        {**reading(3, "gold"), "reading_id": 4},
    ]
    derived = derive(seeds, crimes, readings=read)
    assert {key[2]: crime.reading["criterion"] for key, crime in derived.cocad.items()} == {
        "46/1": "familial",
        "46/2": "unknown",
    }
    accepted = [{"force": FORCE, "quarter": QUARTER, "submission": 1, "status": "accepted"}]
    again = [{**item, "crime_reference": "46/2", "round": 2}]
    derived = Derivation(Records(accepted, crimes, [], [], read, again), seeds)
    assert {key[2] for key in derived.unread} == {"46/2", "46/3"}


def test_agreement_on_paper():
    """Two of three pairs agree, four answers are a and two b: a third differs, of any two answers 16 in 30 would."""
    assert alpha([("a", "a"), ("a", "a"), ("b", "b")]) == 1
    assert alpha([("a", "a"), ("a", "b"), ("b", "a")]) == 1 - Fraction(2, 3) / Fraction(16, 30)
    assert alpha([]) is None
    assert alpha([("a", "a"), ("a", "a")]) is None


def test_percentages_by_their_roundings():
    assert [half_up(1, 8, 0), half_up(1, 8, 1), half_up(1, 0, 0)] == [13.0, 12.5, None]
    assert largest_remainder([(1, 1), (1, 2), (1, 3)], 3) == [34.0, 33.0, 33.0]
    assert largest_remainder([(1, 1), (1, 2), (6, 3)], 8) == [13.0, 12.0, 75.0]
    assert largest_remainder([(0, 1)], 0) == [None]


def test_later_submission_stands_refused_does_not(seeds):
    one, two, three = (
        {"force": FORCE, "quarter": QUARTER, "submission": n, "status": s}
        for n, s in ((1, "accepted"), (2, "accepted"), (3, "refused"))
    )
    crimes = [crime(1, "19E"), crime(2, "19E", submission=2)]
    assert [key[2] for key in derive(seeds, crimes, submissions=[one, two, three]).cpai] == ["46/2"]
    nil = {**two, "status": "nil"}
    assert not derive(seeds, crimes[:1], submissions=[one, nil]).crimes


def test_duplicates_are_merged_and_unusable_records_rejected(seeds):
    crimes = [
        crime(1, "19E", cse_flag=None),
        crime(1, "19E", cse_flag="Y", record_number=2),
        crime(3, "19E", crime_reference=None),
        crime(4, "19E", recorded_on="31/04/2023"),
        crime(5, None),
        crime(6, "19E", status=None),
    ]
    derived = derive(seeds, crimes, [victim(1), victim(1, record_number=5), victim(77)])
    assert [(key[2], c.flags["cse_flag"], len(c.victims)) for key, c in derived.crimes.items()] == [
        ("46/1", "Y", 1)
    ]
    assert (derived.rejected, derived.orphans) == ({"crimes": 4}, {"victims": 1})


def test_a_state_based_offence_has_no_victim(seeds):
    derived = derive(seeds, [crime(1, "86/2")], [victim(1, victim_reference="STATE", age_at_offence=None)])
    assert [c.victims for c in derived.cpai.values()] == [[]]


def test_both_schemes_and_the_figures(seeds):
    crimes = [crime(n, "19E", offenders_stated="2") for n in (1, 2, 3)]
    people = [
        suspect(1, "S1", self_defined_ethnicity="O1", relationship="Stranger"),
        suspect(1, "S2", gender="U"),
    ]
    read = [
        reading(1, committed_by_children="yes"),
        reading(2, criterion="familial", committed_by_children="yes"),
        reading(3, group_based="no"),
    ]
    derived = derive(seeds, crimes, [victim(1), victim(2, gender="M", age_at_offence="9")], people, read)
    assert {
        k[2]: (derived.criterion(c, "2023"), derived.criterion(c, "2024")) for k, c in derived.cocad.items()
    } == {
        "46/1": ("other", "committed_by_children"),
        "46/2": ("familial", "committed_by_children"),
    }
    figures = {key[0]: value for key, value in derived.figures_by("national", "year").items()}
    assert figures["scale.cpai"] == (3, 3)
    assert figures["scale.cocad_of_contact"] == (2, 3)
    assert figures["children.of_other"] == (1, 1)
    assert figures["children.victim.10_to_15"] == (1, 1)
    assert figures["victim.gender.female"] == (1, 2)
    assert figures["suspect.ethnicity.asian"] == (1, 1)  # O1 is Chinese of 16+1: Asian in 18+1
    assert figures["suspect.gender.recorded"] == (0, 2)
    assert figures["children.suspect.acquaintance"] == (0, 1)
    assert figures["suspect.age.10_to_17"] == (2, 2)


def test_children_are_not_collected_in_the_first_quarter(seeds):
    quarter = {"quarter": "2023-Q1"}
    submissions = [{"force": FORCE, **quarter, "submission": 1, "status": "accepted"}]
    crimes = [crime(1, "19E", offenders_stated="2", recorded_on="2023-03-31", **quarter)]
    derived = derive(
        seeds, crimes, readings=[reading(1, committed_by_children="yes")], submissions=submissions
    )
    (only,) = derived.cocad.values()
    assert (derived.committed_by_children(only), derived.criterion(only, "2024")) == (
        "not_collected",
        "other",
    )
    assert derived.figures_by("national", "year")["children.of_other", "England and Wales", "2023"] == (0, 0)


def test_ethnicity_and_relationship_spellings(seeds):
    def ethnicity(text):
        return seeds.listed(seeds.self_defined, "self_defined_ethnicity", text)

    assert ethnicity("w1") == ("W1", "white", None)
    assert ethnicity("ESDD_A2")[1] == "asian"
    assert ethnicity("14")[:2] == ("B2", "black")
    assert ethnicity("NS") == ("NS", None, "not_stated")
    assert ethnicity("Missing value") == ("not_recorded", None, "not_recorded")
    assert ethnicity("Z7") == ("unmapped", None, "unmapped")
    relationship = seeds.listed(seeds.relationships, "relationship", "Relative &#8211; Other")
    assert relationship[1] == "familial"
