"""A record that breaks each rule, and a near miss that does not.

One valid crime with its victim and suspect; an exemplar changes as little of it as breaks one rule. `broken` and
`near_miss` are what changes: `crime`, `victim` or `suspect` columns. Rules about our own work cannot be broken by a
return: `OWN_WORK` breaks them in the warehouse.

`twin` is what changes in a second crime of the same return, whose reference ends in T; `another` in a second victim or
suspect of the crime. `{}` in a text stands for the reference of the first crime.
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
    """`broken` must give exactly `rule` with the word `found`, and `also`; `near_miss` must give nothing.

    The near miss is looked at by the rule and found right, or with `near_miss_asked` False just outside of what the
    rule is asked of.
    """

    rule: str
    found: str
    broken: dict[str, dict]
    near_miss: dict[str, dict]
    also: set[str] = field(default_factory=set)
    near_miss_asked: bool = True


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


def _at(force: str, change: dict) -> dict:
    """The change in a return of its own, so that a rule that blocks stays within its tolerance there."""
    return {**change, "return": {"force": force}}


def _victim(**columns) -> dict:
    return {"victim": columns}


def _born(text: str) -> dict:
    return _victim(age_at_offence=None, date_of_birth=text)


def _suspected(**columns) -> dict:
    return {"suspect": columns}


def _suspect(age: int, gender: str = "M", **crime) -> dict:
    return {"crime": crime, "suspect": {"age_at_offence": str(age), "gender": gender}}


def _linked(twin: dict, **first: dict) -> dict:
    """Two crimes of one victim, suspect and incident but for what `first` and `twin` change."""
    known = {
        "crime": {"incident_reference": "I{}"},
        "victim": {"victim_reference": "PV{}"},
        "suspect": {"suspect_reference": "PS{}"},
    }

    def changed(change: dict) -> dict:
        return {name: {**known[name], **change.get(name, {})} for name in known}

    return {**changed(first), "twin": changed(twin)}


ANOTHER_DAY = {"committed_from": "2023-05-02", "committed_to": "2023-05-02"}
ALONE = {"incident_reference": None}
IMAGE = {"offence_code": "86/2", "online_flag": "Y"}
NOBODY = {"victim_reference": "STATE", "gender": None, "age_at_offence": None}
MID_MAY = {"recorded_on": "2023-05-14", "reported_on": "2023-05-14"}
LATE_MAY = {"recorded_on": "2023-05-15", "reported_on": "2023-05-15"}
TRANSFERRED = {"cancellation_code": "C1", "status": "cancelled", "linked_crime_reference": "essex:K1"}
CONNECT = {"return": {"layout": "connect"}}


EXEMPLARS = [
    Exemplar(
        "CR03",
        "several_victims",
        {"another": {"victim": {"victim_reference": "2"}}},
        {"another": {"victim": {"victim_reference": "STATE"}}},
    ),
    Exemplar(
        "CR04",
        "same_victim_suspect_and_offence",
        _linked({"crime": ALONE}),
        _linked({"crime": ALONE, "suspect": {"suspect_reference": "PS2{}"}}),
    ),
    Exemplar(
        "CR05",
        "more_victims_than_crimes",
        {
            **_linked({"victim": {"victim_reference": "PV2{}"}}),
            "another": {"victim": {"victim_reference": "PV3{}"}},
        },
        _linked({"victim": {"victim_reference": "PV2{}"}}),
        also={"CR03"},
    ),
    Exemplar(
        "CR06",
        "several_offences_of_one_incident",
        _linked({"crime": {"offence_code": "20/6", **LATE_MAY}}, crime=LATE_MAY),
        _linked({"crime": {"offence_code": "20/6", **MID_MAY}}, crime=MID_MAY),
        near_miss_asked=False,
    ),
    Exemplar(
        "CR07",
        "lesser_crime_kept",
        {
            **_crime(status="cancelled", cancellation_code="C3", linked_crime_reference="{}T"),
            "twin": _code("20/4", 9),
        },
        {
            **_code("20/6", 9, status="cancelled", cancellation_code="C3", linked_crime_reference="{}T"),
            "twin": _code("20/4", 9),
        },
    ),
    Exemplar(
        "CR08",
        "repeat_abuse_recorded_together",
        _linked({"crime": {**ALONE, **ANOTHER_DAY}}),
        _linked({"crime": {**ALONE, **ANOTHER_DAY, "recorded_on": "2023-05-09"}}),
    ),
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
        "CR10",
        "recorded_late",
        _crime(recorded_on="2023-05-11"),
        _crime(recorded_on="2023-05-10"),
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
        {**_crime(recorded_on="2023-05-21", reported_on="2023-05-20"), "return": {"force": "surrey"}},
        {**_crime(recorded_on="2023-05-20", reported_on="2023-05-20"), "return": {"force": "surrey"}},
    ),
    Exemplar(
        "CR11",
        "outcome_before_recorded",
        _crime(outcome_code="1", outcome_on="2023-05-09"),
        _crime(outcome_code="1", outcome_on="2023-05-10"),
    ),
    Exemplar(
        "CR11",
        "recorded_before_offence_ended",
        _at("cumbria", _crime(committed_to="2032-05-01")),
        _at("cumbria", _crime(committed_to="2023-05-10")),
    ),
    Exemplar(
        "CR11",
        "cancelled_before_recorded",
        _at("cumbria", _crime(status="cancelled", cancellation_code="C2", cancelled_on="2023-05-09")),
        _at("cumbria", _crime(status="cancelled", cancellation_code="C2", cancelled_on="2023-05-10")),
    ),
    Exemplar(
        "CR13",
        "one_end_only",
        _crime(committed_to=None),
        _crime(committed_from=None, committed_to=None),
        near_miss_asked=False,
    ),
    Exemplar("CR14", "every_victim_adult", _code("73/7", 18), _code("73/7", 17)),
    Exemplar("CR15", "age_above_limit", _code("19/16", 13), _code("19/16", 12)),
    Exemplar("CR16", "age_above_limit", _code("19/7", 16), _code("19/7", 15)),
    Exemplar("CR16", "below_usual_age", _code("19/7", 12), _code("19/7", 13)),
    Exemplar("CR18", "age_below_limit", _code("19/8", 15), _code("19/8", 16)),
    Exemplar("CR18", "age_below_limit", _code("20/3", 12), _code("20/3", 13)),
    # a code of old law, which CR34 reports
    Exemplar("CR18", "below_age_of_sub_code", _code("20/2", 15), _code("20/5", 15), {"CR34"}),
    Exemplar("CR19", "male_in_class_for_females", _code("19/16", 9, "M"), _code("19/16", 9, "F")),
    Exemplar("CR19", "female_in_class_for_males", _code("19/17", 9, "F"), _code("19/17", 9, "M")),
    Exemplar(
        "CR20",
        "adults_on_code_for_young_offenders",
        {**_code("22/12", 14), "suspect": {"age_at_offence": "18"}},
        {**_code("22/12", 14), "suspect": {"age_at_offence": "17"}},
    ),
    Exemplar(
        "CR20",
        "young_on_code_for_adult_offenders",
        {**_code("22/6", 14), "suspect": {"age_at_offence": "17"}},
        {**_code("22/6", 14), "suspect": {"age_at_offence": "18"}},
    ),
    Exemplar("CR21", "only_female_suspects", _suspect(30, "F"), _suspect(30, "U")),
    Exemplar(
        "CR22",
        "charged_or_cautioned_under_ten",
        _suspect(9, outcome_code="1"),
        _suspect(10, outcome_code="1"),
        near_miss_asked=False,
    ),
    Exemplar("CR22", "no_outcome_11", _suspect(9), _suspect(9, outcome_code="11")),
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
        "CR27",
        "no_receiving_force",
        _crime(cancellation_code="C1", status="cancelled", linked_crime_reference="atlantis:E0"),
        _crime(cancellation_code="C1", status="cancelled", linked_crime_reference="essex:E0"),
        also={"ME01"},
    ),
    Exemplar(
        "CR27",
        "not_at_the_receiving_force",
        _crime(**TRANSFERRED),
        {
            **_crime(**TRANSFERRED, **_dates("2023-07-01", "2023-07-01")["crime"]),
            "return": {"quarter": "2023-Q3"},
        },
        near_miss_asked=False,
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
    Exemplar("CR41", "no_sub_code", _code("86", 9), _code("86/2", 9, online_flag="Y")),
    Exemplar(
        "CR38",
        "no_victim",
        {"victim": None},
        {"victim": NOBODY},
    ),
    Exemplar(
        "CR39",
        "several_of_one_suspect_and_day",
        {**_linked({"crime": IMAGE, "victim": NOBODY}, crime=IMAGE, victim=NOBODY)},
        {
            **_linked(
                {"crime": IMAGE, "victim": NOBODY, "suspect": {"suspect_reference": "PS2{}"}},
                crime=IMAGE,
                victim=NOBODY,
            )
        },
    ),
    Exemplar(
        "CR40",
        "known_child_without_a_crime",
        {"crime": IMAGE, "victim": {"victim_reference": "PV{}"}},
        _linked({"suspect": {"suspect_reference": "PS2{}"}, "crime": ALONE}, crime=IMAGE),
    ),
    Exemplar("CR42", "victim_of_drawn_image", _code("86/15", 9), {**_code("86/15", 9), "victim": NOBODY}),
    Exemplar("CR44", "no_csa_flag", _crime(csa_flag="N"), _crime(csa_flag="Yes")),
    Exemplar(
        "CR44",
        "no_csa_flag",
        _code("88/9", 17, csa_flag=None),
        _code("88/9", 18, csa_flag=None),
        near_miss_asked=False,
    ),
    Exemplar("CR46", "flag_without_child", _code("88/9", 18, cse_flag="Y"), _code("88/9", 17, cse_flag="Y")),
    Exemplar("CR47", "no_online_flag", _code("71/17", 15), _code("71/17", 15, online_flag="Y")),
    Exemplar(
        "CR48",
        "flagged_but_an_adult",
        _suspect(18, children_flag="Y"),
        _suspect(17, children_flag="Y"),
    ),
    Exemplar(
        "CR48",
        "not_flagged_but_all_children",
        _suspect(17, children_flag="N"),
        _suspect(18, children_flag="N"),
    ),
    Exemplar(
        "CR48",
        "flag_before_it_was_collected",
        {"crime": {**_dates("2023-03-31", "2023-03-31")["crime"], "children_flag": "N"}},
        {"crime": {**_dates("2023-04-01", "2023-04-01")["crime"], "children_flag": "N"}},
        also={"CR09"},
    ),
    Exemplar(
        "CR51",
        "outcome_not_yet_open",
        {**_crime(outcome_code="22", outcome_on="2019-03-31"), "return": {"force": "wiltshire"}},
        {**_crime(outcome_code="22", outcome_on="2023-05-10"), "return": {"force": "wiltshire"}},
        also={"CR11"},
    ),
    Exemplar("CR51", "outcome_of_other_crimes", _crime(outcome_code="19"), _crime(outcome_code="17")),
    Exemplar("CR51", "not_for_a_sexual_crime", _crime(outcome_code="6"), _crime(outcome_code="5")),
    Exemplar(
        "CR52",
        "named_suspect",
        {**_crime(outcome_code="18"), "suspect": {"identified": "Y"}},
        {**_crime(outcome_code="18"), "suspect": {"identified": "N"}},
    ),
    Exemplar(
        "CR52", "no_suspect", {**_crime(outcome_code="15"), "suspect": None}, {**_crime(outcome_code="15")}
    ),
    Exemplar(
        "CR53",
        "not_an_image",
        _suspect(15, outcome_code="21"),
        _suspect(15, outcome_code="21", **IMAGE),
    ),
    Exemplar(
        "CR53",
        "adult_suspect",
        _suspect(18, outcome_code="21", **IMAGE),
        _suspect(17, outcome_code="21", **IMAGE),
    ),
    Exemplar(
        "CR54",
        "rape_left_to_another_body",
        _crime(outcome_code="20"),
        _code("20/6", 9, outcome_code="20"),
        near_miss_asked=False,
    ),
    Exemplar(
        "CR60",
        "in_both_systems",
        {"return": {"force": "metropolitan"}, "twin": CONNECT},
        {
            **_code("20/6", 9),
            "return": {"force": "metropolitan"},
            "twin": {**_code("20/6", 9, **ANOTHER_DAY), **CONNECT},
        },
    ),
    Exemplar("UM01", "unmapped_csa_flag", _crime(csa_flag="perhaps"), _crime(csa_flag="Yes")),
    Exemplar("UM01", "unmapped_offence_code", _crime(offence_code="999/9"), _crime(offence_code="19E")),
    Exemplar(
        "UM01",
        "unmapped_local_authority",
        _at("gloucestershire", _crime(local_authority="Smithtown")),
        _at("gloucestershire", _crime(local_authority="E07000079")),
    ),
    Exemplar(
        "UM02",
        "unmapped_nationality",
        _at("gloucestershire", _victim(nationality="ABX")),
        _at("gloucestershire", _victim(nationality="gbr")),
    ),
    Exemplar(
        "UM03",
        "unmapped_nationality",
        _at("gloucestershire", _suspected(nationality="Smith")),
        _at("gloucestershire", _suspected(nationality="POL")),
    ),
    Exemplar("UM02", "unmapped_gender", {"victim": {"gender": "?!"}}, {"victim": {"gender": "U"}}),
    Exemplar(
        "UM03",
        "unmapped_relationship",
        {"suspect": {"relationship": "?!"}},
        {"suspect": {"relationship": None}},
    ),
    Exemplar("UR01", "unreadable_date", _crime(outcome_on="10/05"), _crime(outcome_on="2023-05-10")),
    Exemplar(
        "UR02",
        "unreadable_age",
        _at("cumbria", _victim(age_at_offence="adult")),
        _at("cumbria", _victim(age_at_offence="9 yrs")),
    ),
    Exemplar(
        "UR02", "unreadable_date", _at("cumbria", _born("05/05/11")), _at("cumbria", _born("2014-05-05"))
    ),
    Exemplar(
        "UR02", "born_after_offence", _at("cumbria", _born("2023-05-02")), _at("cumbria", _born("2023-05-01"))
    ),
    Exemplar(
        "UR02",
        "age_on_both_sides_of_18",
        _at("lancashire", _victim(age_at_offence="16-18")),
        _at("lancashire", _victim(age_at_offence="16-17")),
    ),
    Exemplar(
        "UR02",
        "age_over_120",
        _at("lancashire", _victim(age_at_offence="121")),
        _at("lancashire", _victim(age_at_offence="10-14")),
    ),
    Exemplar(
        "UR02", "birth_filled_in", _at("lancashire", _born("1900-01-01")), _at("lancashire", _born("2011"))
    ),
    Exemplar(
        "UR03",
        "unreadable_age",
        _at("cumbria", _suspected(age_at_offence="-1")),
        _at("cumbria", _suspected(age_at_offence="30.5")),
    ),
    Exemplar(
        "UR03",
        "unreadable_date",
        _at("cumbria", _suspected(arrested_on="soon")),
        _at("cumbria", _suspected(arrested_on="2023-05-10")),
    ),
    Exemplar(
        "UR03",
        "age_over_120",
        _at("lancashire", _suspected(age_at_offence="999")),
        _at("lancashire", _suspected(age_at_offence="18+")),
    ),
    Exemplar(
        "HO01",
        "no_code_date_or_status",
        _at("humberside", _crime(status=None)),
        _at("humberside", _crime(incident_reference=None)),
        also={"HO02", "HO03"},
    ),
    Exemplar(
        "HO01",
        "unreadable_recorded_date",
        _at("lincolnshire", _crime(recorded_on="2023-05-32")),
        _at("lincolnshire", _crime(recorded_on="2023-05-10")),
        also={"HO02", "HO03"},
    ),
    Exemplar(
        "HO01",
        "two_crimes_under_one_reference",
        _at("merseyside", {"another": {"crime": {"offence_code": "20/6"}}}),
        _at("merseyside", {"another": {"crime": {"offence_code": "01916"}}}),
        also={"HO02", "HO03"},
    ),
    # the persons of the sound record stay, so that the crime loses nobody
    Exemplar(
        "HO01",
        "no_code_date_or_status",
        _at("norfolk", {"another": {"crime": {"status": None}}}),
        _at("norfolk", {"another": {"crime": {}}}),
    ),
    Exemplar(
        "HO02",
        "crime_not_in_return",
        _at("north-yorkshire", {"crime": None, "suspect": None}),
        _at("north-yorkshire", {"suspect": None}),
    ),
    Exemplar(
        "HO03",
        "crime_not_in_return",
        _at("south-yorkshire", {"crime": None, "victim": None}),
        _at("south-yorkshire", _crime(online_flag=None)),
    ),
    Exemplar(
        "HO04",
        "person_held_out",
        _at(
            "staffordshire",
            {**_crime(offence_code="21"), "another": {"suspect": {"suspect_reference": None}}},
        ),
        _at("staffordshire", _crime(offence_code="21")),
        also={"HO03"},
    ),
    Exemplar(
        "CR11",
        "reported_before_offence",
        _at("norfolk", _crime(committed_from="2023-05-11", committed_to=None)),
        _at("norfolk", _crime(committed_from="2023-05-09", committed_to="2023-05-09")),
        also={"CR13"},
    ),
    Exemplar(
        "ME03",
        "placeholder_reference",
        _at("gloucestershire", _suspected(suspect_reference="unk")),
        _at("gloucestershire", _suspected(suspect_reference="unk 1")),
    ),
    Exemplar(
        "UM03",
        "unmapped_identified",
        _at("gloucestershire", _suspected(identified="perhaps")),
        _at("gloucestershire", _suspected(identified="N")),
    ),
    Exemplar(
        "UM03",
        "unmapped_deceased",
        _at("gloucestershire", _suspected(deceased="perhaps")),
        _at("gloucestershire", _suspected(deceased="N")),
    ),
    Exemplar(
        "HO02",
        "no_reference",
        _at("northumbria", {"another": {"victim": {"victim_reference": None}}}),
        _at("northumbria", {"another": {"victim": {}}}),
        also={"HO04"},
    ),
    Exemplar(
        "HO03",
        "no_reference",
        _at(
            "nottinghamshire",
            {
                **_crime(offence_code="86/2", online_flag="Y"),
                "another": {"suspect": {"suspect_reference": None}},
            },
        ),
        _at(
            "nottinghamshire",
            {
                **_crime(offence_code="86/2", online_flag="Y"),
                "another": {"suspect": {"suspect_reference": "2"}},
            },
        ),
    ),
    Exemplar(
        "HO04",
        "person_held_out",
        _at("cheshire", {"another": {"suspect": {"suspect_reference": None}}}),
        _at("cheshire", {"another": {"suspect": {"suspect_reference": "2"}}}),
        also={"HO03"},
    ),
    Exemplar(
        "ME01",
        "merged_records_differ",
        _at("gloucestershire", {**_crime(online_flag="Y"), "another": {"crime": {"online_flag": "N"}}}),
        _at("gloucestershire", {**_crime(online_flag="Y"), "another": {"crime": {"online_flag": None}}}),
    ),
    Exemplar(
        "ME01",
        "placeholder_incident",
        _at("gloucestershire", _crime(incident_reference="UNKNOWN")),
        _at("gloucestershire", _crime(incident_reference="UNKNOWN 7")),
    ),
    Exemplar(
        "ME02",
        "contradicting_records",
        _at("gloucestershire", {"another": {"victim": {"age_at_offence": "10"}}}),
        _at("gloucestershire", {"another": {"victim": {"age_at_offence": "9 yrs"}}}),
        also={"CR03"},
    ),
    Exemplar(
        "ME01",
        "text_for_a_reference",
        _at("gloucestershire", _crime(incident_reference="Smith 31.07.2011")),
        _at("gloucestershire", _crime(incident_reference="INC/3107/2011")),
    ),
    Exemplar(
        "ME02",
        "text_for_a_reference",
        _at("gloucestershire", _victim(victim_reference="2011-07-31")),
        _at("gloucestershire", _victim(victim_reference="20110731")),
    ),
    Exemplar(
        "ME03",
        "text_for_a_reference",
        _at("gloucestershire", _suspected(suspect_reference="Jo Smith 7")),
        _at("gloucestershire", _suspected(suspect_reference="JS/7")),
    ),
    Exemplar(
        "ME02",
        "placeholder_reference",
        _at("gloucestershire", _victim(victim_reference="n/k")),
        _at("gloucestershire", _victim(victim_reference="UNKNOWN 1")),
    ),
    Exemplar(
        "ME02",
        "merged_records_differ",
        _at("gloucestershire", {**_victim(disability="Y"), "another": {"victim": {"disability": "N"}}}),
        _at("gloucestershire", {**_victim(disability="Y"), "another": {"victim": {"disability": None}}}),
    ),
    Exemplar(
        "ME03",
        "contradicting_records",
        _at(
            "gloucestershire",
            {
                "another": {"suspect": {"self_defined_ethnicity": "W1"}},
                "suspect": {"self_defined_ethnicity": "A1"},
            },
        ),
        _at("gloucestershire", {"another": {"suspect": {"self_defined_ethnicity": "W1"}}}),
    ),
    Exemplar(
        "ME03",
        "placeholder_reference",
        _at(
            "gloucestershire",
            {
                "suspect": {"suspect_reference": "UNKNOWN"},
                "another": {"suspect": {"suspect_reference": "UNKNOWN"}},
            },
        ),
        _at("gloucestershire", {"suspect": {"suspect_reference": "UNKNOWN 1"}}),
    ),
    Exemplar(
        "ME03",
        "merged_records_differ",
        _at("gloucestershire", {"suspect": {"identified": "Y"}, "another": {"suspect": {"identified": "N"}}}),
        _at(
            "gloucestershire",
            {"suspect": {"identified": "Y"}, "another": {"suspect": {"victim_reference": "1"}}},
        ),
    ),
    Exemplar("XL01", "restored_from_spreadsheet", _code("44062", 16), _code("19/8", 16)),
]

# The rules that look at K1, a counted rape of a girl of 9 by one man with nothing unusual about it.
ASKED_OF_K1 = {
    *("CR01", "CR02", "CR03", "CR09", "CR10", "CR11", "CR12", "CR13", "CR14", "CR15", "CR19", "CR21", "CR23"),
    *("CR34", "CR36", "CR38", "CR43", "CR44", "CR49", "CR50", "UM01", "UM02", "UM03", "UR01", "XL01"),
    *("HO01", "HO02", "HO03", "HO04", "ME01", "ME02", "ME03", "UR02", "UR03"),
}

# What a rule is not asked of: it neither holds nor breaks, and the record is not among those tested.
NOT_ASKED: list[tuple[str, dict[str, dict]]] = [
    ("CR19", _code("19/16", 9, "U")),
    ("HO04", _at("surrey", _crime(offence_code="86/2", online_flag="Y"))),
    ("HO04", _at("surrey", _crime(status="cancelled", cancellation_code="C2"))),
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
    OwnWork(
        "CR29",
        "still_counted",
        [
            "insert into cpai.cpai_classified_crimes select * replace ('2023-Q3' as quarter, "
            "'cancelled' as status, 'cancelled' as exclusion_reason) from cpai.cpai_classified_crimes where "
            + K1
        ],
    ),
    OwnWork("CR36", "class_not_of_seed", [CLASSIFIED.format("offence_class = '71'")]),
    OwnWork("CR43", "image_as_contact", _cpai("is_image = true")),
    OwnWork("CR43", "grooming_as_contact", _cpai("offence_class = '88A', offence_code = '71/17'")),
    OwnWork("CR45", "counted_without_flag", _cpai("offence_class = '106', offence_code = '106'")),
    OwnWork("CR45", "criterion_without_flag", [COCAD.format("criterion = 'cse'")]),
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

# CR29, worked out by hand: a crime recorded on 10 May 2023 and sent with 2023-Q2, and another record of its reference.
# (what it is, the return that cancels, the cancelled record's recorded date, the quarters that still count the crime)
CANCELLED_LATER = [
    ("the next return cancels it", "2023-Q3", "2023-05-10", set()),
    ("a return of the next year cancels it", "2024-Q1", "2023-05-10", set()),
    ("the reference was used again, and that crime cancelled", "2023-Q3", "2023-08-10", {"2023-Q2"}),
    ("an earlier return cancelled it before it was recorded", "2023-Q1", "2022-11-10", {"2023-Q2"}),
    ("dated before its own quarter, in the return of that quarter", "2023-Q1", "2023-02-10", {"2023-Q2"}),
]
