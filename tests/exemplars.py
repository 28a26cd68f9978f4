"""A record that breaks each rule, and a near miss that does not.

One valid crime with its victim and suspect; an exemplar changes as little of it as breaks one rule. `broken` and
`near_miss` are what changes: `crime`, `victim` or `suspect` columns. Rules about our own work cannot be broken by a
return: `OWN_WORK` breaks them in the warehouse.
"""

from dataclasses import dataclass, field

CRIME = {
    "offence_code": "19/16",
    "recorded_on": "2023-05-10",
    "reported_on": "2023-05-09",
    "committed_from": "2023-05-01",
    "committed_to": "2023-05-01",
    "status": "recorded",
    "csa_flag": "Y",
}
VICTIM = {"victim_reference": "1", "gender": "F", "age_at_offence": "9"}
SUSPECT = {"suspect_reference": "1", "gender": "M", "age_at_offence": "30"}


@dataclass(frozen=True)
class Exemplar:
    """`broken` must give exactly `rule` with the word `found`, and `also`; `near_miss` must give nothing."""

    rule: str
    found: str
    broken: dict[str, dict]
    near_miss: dict[str, dict]
    also: set[str] = field(default_factory=set)


def _dates(recorded_on: str, reported_on: str) -> dict:
    return {"crime": {"recorded_on": recorded_on, "reported_on": reported_on, "committed_from": reported_on,
                      "committed_to": reported_on}}  # fmt: skip


def _code(code: str, age: int, gender: str = "F", **crime) -> dict:
    return {
        "crime": {"offence_code": code, **crime},
        "victim": {"age_at_offence": str(age), "gender": gender},
    }


def _crime(**columns) -> dict:
    return {"crime": columns}


EXEMPLARS = [
    Exemplar(
        "CR09",
        "recorded_before_quarter",
        _dates("2023-03-31", "2023-03-31"),
        _dates("2023-04-01", "2023-04-01"),
    ),
    Exemplar(
        "CR09",
        "recorded_after_quarter",
        _dates("2023-07-01", "2023-07-01"),
        _dates("2023-06-30", "2023-06-30"),
    ),
    Exemplar(
        "CR11",
        "offence_ends_before_it_starts",
        _crime(committed_from="2023-05-02", committed_to="2023-05-01"),
        _crime(committed_from="2023-05-01", committed_to="2023-05-01"),
    ),
    Exemplar(
        "CR11",
        "reported_before_offence",
        _crime(committed_from="2023-05-10", committed_to="2023-05-10"),
        _crime(committed_from="2023-05-09", committed_to="2023-05-09"),
    ),
    Exemplar(
        "CR11",
        "recorded_before_reported",
        {"crime": {"reported_on": "2023-05-11"}, "return": {"force": "wiltshire"}},
        {"crime": {"reported_on": "2023-05-10"}, "return": {"force": "wiltshire"}},
    ),
    Exemplar(
        "CR11",
        "recorded_after_delivery",
        {"crime": {"recorded_on": "2023-05-21"}, "return": {"force": "surrey"}},
        {"crime": {"recorded_on": "2023-05-20"}, "return": {"force": "surrey"}},
    ),
    Exemplar(
        "CR11",
        "outcome_before_recorded",
        _crime(outcome_code="1", outcome_on="2023-05-09"),
        _crime(outcome_code="1", outcome_on="2023-05-10"),
    ),
    Exemplar(
        "CR13",
        "one_end_only",
        _crime(committed_to=None),
        _crime(committed_from=None, committed_to=None),
    ),
    Exemplar("CR14", "every_victim_adult", _code("73/7", 18), _code("73/7", 17)),
    Exemplar("CR15", "age_above_limit", _code("19/16", 13), _code("19/16", 12)),
    Exemplar("CR16", "age_above_limit", _code("19/7", 16), _code("19/7", 15)),
    Exemplar("CR16", "below_usual_age", _code("19/7", 12), _code("19/7", 13)),
    Exemplar("CR18", "age_below_limit", _code("19/8", 15), _code("19/8", 16)),
    Exemplar("CR18", "age_below_limit", _code("20/3", 12), _code("20/3", 13)),
    Exemplar("CR19", "male_in_class_for_females", _code("19/16", 9, "M"), _code("19/16", 9, "U")),
    Exemplar("CR19", "female_in_class_for_males", _code("19/17", 9, "F"), _code("19/17", 9, "M")),
    Exemplar(
        "CR25",
        "code_without_status",
        _crime(cancellation_code="C2"),
        _crime(cancellation_code="C2", status="cancelled"),
    ),
    Exemplar(
        "CR26",
        "self_defence_on_sexual_offence",
        _crime(cancellation_code="C5", status="cancelled"),
        _crime(cancellation_code="C4", status="cancelled"),
    ),
    Exemplar(
        "CR28",
        "no_linked_crime",
        _crime(cancellation_code="C3", status="cancelled"),
        _crime(cancellation_code="C3", status="cancelled", linked_crime_reference="K1"),
    ),
    Exemplar("CR34", "code_closed", _code("72/1", 15), _code("8/71", 15, cse_flag="Y")),
    Exemplar("CR34", "code_not_yet_open", _code("88/14", 15), _code("88/9", 15)),
    Exemplar("CR34", "code_of_law_before_2004", _code("17/11", 14, "M"), _code("17/15", 14, "M")),
    Exemplar("CR35", "one_offender", _code("19J", 15), _code("19J", 15, offenders_stated="2")),
    Exemplar("CR37", "betting_and_gaming", _code("106/2", 15), _code("106", 15, cse_flag="Y"), also={"UM01"}),
    Exemplar("CR41", "no_sub_code", _code("86", 9), _code("86/2", 9)),
    Exemplar("CR46", "flag_without_child", _code("88/9", 18, cse_flag="Y"), _code("88/9", 17, cse_flag="Y")),
    Exemplar("UM01", "unmapped_csa_flag", _crime(csa_flag="perhaps"), _crime(csa_flag="N")),
    Exemplar("UM01", "unmapped_offence_code", _crime(offence_code="999/9"), _crime(offence_code="19E")),
    Exemplar("UM02", "unmapped_gender", {"victim": {"gender": "?!"}}, {"victim": {"gender": "U"}}),
    Exemplar(
        "UM03",
        "unmapped_relationship",
        {"suspect": {"relationship": "?!"}},
        {"suspect": {"relationship": None}},
    ),
    Exemplar("UR01", "unreadable_date", _crime(outcome_on="10/05"), _crime(outcome_on="2023-05-10")),
    Exemplar("XL01", "restored_from_spreadsheet", _code("44062", 16), _code("19/8", 16)),
]


@dataclass(frozen=True)
class OwnWork:
    """Statements on a copy of the warehouse in which everything is right, and what must then be found."""

    rule: str
    found: str
    statements: list[str]


# `K1` is a group-based crime of the COCAD and the only crime that these touch.
K1 = "crime_reference = 'K1'"
CLASSIFIED = "update cpai.cpai_classified_crimes set {} where " + K1
COCAD = "update cocad.cocad_crimes set {} where " + K1
# cpai_crimes is a view: it is made a table first, to be broken apart from what it is made of
CPAI = [
    "create table cpai.kept as select * from cpai.cpai_crimes",
    "drop view cpai.cpai_crimes",
    "alter table cpai.kept rename to cpai_crimes",
    "update cpai.cpai_crimes set {} where " + K1,
]


def _cpai(change: str) -> list[str]:
    return [statement.format(change) for statement in CPAI]


OWN_WORK = [
    OwnWork(
        "CR01",
        "repeated_in_quarter",
        ["insert into cpai.cpai_classified_crimes select * from cpai.cpai_classified_crimes where " + K1],
    ),
    OwnWork("CR12", "recency_disagrees", _cpai("recency = 'non_recent'")),
    OwnWork(
        "CR17",
        "child_left_out",
        [
            CLASSIFIED.format(
                "offence_code = '20/5', offence_class = '20A', exclusion_reason = 'adult_victim'"
            )
        ],
    ),
    OwnWork("CR23", "incident_in_count", _cpai("offence_class = 'N100', offence_code = 'N100/1'")),
    OwnWork("CR25", "cancelled_in_count", [CLASSIFIED.format("status = 'cancelled'")]),
    OwnWork(
        "CR35",
        "before_april_2019",
        _cpai("offence_class = '19J', offence_code = '19J', recorded_on = '2019-03-31', recency = 'recent'"),
    ),
    OwnWork("CR36", "class_not_of_seed", [CLASSIFIED.format("offence_class = '71'")]),
    OwnWork("CR43", "image_as_contact", _cpai("is_image = true")),
    OwnWork("CR43", "grooming_as_contact", _cpai("offence_class = '88A', offence_code = '71/17'")),
    OwnWork("CR49", "fewer_than_two_offenders", [COCAD.format("offenders = 1")]),
    OwnWork("CR49", "not_contact", [COCAD.format("is_contact = false")]),
    OwnWork("CR50", "no_criterion", [COCAD.format("criterion = null")]),
    OwnWork("CR50", "criterion_not_in_list", [COCAD.format("criterion = 'sports'")]),
    OwnWork("CR50", "ritualistic_read_once", [COCAD.format("criterion = 'ritualistic'")]),
    OwnWork(
        "CR50",
        "several_criteria",
        ["insert into cocad.cocad_crimes select * from cocad.cocad_crimes where " + K1],
    ),
    OwnWork(
        "CR59",
        "crime_recency_parts_are_not_the_base",
        [
            """update marts.figures set numerator = numerator + 1
            where place = 'kent' and period = '2023-Q2' and population = 'cocad' and criterion = 'all'
            and breakdown = 'recency' and category = 'recent'"""
        ],
    ),
    OwnWork(
        "CR59",
        "crime_recency_percentages_are_not_100",
        [
            """update marts.figures set percent = percent - 1
            where place = 'kent' and period = '2023-Q2' and population = 'cocad' and criterion = 'all'
            and breakdown = 'recency' and category = 'recent'"""
        ],
    ),
]
