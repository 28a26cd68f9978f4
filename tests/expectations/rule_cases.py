"""A warehouse changed by statements, and what one rule must then find: for rules that no single record can break."""

import math
from dataclasses import dataclass, field

from exemplars import CPAI, OWN_WORK


@dataclass(frozen=True)
class RuleCase:
    """Of the rows of its view for which `where` is true, `rule` must have exactly the words in `says`.

    None in `says` stands for a row the rule is not asked of; the empty set for no row at all. These rows are all
    of `submission`, and so many as `rows`, or where that is blank none of one key twice.

    A rule_case that is `apart` changes only records of this synthetic force, so that many can be set at once.
    """

    name: str
    rule: str
    where: str
    says: set[str | None]
    statements: list[str] = field(default_factory=list)
    submission: int | None = 1
    rows: int | None = None
    apart: str | None = None


K1 = "crime_reference = 'K1'"
K1_OF_KENT = f"{K1} and force = 'kent'"
CLASSIFIED = "cpai.cpai_classified_crimes"


def _set(table: str, change: str, where: str = K1) -> str:
    return f"update {table} set {change} where {where}"


def _of(force: str) -> str:
    """The rows of a rule_case apart: of its force, and of those whose names begin with it."""
    return f"split_part(force, '/', 1) = '{force}'"


def _apart(force: str, rule: str, says: set, statements: list[str]) -> RuleCase:
    """A rule_case of K1, played by a copy of K1 in a force of its own."""
    copies = [
        f"insert into {table} by name select * replace ('{force}' as force) from {table} where {K1_OF_KENT}"
        for table in (CLASSIFIED, VICTIMS, SUSPECTS, COUNTED, OFFENDERS)
    ]
    sent = "select * replace ('{}' as force) from intermediate.int_submissions where force = 'kent' and is_current"
    own = [statement.replace(K1, f"{K1} and force = '{force}'") for statement in statements]
    return RuleCase(
        f"{rule}: {says} {force}",
        rule,
        f"{K1} and {_of(force)}",
        says,
        [*copies, f"insert into intermediate.int_submissions by name {sent.format(force)}", *own],
        apart=force,
    )


def _own_work() -> list[RuleCase]:
    """Each fault of our own work, found where it was put."""
    of_kent = "force = 'kent' and quarter = '2023-Q2'"
    split = f"{of_kent} and cr59 not in ('ok')"
    # the near miss of the splits that do not sum: as they are, all do
    return [RuleCase("CR59: splits that sum", "CR59", of_kent, {"ok"}, submission=None)] + [
        RuleCase(
            f"{own.rule}: {own.found}",
            own.rule,
            split if own.rule == "CR59" else K1,
            {own.found},
            own.statements,
            submission=None if own.rule == "CR59" else 1,
            rows={"repeated_in_quarter": 2, "several_criteria": 2}.get(own.found),
        )
        for own in OWN_WORK
    ]


def _sums() -> list[RuleCase]:
    """The split by recency of Kent's COCAD crimes, all three of them recent, with one thing changed."""
    of_kent = "force = 'kent' and quarter = '2023-Q2'"
    split = "place = 'kent' and period = '2023-Q2' and population = 'cocad' and criterion = 'all' and breakdown = 'recency'"
    wider = "force not in (select force from reference.forces) or quarter not like '____-Q_'"
    other_parts, other_sum = "crime_recency_parts_are_not_the_base", "crime_recency_percentages_are_not_100"
    one_crime = "denominator = 1, numerator = if(category = 'recent', 1, 0), percent = 40.0"
    cases = [
        # of many splits one has its word, and the others of Kent keep the rule
        ({"ok", None}, "denominator = null", split),
        ({"ok", other_parts}, "denominator = 4", f"{split} and category = 'unknown'"),
        ({"ok", other_sum}, one_crime, split),
        ({"ok"}, "denominator = 0, numerator = 0, percent = 0", split),
        ({"ok"}, "percent_rounding = 'half_up', percent = 33.0", split),
    ]
    return [
        RuleCase("CR59: no other place or period", "CR59", wider, set()),
        *(
            RuleCase(
                f"CR59: {change}",
                "CR59",
                of_kent,
                says,
                [_set("marts.figures", change, where)],
                submission=None,
            )
            for says, change, where in cases
        ),
    ]


UNLISTED = "delete from intermediate.int_submissions"


def _unlisted() -> list[RuleCase]:
    """A record is checked, and a finding is not lost, where its submission is not among those listed."""
    kent = "force = 'kent' and quarter = '2023-Q2'"
    asked = [
        ("CR02", K1), ("CR10", K1), ("CR15", "crime_reference = 'K1' and quarter = '2023-Q2'"), ("UM03", K1), ("CR49", K1),
    ]  # fmt: skip
    one = _set("intermediate.int_victims", "person_token = 'one'")
    persons = f"{kent} and record_type = 'victim'"
    read = _set("cocad.cocad_crimes", "criterion = 'cse'")
    beside = (
        "insert into quality.reconciliation by name select 'kent' as force, '2023-Q2' as quarter, "
        "0 as difference, true as within_tolerance"
    )
    return [
        *(RuleCase(f"{rule}: unlisted", rule, where, {"ok"}, [UNLISTED], submission=1 if rule == "CR10" else None)
          for rule, where in asked),
        RuleCase("CR33: unlisted", "CR33", K1, {"ok"}, [UNLISTED, one], submission=None),
        RuleCase("CR45: unlisted", "CR45", K1, {"criterion_without_flag"}, [UNLISTED, read], submission=None),
        RuleCase("CR58: unlisted", "CR58", persons, {"ok"}, [UNLISTED], submission=None, rows=3),
        RuleCase("RC01: unlisted", "RC01", kent, {"ok"}, [UNLISTED, "delete from quality.reconciliation", beside],
              submission=None),
    ]  # fmt: skip


def _cpai_crimes() -> list[RuleCase]:
    """Ends of a year, dates left blank, and a reference that another crime has too."""
    first = {"recorded_on": "2023-05-10", "reported_on": "2023-05-09"}
    cases = [
        {**first, "committed_from": "2022-05-09", "committed_to": "2022-05-09"},
        {**first, "committed_from": "2022-05-08", "committed_to": "2022-05-08"},
        {**first, "committed_from": "2022-05-09", "committed_to": None},
        {**first, "committed_from": "2022-05-01", "committed_to": "2022-05-09"},
        {**first, "committed_from": None, "committed_to": None},
        {**first, "reported_on": None, "committed_from": "2022-05-10", "committed_to": "2022-05-10"},
        {**first, "reported_on": None, "committed_from": "2022-05-09", "committed_to": "2022-05-09"},
    ]
    autumn = {"quarter": "2023-Q3", "recorded_on": "2023-08-10", "reported_on": "2023-08-09"}
    elsewhere = "update cpai.cpai_classified_crimes set crime_reference = 'AG1' where crime_reference = 'X1'"
    of_x1 = "crime_reference = 'X1'"
    return [
        *(RuleCase(f"CR12: ok {n}", "CR12", of_x1, {"ok"}, _world(crime)) for n, crime in enumerate(cases)),
        *(
            RuleCase(f"CR12: {n}", "CR12", of_x1, {"recency_disagrees"}, [
                *_world(crime), *CPAI[:3], f"update cpai.cpai_crimes set recency = '{said}' where {of_x1}",
            ])
            for n, (crime, said) in enumerate([(cases[0], "non_recent"), (cases[1], "recent"), (cases[4], "recent")])
        ),
        RuleCase("CR02: another reference", "CR02", of_x1, {"ok"}, _world(autumn)),
        RuleCase("CR02: of another force", "CR02", "crime_reference = 'AG1' and force = 'essex'", {"ok"},
              [*_world({**autumn, "force": "essex"}), elsewhere]),
        *(RuleCase(f"CR35: {stated} stated, {n} rows", "CR35", K1, {word}, [
            _set(CLASSIFIED, f"offence_class = '19J', offenders_stated = {stated}, suspect_rows = {n}")])
          for stated, n, word in (("1", 0, "one_offender"), ("null", 1, "one_offender"), ("0", 0, "ok"), ("1", 2, "ok"),
                                  ("2", 1, "ok"))),
    ]  # fmt: skip


COUNTED = "cpai.cpai_victims"
OFFENDERS = "cpai.cpai_suspects"
VICTIMS = "intermediate.int_victims"
SUSPECTS = "intermediate.int_suspects"
NO_SUSPECT = "delete from intermediate.int_suspects where " + K1
NO_VICTIM = "delete from intermediate.int_victims where " + K1


def _another(table: str, change: str) -> str:
    """A second person of K1, with a reference of their own."""
    reference = "suspect_reference" if table.endswith("suspects") else "victim_reference"
    return (
        f"insert into {table} by name select * replace ('2' as {reference}, {change}) from {table} where {K1}"
    )


def _aged(suspect: int | None = None, victim: int | None = None) -> list[str]:
    ages = {SUSPECTS: suspect, VICTIMS: victim}
    return [_set(table, f"age_sent = {age}") for table, age in ages.items() if age is not None]


def _k1() -> list[RuleCase]:
    """K1 with one thing changed, as the classified crime has it: ends of limits, every listed value, what is blank.

    (rule, its word, changed columns of the crime, further statements)
    """
    cases: list[tuple[str, str | None, str, list[str]]] = [
        ("CR03", None, "victim_rows = 0", []),
        ("CR03", None, "exclusion_reason = 'cancelled', victim_rows = 2", []),
        ("CR09", None, "status = 'cancelled', recorded_on = '2023-03-31'", []),
        ("CR09", "recorded_after_quarter", "status = 'cancelled', recorded_on = '2023-07-01'", []),
        ("CR09", "ok", "status = 'cancelled', recorded_on = '2023-04-01'", []),
        ("CR09", "recorded_before_quarter", "status = null, recorded_on = '2023-03-31'", []),
        ("CR09", "recorded_before_quarter", "status = 'unmapped', recorded_on = '2023-03-31'", []),
        ("CR10", None, "status = 'cancelled', recorded_on = '2023-05-11'", []),
        ("CR10", None, "reported_on = null", []),
        ("CR10", None, "recorded_on = '2015-03-31', reported_on = '2015-03-01'", []),
        ("CR10", "recorded_late", "recorded_on = '2015-04-01', reported_on = '2015-03-30'", []),
        ("CR10", "recorded_late", "status = null, recorded_on = '2023-05-11'", []),
        ("CR11", "reported_before_offence", "reported_on = null, committed_from = '2023-05-11', committed_to = null", []),
        ("CR14", None, "names_a_child = 'C', offence_code = '19/8', offence_class = '19C'", []),
        ("CR14", None, "exclusion_reason = 'cancelled'", []),
        ("CR14", "ok", "victim_rows = 2", [_another(VICTIMS, "30 as age_sent")]),
        ("CR14", "every_victim_adult", "offence_code = offence_code",
         [_set(VICTIMS, "age_sent = null, age_from_birth = 30")]),
        ("CR14", "every_victim_adult", "victim_rows = 1",
         [*_aged(victim=30), _another(VICTIMS, "5 as age_sent, false as is_person")]),
        *((("CR17", word, f"offence_code = '{code}', offence_class = '{name}', exclusion_reason = {reason}", statements))
          for word, code, name, reason, statements in (
              ("child_left_out", "19/8", "19C", "'adult_victim'", []),
              ("child_left_out", "19/8", "19C", "'adult_victim'", _aged(victim=17)),
              (None, "19/8", "19C", "'adult_victim'", _aged(victim=18)),
              ("ok", "19/8", "19C", "null", []),
              (None, "19/8", "19C", "'cancelled'", []),
              (None, "19/8", "19C", "'wrong_quarter'", []),
              (None, "19/8", "19C", "'not_a_crime'", []),
              (None, "88/9", "88E", "'adult_victim'", []),
              (None, "19/8", "19C", "null", [NO_VICTIM]),
          )),
        ("CR20", None, "exclusion_reason = 'cancelled', offence_code = '22/12', offence_class = '22B'", []),
        ("CR20", None, "offence_code = '22/12', offence_class = '22B'", [NO_SUSPECT]),
        ("CR20", "adults_on_code_for_young_offenders", "offence_code = '22/12', offence_class = '22B'", []),
        ("CR20", "ok", "offence_code = '22/12', offence_class = '22B'", [_another(SUSPECTS, "9 as age_sent")]),
        ("CR20", "ok", "offence_code = '22/6', offence_class = '22B'", [_another(SUSPECTS, "9 as age_sent")]),
        ("CR20", "young_on_code_for_adult_offenders", "offence_code = '22/6', offence_class = '22B'",
         [_set(SUSPECTS, "age_sent = null, age_from_birth = 17")]),
        ("CR20", "adults_on_code_for_young_offenders", "offence_code = '22/12', offence_class = '22B'",
         [_set(SUSPECTS, "age_sent = null, age_from_birth = 30")]),
        ("CR21", "ok", "suspect_rows = 1", [NO_SUSPECT]),
        ("CR21", "ok", "suspect_rows = 2", [_another(SUSPECTS, "'female' as gender")]),
        *(("CR22", "charged_or_cautioned_under_ten", f"outcome_code = '{code}'", _aged(suspect=9))
          for code in ("1", "1A", "2", "2A", "3", "3A")),
        ("CR22", None, "outcome_code = '1'", [*_aged(suspect=9), _another(SUSPECTS, "30 as age_sent")]),
        ("CR22", None, "exclusion_reason = 'cancelled', outcome_code = '1'", _aged(suspect=9)),
        ("CR22", "ok", "recorded_on = '2023-07-22'", _aged(suspect=9)),
        ("CR22", "no_outcome_11", "recorded_on = '2023-07-21'", _aged(suspect=9)),
        *(("CR25", "code_without_status", f"cancellation_code = '{code}'", []) for code in ("C1", "C3", "C4")),
        ("CR25", None, "cancellation_code = 'C5'", []),
        ("CR34", None, "offence_code = '72/1', status = 'cancelled'", []),
        ("CR34", None, "offence_code = '72/1', recorded_on = null", []),
        ("CR34", None, "offence_code = null", []),
        ("CR34", "ok", "offence_code = '72/1', recorded_on = '2015-07-30'", []),
        ("CR34", "code_closed", "offence_code = '72/1', recorded_on = '2015-07-31'", []),
        ("CR34", "ok", "offence_code = '72/1', recorded_on = '2004-05-01'", []),
        ("CR34", "code_not_yet_open", "offence_code = '72/1', recorded_on = '2004-04-30'", []),
        ("CR34", "ok", "offence_code = '17/11', recorded_on = '2004-04-30'", []),
        ("CR34", "code_of_law_before_2004", "offence_code = '17/11', recorded_on = '2004-05-01'", []),
        ("CR37", "betting_and_gaming", "offence_code_sent = '10602'", []),
        ("CR37", "betting_and_gaming", "offence_code_sent = '106/2'", []),
        ("CR37", "betting_and_gaming", "offence_code_sent = '106/12'", []),
        ("CR37", "ok", "offence_code_sent = '106'", []),
        ("CR38", None, "image = 'C'", []),
        ("CR38", None, "exclusion_reason = 'cancelled'", [NO_VICTIM]),
        ("CR38", "ok", "victim_rows = 0", [_set(VICTIMS, "is_person = false")]),
        ("CR41", None, "offence_code = '86', offence_class = '86', status = 'cancelled'", []),
        ("CR42", None, "offence_code = '86/15', status = 'cancelled'", []),
        ("CR44", "no_csa_flag", "csa_flag = null", [NO_VICTIM]),
        ("CR44", "no_csa_flag", "csa_flag = null, names_a_child = 'C', image = 'C'", [NO_VICTIM]),
        ("CR44", "no_csa_flag", "csa_flag = 'N', names_a_child = 'C'", _aged(victim=17)),
        ("CR44", None, "csa_flag = 'N', names_a_child = 'C'", _aged(victim=18)),
        ("CR44", None, "csa_flag = 'unmapped'", []),
        ("CR44", None, "csa_flag = 'N', counts_only_when_flagged = 'Y'", []),
        ("CR44", None, "csa_flag = 'N', exclusion_reason = 'cancelled'", []),
        ("CR46", None, "cse_flag = 'Y', status = 'cancelled'", _aged(victim=18)),
        ("CR46", None, "cse_flag = 'Y'", [NO_VICTIM]),
        *(("CR47", "no_online_flag", f"offence_code = '{code}'", []) for code in ("86/2", "86/10", "71/17")),
        ("CR47", None, "offence_code = '71/17', online_flag = 'unmapped'", []),
        ("CR47", None, "offence_code = '71/17', exclusion_reason = 'cancelled'", []),
        ("CR48", None, "children_flag = 'Y', status = 'cancelled'", []),
        ("CR48", None, "children_flag = 'unmapped'", []),
        ("CR48", None, "children_flag = 'Y'", [NO_SUSPECT]),
        ("CR48", None, "children_flag = 'Y'", [NO_VICTIM]),
        ("CR48", "flagged_but_an_adult", "children_flag = 'Y'", _aged(suspect=17, victim=18)),
        ("CR48", "ok", "children_flag = 'Y'", _aged(suspect=17, victim=17)),
        ("CR48", "ok", "children_flag = 'N'", _aged(suspect=17, victim=18)),
        ("CR48", "not_flagged_but_all_children", "children_flag = 'N'", _aged(suspect=17, victim=17)),
        ("CR51", "outcome_not_yet_open", "outcome_code = '22', recorded_on = '2019-03-31'", []),
        ("CR51", "ok", "outcome_code = '22', recorded_on = '2019-04-01'", []),
        ("CR51", "outcome_not_yet_open", "outcome_code = '22', outcome_on = '2019-03-31'", []),
        ("CR51", "outcome_of_other_crimes", "outcome_code = '7'", []),
        ("CR51", None, "outcome_code = '7', status = 'cancelled'", []),
        ("CR51", None, "outcome_code = 'unmapped'", []),
        *(("CR52", "no_suspect", f"outcome_code = '{code}', suspect_rows = 0", []) for code in ("1", "15", "16", "21")),
        *(("CR52", "ok", f"outcome_code = '{code}'", []) for code in ("1", "14", "15", "16", "18", "21")),
        *(("CR52", "ok", f"outcome_code = '{code}'", [NO_SUSPECT]) for code in ("14", "18")),
        *(("CR52", "named_suspect", f"outcome_code = '{code}'", [_set(SUSPECTS, "identified = 'Y'")])
          for code in ("14", "18")),
        ("CR52", None, "outcome_code = '15', status = 'cancelled', suspect_rows = 0", []),
        ("CR53", "not_an_image", "outcome_code = '21', offence_class = null", []),
        ("CR53", None, "outcome_code = '21', status = 'cancelled'", []),
        ("CR54", None, "outcome_code = '20', status = 'cancelled'", []),
        *(("UM01", f"unmapped_{column}", f"{column} = 'unmapped'", [])
          for column in ("status", "cancellation_code", "csa_flag", "cse_flag", "online_flag", "children_flag",
                         "location_type", "outcome_code", "local_authority")),
        ("UM01", "ok", "location_type = 'home', outcome_code = '15', online_flag = 'N', children_flag = 'N'", []),
        ("UR01", "unreadable_number", "has_unreadable_number = true", []),
        ("CR12", "ok", "committed_to = null", []),
        ("CR23", "incident_in_count", "offence_class = 'N100'", []),
        ("CR23", "incident_in_count", "offence_code = 'N100/1'", []),
        ("CR35", "one_offender", "offence_class = '19K', offenders_stated = 1", []),
        ("CR35", "before_april_2019", "offence_class = '19J', recorded_on = '2019-03-31'", []),
        ("CR35", "ok", "offence_class = '19J', recorded_on = '2019-04-01'", []),
        ("CR35", "ok", "offence_class = '19J', offenders_stated = null, suspect_rows = 0", []),
        ("CR43", None, "contact = 'N'", []),
    ]  # fmt: skip
    person = [
        *((VICTIMS, COUNTED, "UM02", column) for column in _PERSON),
        *((SUSPECTS, OFFENDERS, "UM03", column) for column in (*_PERSON, "relationship", "role")),
    ]
    transferred = _set(
        "intermediate.int_crimes",
        "cancellation_code = 'C1', status = 'cancelled', linked_crime_reference = 'essex:GONE'",
    )
    return [
        *(
            _apart(f"changed-{n}", rule, {word}, [_set(CLASSIFIED, change), *more])
            for n, (rule, word, change, more) in enumerate(cases)
        ),
        *(
            _apart(f"unmapped-{n}", rule, {f"unmapped_{column}"}, [_set(table, f"{column} = 'unmapped'")])
            for n, (_, table, rule, column) in enumerate(person)
        ),
        RuleCase("CR34: closed a day after the old law", "CR34", K1, {"code_closed"}, [
            "update reference.offences set valid_to = '2004-05-01' where offence_code = '17/11'",
            _set(CLASSIFIED, "offence_code = '17/11', recorded_on = '2004-05-02'"),
        ]),
        RuleCase("CR01: beside a crime that is there twice", "CR01", f"not ({K1_OF_KENT} and quarter = '2023-Q2')", {"ok"}, [
            f"insert into {CLASSIFIED} by name select * exclude (i) replace ({place}) "
            f"from {CLASSIFIED}, range({times}) as t(i) where {K1_OF_KENT} and quarter = '2023-Q2'"
            for place, times in (("'2023-Q3' as quarter", 1), ("'essex' as force", 1), ("'kent' as force", 1))
        ]),
        RuleCase("CR27: not there", "CR27", K1, {"not_at_the_receiving_force"}, [transferred]),
        RuleCase("CR27: the other force's later returns were refused", "CR27", K1, {None}, [
            transferred,
            "update intermediate.int_submissions set is_current = false where force = 'essex' and quarter > '2023-Q2'",
        ]),
        RuleCase("CR27: the other force has answered nothing", "CR27", K1, {None}, [
            transferred, "delete from intermediate.int_submissions where force = 'essex'"]),
        # a class without a row of its own, one that has less than its code, and no code at all
        _apart("class-1", "CR19", {"male_in_class_for_females"}, [
            _set(CLASSIFIED, "offence_code = '25/3', offence_class = '25'"), _set(COUNTED, "gender = 'male'")]),
        _apart("class-2", "CR18", {None}, [
            _set(CLASSIFIED, "offence_code = '23/4', offence_class = '23'"), _set(COUNTED, "age_at_offence = 12")]),
        _apart("class-3", "CR18", {None}, [
            _set(CLASSIFIED, "offence_code = '19D', offence_class = '19D'"), _set(COUNTED, "age_at_offence = 12")]),
        *(
            _apart(f"sub-code-{age}", "CR18", {found}, [
                _set(CLASSIFIED, "offence_code = '20/2', offence_class = '20A'"), _set(COUNTED, f"age_at_offence = {age}")])
            for age, found in ((12, "age_below_limit"), (15, "below_age_of_sub_code"), (16, "ok"))
        ),
        _apart("class-4", "UM02", {"ok"}, [_set(CLASSIFIED, "offence_code = null")]),
        RuleCase("CR19: unmapped", "CR19", K1, {None}, [_set(COUNTED, "gender = 'unmapped'")]),
        RuleCase("CR29: twice", "CR29", K1 + " and quarter = '2023-Q3'", {"ok"}, [
            f"insert into {CLASSIFIED} by name select * replace ('{quarter}' as quarter, 'cancelled' as status, "
            f"'cancelled' as exclusion_reason) from {CLASSIFIED} where {K1} and quarter = '2023-Q2'"
            for quarter in ("2023-Q3", "2023-Q4")
        ]),
        *(
            RuleCase(f"CR49: {word} {change}", "CR49", K1, {word}, [_set("cocad.cocad_crimes", change)])
            for word, change in (("ok", "offenders = 2"), ("fewer_than_two_offenders", "offenders = null"))
        ),
        *(
            RuleCase(f"CR50: {word} of {readings}", "CR50", K1, {word}, [
                _set("cocad.cocad_crimes", "criterion = 'ritualistic'"),
                _set("cocad.cocad_settled_readings", f"readings = {readings}"),
            ])
            for word, readings in (("ok", 2), ("ritualistic_read_once", 1), ("ritualistic_read_once", "null"))
        ),
        RuleCase("CR50: not settled", "CR50", K1, {"ritualistic_read_once"}, [
            _set("cocad.cocad_crimes", "criterion = 'ritualistic'"), "delete from cocad.cocad_settled_readings"]),
        RuleCase("CR50: beside a crime that is there twice", "CR50", "crime_reference <> 'K1'", {"ok"}, [
            "insert into cocad.cocad_crimes select * from cocad.cocad_crimes where " + K1]),
        RuleCase("CR50: of another force", "CR50", "force = 'essex'", {"ok"}, [
            "insert into cocad.cocad_crimes select * exclude (i) replace (if(i = 3, 'essex', force) as force) "
            "from cocad.cocad_crimes, range(1, 4) as t(i) where " + K1]),
        *(
            RuleCase(f"CR45: {word} {n}", "CR45", K1, says, statements)
            for n, (word, says, statements) in enumerate([
                ("not asked", set(), []),
                ("flagged", {"ok"}, [_set("cocad.cocad_crimes", "criterion = 'cse'"), _set(CLASSIFIED, "cse_flag = 'Y'")]),
                ("by flag", {"counted_without_flag"}, [_set(CLASSIFIED, "offence_code = '106', cse_flag = 'N'")]),
                ("by flag, unread", {"counted_without_flag"},
                 ["delete from cocad.cocad_crimes where " + K1, _set(CLASSIFIED, "offence_code = '106', cse_flag = 'N'")]),
                ("read, code unknown", {"criterion_without_flag"},
                 [_set("cocad.cocad_crimes", "criterion = 'cse'"), _set(CLASSIFIED, "offence_code = null, cse_flag = 'N'")]),
            ])
        ),
    ]  # fmt: skip


_PERSON = ("gender", "self_defined_ethnicity", "observed_ethnicity", "disability", "nationality")


def _world(*crimes: dict, table: str = CLASSIFIED, apart: str = "") -> list[str]:
    """Crimes X1, X2, … beside K1 and like it but for what is given: columns, and the numbers of victims and suspects.

    With `apart` they are of forces that nothing else is of: `apart`/kent, …
    """
    statements = []
    for number, said in enumerate(crimes, start=1):
        crime = dict(said)
        persons = {VICTIMS: crime.pop("victims", ["PV01"]), SUSPECTS: crime.pop("suspects", ["PS01"])}
        victims_say = crime.pop("victims_say", {})
        force = crime.pop("force", "kent")
        place = {"crime_reference": f"X{number}", "force": f"{apart}/{force}" if apart else force}
        place["quarter"] = crime.pop("quarter", "2023-Q2")
        crime = {"victim_rows": len(persons[VICTIMS]), "suspect_rows": len(persons[SUSPECTS]), **crime}
        if table != CLASSIFIED:
            crime.pop("victim_rows"), crime.pop("suspect_rows")
        rows = [(table, {**place, **crime})]
        for persons_table, numbers in persons.items():
            reference = "suspect_reference" if persons_table == SUSPECTS else "victim_reference"
            more = victims_say if persons_table == VICTIMS else {}
            rows += [
                (
                    persons_table,
                    {**place, reference: one, **({"gender": "male"} if one[0] == "M" else {}), **more},
                )
                for one in numbers
            ]
        for into, columns in rows:
            values = ", ".join(f"{'null' if v is None else repr(v)} as {name}" for name, v in columns.items())
            statements.append(
                f"insert into {into} by name select * replace ({values}) from {into} where {K1_OF_KENT}"
            )
    return statements


def _linked() -> list[RuleCase]:
    """Two crimes, or three, of one victim, suspect, incident or image."""
    same, repeat = "same_victim_suspect_and_offence", "repeat_abuse_recorded_together"
    several, lesser = "several_offences_of_one_incident", "lesser_crime_kept"
    images, alone = "several_of_one_suspect_and_day", "known_child_without_a_crime"
    gone = {"exclusion_reason": "cancelled"}
    no_days = {"committed_from": None, "committed_to": None}
    late = {"recorded_on": "2023-05-15"}
    act = {"incident_reference": "I1", **late}
    other = {"offence_code": "20/6"}
    image = {"image": "Y", "offence_code": "86/2"}
    third = {"offence_code": "70/1", **no_days}
    cases: list[tuple[str, set, list[dict]]] = [
        ("CR04", {same}, [{}, {}]),
        ("CR04", {None}, [{"victims": ["V01"]}, {"victims": ["V01"]}]),
        ("CR04", {None}, [{"suspects": ["S01"]}, {"suspects": ["S01"]}]),
        ("CR04", {None}, [{"suspects": []}, {"suspects": []}]),
        ("CR04", {None}, [{"victims": []}, {"victims": []}]),
        ("CR04", {"ok"}, [{}, {"victims": ["PV02"]}]),
        ("CR04", {"ok"}, [{}, {"suspects": ["PS02"]}]),
        ("CR04", {"ok"}, [{}, other]),
        ("CR04", {"ok"}, [{}, {"force": "essex"}]),
        ("CR04", {"ok"}, [{}, {"quarter": "2023-Q3"}]),
        ("CR04", {"ok", None}, [{}, gone]),
        ("CR04", {None}, [gone, gone]),
        ("CR04", {same}, [{"committed_from": None}, {"committed_from": None}]),
        ("CR04", {same}, [{"committed_to": None}, {"committed_to": None}]),
        ("CR04", {"ok"}, [no_days, no_days]),
        ("CR04", {same, "ok"}, [{"victims": ["PV01", "PV02"]}, {}, {**third, "victims": ["PV02"]}]),
        ("CR04", {"ok"}, [{"victims": ["PV01", "PV02"]}]),
        # a number of three figures identifies nobody
        ("CR04", {"ok"}, [{"victims": ["PV01", "PV3"]}, {"victims": ["PV02", "PV3"]}]),
        ("CR04", {"ok"}, [{"suspects": ["PS01", "PS3"]}, {"suspects": ["PS02", "PS3"]}]),
        ("CR08", {repeat}, [no_days, no_days]),
        ("CR08", {repeat}, [{}, {"committed_to": "2023-05-02"}]),
        ("CR08", {"ok"}, [{}, {"committed_to": "2023-05-02", "recorded_on": "2023-05-11"}]),
        ("CR08", {"ok"}, [{}, {"committed_to": "2023-05-02", "victims": ["PV02"]}]),
        ("CR08", {"ok"}, [{}, {"committed_to": "2023-05-02", **other}]),
        ("CR08", {None}, [{**no_days, "suspects": []}, {**no_days, "suspects": []}]),
        ("CR08", {None}, [{**no_days, "victims": []}, {**no_days, "victims": []}]),
        ("CR08", {repeat, "ok"}, [{**no_days, "victims": ["PV01", "PV02"]}, no_days,
                                  {"victims": ["PV02"], "offence_code": "70/1"}]),
        ("CR08", {None, "ok"}, [no_days, {**no_days, **gone}]),
        ("CR06", {several}, [act, {**act, **other}]),
        ("CR06", {"ok"}, [act, act]),
        ("CR06", {"ok"}, [act, {**act, **other, "incident_reference": "I2"}]),
        ("CR06", {"ok"}, [act, {**act, **other, "suspects": ["PS02"]}]),
        ("CR06", {"ok"}, [act, {**act, **other, "victims": ["PV02"]}]),
        ("CR06", {None}, [late, {**late, **other}]),
        ("CR06", {None}, [{**act, "suspects": []}, {**act, **other, "suspects": []}]),
        ("CR06", {None, several}, [act, {**act, **other, "recorded_on": "2023-05-14"}]),
        ("CR06", {None, "ok"}, [act, {**act, **other, **gone}]),
        ("CR06", {several, "ok"}, [{**act, "victims": ["PV01", "PV02"]}, {**act, **other},
                                   {**act, "incident_reference": "I2", "victims": ["PV02"]}]),
        ("CR05", {"more_victims_than_crimes"}, [{**act, "victims": ["PV01", "PV02"]}, {**act, "victims": ["PV03"]}]),
        ("CR05", {"ok"}, [{**act, "victims": ["PV01", "PV02"]}, {**act, "victims": ["PV02"]}]),
        ("CR05", {None}, [{**act, "victims": ["PV01", "PV02"]}]),
        ("CR05", {None}, [{**act, "victims": ["PV01", "PV02"]}, {**act, **gone}]),
        ("CR05", {None}, [{**act, "victims": ["1"]}, {**act, "victims": ["2"]}]),
        ("CR05", {"more_victims_than_crimes", None}, [{**act, "victims": ["PV01", "PV02"]}, {**act, "victims": ["PV03"]},
                                                      {**act, **gone, "victims": ["PV01"]}]),
        ("CR05", {None}, [{**act, "incident_reference": None, "victims": ["PV01", "PV02"]}, {"victims": ["PV03"]}]),
        ("CR05", {None}, [{**act, "victims": ["PV01", "PV02"]}, {**act, "force": "essex"}]),
        ("CR05", {"ok"}, [{**act, "victims": ["PV01"]}, {**act, "victims": ["1"]}]),
        ("CR39", {images}, [image, image]),
        ("CR39", {images}, [{**image, "image": "C"}, {**image, "image": "C"}]),
        ("CR39", {None}, [{**image, "image": "N"}, {**image, "image": "N"}]),
        ("CR39", {"ok", None}, [image, {**image, "image": "N"}]),
        ("CR39", {"ok"}, [image, {**image, "recorded_on": "2023-05-11"}]),
        ("CR39", {"ok"}, [image, {**image, "offence_code": "86/10"}]),
        ("CR39", {"ok"}, [image, {**image, "suspects": ["PS02"]}]),
        ("CR39", {"ok"}, [image, {**image, "force": "essex"}]),
        ("CR39", {"ok"}, [image, {**image, "quarter": "2023-Q3"}]),
        ("CR39", {"ok", None}, [image, {**image, **gone}]),
        ("CR39", {None}, [{**image, "suspects": []}, {**image, "suspects": []}]),
        # the same two suspects on two crimes of two days, and a third crime on one of them
        ("CR39", {images, "ok"}, [image, image, {**image, "recorded_on": "2023-05-11"}]),
        ("CR40", {"ok", None}, [image, {}]),
        ("CR40", {alone}, [image]),
        ("CR40", {alone}, [image, image]),
        ("CR40", {alone}, [image, {**image, "image": "C"}]),
        ("CR40", {alone, None}, [image, {"victims": ["PV02"]}]),
        ("CR40", {alone, None}, [image, {"force": "essex"}]),
        ("CR40", {alone, None}, [image, {"quarter": "2023-Q3"}]),
        ("CR40", {alone, None}, [image, gone]),
        ("CR40", {None}, [{**image, **gone}]),
        ("CR40", {None}, [{**image, "victims": []}]),
        ("CR40", {None}, [{**image, "victims": ["1"]}]),
        ("CR40", {alone}, [{**image, **act, "victims": ["1"]}]),
        ("CR40", {"ok", None}, [{**image, **act, "victims": ["1"]}, {**act, "victims": ["2"]}]),
        ("CR40", {"ok", None}, [{**image, **act, "victims": ["1"]}, {**image, **act, "victims": ["3"]},
                                {**act, "victims": ["2"]}]),
        ("CR40", {alone}, [{**image, **act, "victims": ["1"]}, {**image, **act, "victims": ["2"]}]),
        ("CR40", {alone, None}, [{**image, **act, "victims": ["1"]}, {**act, **gone, "victims": ["2"]}]),
    ]  # fmt: skip
    ranked = ["19/16", "20/4", "20/6", "86/2"]  # rape, assault by penetration, another assault, image
    kept = []
    for at, higher in enumerate(ranked):
        for lower in ranked[at + 1 :]:
            kept += [({lesser, None}, higher, lower, {}, {}), ({"ok", None}, lower, higher, {}, {})]
    kept += [
        ({"ok", None}, "20/6", "21/3", {}, {}),  # assault and activity are one rank
        ({"ok", None}, "21/3", "20/6", {}, {}),
        ({"ok", None}, "21/3", "20/4", {}, {}),
        ({lesser, None}, "21/3", "86/2", {}, {}),
        ({None}, "19/16", "88/9", {}, {}),
        ({None}, "88/9", "19/16", {}, {}),
        ({lesser, None}, "19/16", "20/6", {}, {"status": None}),
        ({None}, "19/16", "20/6", {}, {"status": "cancelled"}),
        ({None}, "19/16", "20/6", {"cancellation_code": "C2"}, {}),
        ({None}, "19/16", "20/6", {}, {"force": "essex"}),
        ({None}, "19/16", "20/6", {}, {"quarter": "2023-Q3"}),
        ({None}, "19/16", "20/6", {"linked_crime_reference": "X9"}, {}),
    ]
    cancelled = {"status": "cancelled", "cancellation_code": "C3", "linked_crime_reference": "X2", **gone}
    cases += [
        ("CR07", says, [{**cancelled, "offence_code": left, **more}, {"offence_code": stays, **kept_says}])
        for says, left, stays, more, kept_says in kept
    ]
    return [
        RuleCase(f"{rule}: {number}", rule, _of(place), says, _world(*crimes, apart=place), apart=place)
        for number, (rule, says, crimes) in enumerate(cases)
        for place in [f"linked-{number}"]
    ]


def _double_loads() -> list[RuleCase]:
    """A force that nothing else came from, in two layouts."""
    new, old = {"force": "btp", "layout": "connect"}, {"force": "btp", "layout": "national"}
    unlike = {**new, "offence_code": "20/6", "victims": ["PV09"]}
    no_days = {"committed_from": None, "committed_to": None}
    found = {"in_both_systems"}
    cases: list[tuple[set, list[dict]]] = [
        (found, [old, new]),
        (set(), [new, new]),
        ({"ok"}, [old, unlike]),
        ({"ok"}, [old, {**new, "status": "cancelled"}, unlike]),
        (found, [{**old, "status": None}, {**new, "status": None}]),
        ({"ok"}, [old, {**new, "committed_to": "2023-05-02"}]),
        ({"ok"}, [old, {**new, "committed_from": "2023-04-30"}]),
        ({"ok"}, [old, {**new, "reported_on": "2023-05-08"}]),
        ({"ok"}, [old, {**new, "victims_say": {"gender": "male"}}]),
        ({"ok"}, [old, {**new, "victims_say": {"age_sent": 10}}]),
        ({"ok"}, [old, {**new, "victims_say": {"age_sent": None, "age_from_birth": 10}}]),
        (found, [old, {**new, "victims_say": {"age_sent": None, "age_from_birth": 9}}]),
        (set(), [{**old, "victims_say": {"is_person": False}}, {**new, "victims_say": {"is_person": False}}]),
        ({"ok"}, [{**old, "victims": []}, unlike]),
        (set(), [{**old, **no_days}, {**new, **no_days}]),
        (set(), [{**old, "offence_code": None}, {**new, "offence_code": None}]),
        (found, [{**old, "committed_to": None}, {**new, "committed_to": None}]),
        (found, [{**old, "committed_from": None}, {**new, "committed_from": None}]),
        (set(), [{**old, "status": "cancelled"}, new]),
        ({"ok"}, [{**old, "victims": []}, new, {**unlike, "victims": ["PV03"]}]),
        # of two victims one stands on the other crime too; who is numbered M is male
        (found, [{**old, "victims": ["PV01", "M2"]}, new]),
        (set(), [old, {**new, "quarter": "2023-Q3"}]),
        (set(), [old, {**new, "force": "norfolk"}]),
    ]
    return [
        RuleCase(
            f"CR60: {number}",
            "CR60",
            _of(place),
            says,
            _world(*crimes, table="intermediate.int_crimes", apart=place),
            apart=place,
        )
        for number, (says, crimes) in enumerate(cases)
        for place in [f"loads-{number}"]
    ]


def _coverage() -> list[RuleCase]:
    """What each force owes, and what came of it: `submission` is the one that stands, else the last that was sent."""
    due = "force = '{}' and quarter = '2023-Q2'"
    sent = (
        "insert into intermediate.int_submissions by name select * replace ('{}' as force, {} as submission, '{}' as status, "
        "false as is_current) from intermediate.int_submissions where force = 'kent' and quarter = '2023-Q2' and is_current"
    )
    term = "update reference.forces set {} where force = 'btp'"
    btp = [
        ("from this quarter", "from_quarter = '2023-Q2'", {"ok"}),
        ("from the next", "from_quarter = '2023-Q3'", set()),
        ("to this quarter", "to_quarter = '2023-Q2'", {"ok"}),
        ("to the one before", "to_quarter = '2023-Q1'", set()),
    ]
    return [
        RuleCase("CR55: cleveland", "CR55", due.format("cleveland"), {"missing"}, submission=None),
        *(
            RuleCase(f"CR55: {force}", "CR55", due.format(force), {word})
            for force, word in {"dorset": "refused_only", "gwent": "empty_without_nil", "btp": "ok", "kent": "ok"}.items()
        ),
        RuleCase("CR55: missing and declared", "CR55", due.format("cleveland"), {"missing_declared"},
              [sent.format("cleveland", 1, "missing")]),
        RuleCase("CR55: refused, then missing", "CR55", due.format("dorset"), {"missing_declared"},
              [sent.format("dorset", 2, "missing")], submission=2),
        RuleCase("CR55: missing, then refused", "CR55", due.format("cleveland"), {"refused_only"},
              [sent.format("cleveland", 1, "missing"), sent.format("cleveland", 2, "refused")], submission=2),
        RuleCase("CR55: accepted, then missing", "CR55", due.format("kent"), {"ok"}, [sent.format("kent", 3, "missing")]),
        *(RuleCase(f"CR55: owes {name}", "CR55", due.format("btp"), says, [term.format(change)])
          for name, change, says in btp),
        RuleCase("CR55: owes nothing yet", "CR55", "force = 'btp'", set(), [term.format("from_quarter = '2099-Q1'")]),
        RuleCase("CR55: crimes of a force that owes nothing", "CR55", "force is null or force = 'mordor'", set(), [
            sent.format("mordor", 1, "accepted")]),
    ]  # fmt: skip


def _later_quarters() -> list[RuleCase]:
    """A reference sent again, and a crime that a later return cancels."""
    return [
        RuleCase("CR02: first", "CR02", "crime_reference = 'AG1' and quarter = '2023-Q2'", {"ok"}),
        RuleCase(
            "CR02: again",
            "CR02",
            "crime_reference = 'AG1' and quarter = '2023-Q3'",
            {"counted_in_earlier_quarter"},
        ),
        *(
            RuleCase(
                f"CR02: {word} {sent_with} {recorded_on} {status}",
                "CR02",
                f"{K1} and quarter = '2023-Q2'",
                {word},
                [
                    f"insert into {CLASSIFIED} by name select * replace ('{sent_with}' as quarter, '{force}' as force, "
                    f"date '{recorded_on}' as recorded_on, '{status}' as status, 'cancelled' as exclusion_reason) "
                    f"from {CLASSIFIED} where {K1_OF_KENT} and quarter = '2023-Q2'"
                ],
            )
            for word, force, sent_with, recorded_on, status in (
                ("cancelled_under_another_date", "kent", "2023-Q3", "2023-07-01", "cancelled"),
                ("cancelled_under_another_date", "kent", "2023-Q3", "2023-10-01", "cancelled"),
                ("ok", "kent", "2023-Q3", "2023-05-10", "cancelled"),
                ("ok", "kent", "2023-Q3", "2023-07-01", "recorded"),
                ("ok", "kent", "2023-Q1", "2023-05-10", "cancelled"),
                ("ok", "essex", "2023-Q3", "2023-07-01", "cancelled"),
            )
        ),
        # the last return that cancels it decides
        RuleCase(
            "CR02: cancelled before and after",
            "CR02",
            f"{K1} and quarter = '2023-Q2'",
            {"cancelled_under_another_date"},
            [
                f"insert into {CLASSIFIED} by name select * replace ('{sent_with}' as quarter, date '{recorded_on}' as "
                "recorded_on, 'cancelled' as status, 'cancelled' as exclusion_reason) "
                f"from {CLASSIFIED} where {K1_OF_KENT} and quarter = '2023-Q2'"
                for sent_with, recorded_on in (("2023-Q1", "2023-03-31"), ("2023-Q3", "2023-07-01"))
            ],
        ),
        RuleCase(
            "CR29: cancelled under another date",
            "CR29",
            f"{K1} and quarter = '2023-Q2'",
            set(),
            [
                f"insert into {CLASSIFIED} by name select * replace ('2023-Q3' as quarter, date '2023-07-01' as recorded_on, "
                f"'cancelled' as status) from {CLASSIFIED} where {K1_OF_KENT} and quarter = '2023-Q2'"
            ],
        ),
        RuleCase("CR02: refreshed", "CR02", "crime_reference = 'REFR1'", {"ok"}),
        RuleCase("CR29: cancelled later", "CR29", "crime_reference = 'LAT1' and quarter = '2023-Q2'", {"ok"}),
        RuleCase("CR29: the later return", "CR29", "crime_reference = 'LAT1' and quarter = '2023-Q3'", set()),
        RuleCase("CR29: not cancelled", "CR29", "crime_reference in ('K1', 'AG1')", set()),
    ]


def _refreshes() -> list[RuleCase]:
    replaced = (
        "insert into intermediate.int_replaced_crimes by name select 'kent' as force, '2023-Q2' as quarter, "
        "2 as submission, {} as is_still_sent, {} as was_cancelled, {} as is_reclassified, "
        "{} as is_moved_with_class, 'R' as crime_reference"
    )

    def said(rule: str, word: str | None, *facts: bool) -> RuleCase:
        where = "crime_reference = 'R' and submission = 2 and record_type = 'crime'"
        name = f"{rule}: {word} {''.join('NY'[fact] for fact in facts)}"
        statement = replaced.format(*(str(fact).lower() for fact in facts))
        return RuleCase(name, rule, where, {word}, [statement], submission=2)

    return [
        said("EQ01", "ok", True, False, False, False),
        said("EQ01", "ok", False, True, False, False),
        said("EQ01", "vanished_without_cancellation", False, False, False, False),
        said("CR30", None, True, False, False, False),
        said("CR30", "ok", True, False, True, False),
        said("CR30", "recorded_date_moved", True, False, True, True),
    ]


def _forces_together() -> list[RuleCase]:
    """K1 in Kent and E0 in Essex, both of one victim."""
    same = _set("intermediate.int_victims", "person_token = 'one'", "crime_reference in ('K1', 'E0')")
    both = "crime_reference in ('K1', 'E0')"
    no_days = "committed_from = null, committed_to = null"

    def said(name: str, says: set, *statements: str, where: str = both) -> RuleCase:
        return RuleCase(f"CR33: {name}", "CR33", where, says, [same, *statements])

    found = {"counted_by_another_force"}
    return [
        said("in two forces", found),
        said("twice in one", {"ok"}, _set("intermediate.int_victims", "person_token = 'one'", "crime_reference = 'N7'"),
             _set("intermediate.int_victims", "person_token = 'two'", "crime_reference = 'E0'"),
             where="crime_reference in ('K1', 'N7', 'E0')"),
        said("another gender", {"ok"}, _set("intermediate.int_victims", "gender = 'male'", "crime_reference = 'E0'")),
        said("both without gender", found, _set("intermediate.int_victims", "gender = null", both)),
        said("another victim", {"ok"}, _set("intermediate.int_victims", "person_token = 'two'", "crime_reference = 'E0'")),
        said("no token", {"ok"}, _set("intermediate.int_victims", "person_token = null", "crime_reference = 'E0'")),
        said("no token is not asked", set(), _set("intermediate.int_victims", "person_token = null", both)),
        said("no person is not asked", set(), _set("intermediate.int_victims", "is_person = false", both)),
        said("another last day", {"ok"}, _set(CLASSIFIED, "committed_to = date '2023-05-02'", "crime_reference = 'E0'")),
        said("another first day", {"ok"}, _set(CLASSIFIED, "committed_from = date '2023-04-30'", "crime_reference = 'E0'")),
        said("another offence", {"ok"}, _set(CLASSIFIED, "offence_code = '20/6'", "crime_reference = 'E0'")),
        said("both without last day", found, _set(CLASSIFIED, "committed_to = null", both)),
        said("both without first day", found, _set(CLASSIFIED, "committed_from = null", both)),
        said("no day is not asked", set(), _set(CLASSIFIED, no_days, both)),
        RuleCase("CR33: another person's crime like it", "CR33", "crime_reference = 'X1'", {"ok"},
              [same, *_world({}), _set("intermediate.int_victims", "person_token = 'two'", "crime_reference = 'X1'")]),
        said("one of two victims", found,
             "insert into intermediate.int_victims by name select * replace ('two' as person_token) "
             "from intermediate.int_victims where crime_reference = 'E0'"),
    ]  # fmt: skip


def _four_quarters() -> list[RuleCase]:
    """Norfolk sent nothing else: crimes in each quarter of 2024, then 2025-Q1."""

    def rule_case(
        rule: str,
        says: set,
        last: dict[str, int],
        before: int | tuple = 100,
        skip: int = 0,
        where: str = "true",
    ) -> RuleCase:
        crimes_before = before if isinstance(before, tuple) else (before,) * 4
        counts = [
            (f"2024-Q{quarter}", "rape_of_a_child", crimes)
            for quarter, crimes in enumerate(crimes_before[-4:], start=1)
            if quarter != skip
        ]
        if len(crimes_before) == 5:
            counts.insert(0, ("2023-Q4", "rape_of_a_child", crimes_before[0]))
        if skip:  # four returns, but one of them a quarter further back
            counts.insert(0, ("2023-Q4", "rape_of_a_child", before))
        counts += [("2025-Q1", group, crimes) for group, crimes in last.items()]
        statements = [
            "delete from intermediate.int_submissions where force = 'norfolk'",
            *(
                f"insert into intermediate.int_submissions by name select * replace ('norfolk' as force, '{quarter}' "
                "as quarter, 'accepted' as status) from intermediate.int_submissions where force = 'btp' "
                "and quarter = '2023-Q4'"
                for quarter in dict.fromkeys((*(quarter for quarter, *_ in counts), "2025-Q1"))
            ),
            *(
                "insert into cpai.cpai_classified_crimes by name select * exclude (i) replace ('norfolk' as force, "
                f"'{quarter}' as quarter, '{group}' || i as crime_reference, '{group}' as offence_group) "
                f"from cpai.cpai_classified_crimes, range({crimes}) as t(i) where {K1}"
                for quarter, group, crimes in counts
            ),
        ]
        name = f"{rule}: {last} after {before}{f' without Q{skip}' if skip else ''} {where}"
        return RuleCase(
            name, rule, f"force = 'norfolk' and quarter = '2025-Q1' and {where}", says, statements
        )

    volumes = {
        59: "implausible_volume", 60: "unusual_volume", 79: "unusual_volume", 80: "ok", 135: "ok",
        136: "unusual_volume", 160: "unusual_volume", 161: "implausible_volume",
    }  # fmt: skip
    moved = {"image_share_moved", "rape_of_a_child_share_moved", "ok"}
    return [
        *(rule_case("CR56", {word}, {"rape_of_a_child": crimes}) for crimes, word in volumes.items()),
        rule_case("CR56", {"implausible_volume"}, {}),
        rule_case("CR56", {"ok"}, {"rape_of_a_child": 25}, before=25),
        rule_case("CR56", {None}, {"rape_of_a_child": 24}, before=24),
        rule_case("CR56", {None}, {"rape_of_a_child": 100}, skip=3),
        rule_case("CR56", {"ok"}, {"rape_of_a_child": 100}, before=(900, 100, 100, 100, 100)),
        rule_case("CR56", {"ok"}, {"rape_of_a_child": 25}, before=(33, 33, 34, 0)),
        rule_case("CR56", {None}, {"rape_of_a_child": 25}, before=(33, 33, 33, 0)),
        rule_case("CR57", {"ok"}, {"rape_of_a_child": 100}, before=(900, 100, 100, 100, 100)),
        rule_case("CR57", {None}, {"rape_of_a_child": 100}, before=(25, 25, 25, 24)),
        rule_case("CR57", moved, {"rape_of_a_child": 91, "image": 9}),
        rule_case("CR57", {"ok"}, {"rape_of_a_child": 92, "image": 8}),
        rule_case("CR57", {None}, {"rape_of_a_child": 91, "image": 8}),
        rule_case("CR57", {"ok"}, {"rape_of_a_child": 100}, before=25),
        rule_case("CR57", {None}, {"rape_of_a_child": 100}, before=24),
        rule_case("CR57", {None}, {"rape_of_a_child": 100}, skip=3),
    ]


Months = tuple[tuple[int, int], ...]  # crimes in the first and the second half of each month of a quarter


def _recorded_in(quarter: str, months: Months, crimes_a_day: int = 3) -> list[str]:
    """Norfolk's return of the quarter, with so many crimes like K1 recorded in each half of its months."""
    year, number = int(quarter[:4]), int(quarter[-1])
    halves = [
        (f"{year}-{3 * number - 2 + month:02}-{1 + 15 * half:02}", crimes)
        for month, both in enumerate(months)
        for half, crimes in enumerate(both)
    ]
    return [
        "insert into intermediate.int_submissions by name select * replace ('norfolk' as force, "
        f"'{quarter}' as quarter, 'accepted' as status) from intermediate.int_submissions "
        "where force = 'btp' and quarter = '2023-Q4'",
        *(
            f"insert into {CLASSIFIED} by name select * exclude (i) replace ('norfolk' as force, "
            f"'{quarter}' as quarter, '{first}/' || i as crime_reference, "
            f"date '{first}' + cast(i // {crimes_a_day} as integer) as recorded_on) "
            f"from {CLASSIFIED}, range({crimes}) as t(i) where {K1_OF_KENT} and quarter = '2023-Q2'"
            for first, crimes in halves
            if crimes
        ),
    ]


def _even(*halves: int) -> Months:
    """Three months alike: so many crimes in each half, or in the first and in the second."""
    return ((halves[0], halves[-1]),) * 3


def _months() -> list[RuleCase]:
    """Norfolk sent nothing else: its earlier returns, then 2024-Q4."""
    nothing = ((0, 0),) * 3
    second, third = "month_2_missing", "month_3_missing"
    late, early = "second_half_of_month_3_missing", "first_half_of_month_3_missing"

    def rule_case(
        says: set, now: Months, *before: Months, more: list[str] | None = None, a_day: int = 3
    ) -> RuleCase:
        quarters = ["2023-Q2", "2023-Q3", "2023-Q4", "2024-Q1", "2024-Q2", "2024-Q3"][-len(before) or 6 :]
        statements = ["delete from intermediate.int_submissions where force = 'norfolk'", *(more or [])]
        for quarter, months in zip(quarters, before, strict=True):
            statements += _recorded_in(quarter, months, a_day)
        statements += _recorded_in("2024-Q4", now)
        name = f"MN01: {now} after {before} {len(more or ())} {a_day}"
        return RuleCase(name, "MN01", "force = 'norfolk' and quarter = '2024-Q4'", says, statements, rows=3)

    def with_third(half: int, last: tuple[int, int]) -> Months:
        return (*_even(half)[:2], last)

    def recorded(crimes: int, offence_class: str = "19D", quarter: str = "2024-Q4") -> list[str]:
        return [
            f"insert into marts.recorded_crime_comparison by name select 'norfolk' as force, '{quarter}' as quarter, "
            f"'{offence_class}' as offence_class, 0 as cpai, {crimes} as recorded_crime, 0 as difference"
        ]

    of_k1 = f"(select min(offence_class) from {CLASSIFIED} where {K1_OF_KENT} and quarter = '2023-Q2')"
    as_k1 = f"update marts.recorded_crime_comparison set offence_class = {of_k1}"
    beside = [*recorded(300), as_k1]
    return [
        # one month: 13 of them are usual, or it is not asked
        rule_case({"ok", second}, ((7, 7), (0, 0), (7, 7)), _even(7)),
        rule_case({"ok"}, ((7, 7), (1, 0), (7, 7)), _even(7)),
        rule_case({"ok", second}, ((6, 7), (0, 0), (6, 7)), _even(6, 7)),
        rule_case({"ok"}, ((6, 6), (0, 0), (6, 6)), _even(6)),
        # two months of a small force, any of them; of a smaller one nothing is asked
        rule_case({"ok", second, third}, ((8, 8), (0, 0), (0, 0)), _even(4)),
        rule_case({"ok", "month_1_missing", second}, ((0, 0), (0, 0), (8, 8)), _even(4)),
        rule_case({"ok", "month_1_missing", third}, ((0, 0), (8, 8), (0, 0)), _even(4)),
        rule_case({"ok"}, ((8, 8), (1, 0), (0, 0)), _even(4)),
        rule_case({None}, ((8, 8), (0, 0), (0, 0)), _even(3)),
        rule_case({"month_1_missing", second, third}, nothing, _even(4)),
        # half of a month: the first are asked of the first, the second of the second
        rule_case({"ok", late}, with_third(20, (20, 0)), _even(20)),
        rule_case({"ok", early}, with_third(20, (0, 20)), _even(20)),
        rule_case({"ok"}, with_third(20, (20, 2)), _even(20)),
        rule_case({"ok"}, with_third(12, (12, 0)), _even(12)),
        rule_case({"ok"}, _even(40, 0), _even(40, 0)),
        rule_case({"ok", third}, (*_even(40, 0)[:2], (0, 0)), _even(40, 0)),
        # from 22 on some may be there, and too few all the same
        *(rule_case({"ok", late}, with_third(usual, (usual, few)), _even(usual)) for usual, few in ((22, 3), (28, 5), (40, 11))),
        *(rule_case({"ok"}, with_third(usual, (usual, enough)), _even(usual)) for usual, enough in ((22, 4), (28, 6), (40, 12))),
        # what is usual: four returns at most, the latest, and none without a crime
        rule_case({"ok", second}, ((7, 7), (0, 0), (7, 7)), _even(1), _even(1), _even(7), _even(7), _even(7), _even(7)),
        rule_case({"ok"}, ((7, 7), (0, 0), (7, 7)), _even(4), _even(7), _even(7), _even(7)),
        rule_case({"ok", second}, ((7, 7), (0, 0), (7, 7)), nothing, nothing, _even(7)),
        rule_case({None}, ((7, 7), (0, 0), (0, 0)), _even(45), a_day=45),
        # a first return beside the rest of itself
        rule_case({"ok", third}, ((9, 9), (9, 9), (0, 0))),
        rule_case({"ok"}, ((9, 9), (9, 8), (0, 0))),
        rule_case({"ok", second, third}, ((6, 6), (0, 0), (0, 0))),
        rule_case({None}, ((6, 5), (0, 0), (0, 0))),
        rule_case({"ok", third}, ((36, 30), (36, 30), (10, 10)), more=["update reference.month_limits set crimes_of_a_day = 9"]),
        rule_case({None}, nothing),
        # and beside recorded crime, where one month reaches half of it
        rule_case({"ok", third}, ((45, 45), (45, 45), (20, 19)), more=beside),
        rule_case({"ok"}, ((45, 45), (45, 45), (20, 20)), more=beside),
        rule_case({"ok", second, third}, ((25, 25), (20, 19), (20, 19)), more=beside),
        rule_case({"ok"}, ((25, 24), (20, 19), (20, 19)), more=beside),
        rule_case({"ok", late}, ((45, 45), (45, 45), (45, 14)), more=beside),
        rule_case({"ok"}, ((45, 45), (45, 45), (45, 15)), more=beside),
        rule_case({"ok"}, ((45, 45), (45, 45), (20, 19)), more=recorded(300)),
        rule_case({"ok"}, ((45, 45), (45, 45), (20, 19)), more=[*recorded(300, quarter="2024-Q3"), as_k1]),
        rule_case({"ok", third}, ((45, 45), (45, 45), (20, 19)),
              more=[*recorded(150), *recorded(150, "20A"), f"{as_k1} where offence_class = '19D'"]),
        rule_case({None}, ((45, 45), (45, 45), (20, 19)), _even(1), more=beside),
    ]  # fmt: skip


def _completeness() -> list[RuleCase]:
    """As many known persons as leave the whole interval below the floor, and one more.

    The end of Wilson's interval is the floor where `known` is floor * n - z * sqrt(floor * (1 - floor) * n). Of so many
    persons that this is all but a whole number, another z or another floor is on the other side of it.
    """
    person = (
        "insert into cocad.cocad_{unit}s by name select 'kent' as force, '2023-Q2' as quarter, 'X' || i as "
        "crime_reference, '1' as {unit}_reference, i <= {gender} as gender_recorded, "
        "case when i <= {age} then 9 end as age_at_offence, case when i <= {sde} then 'white' end as ethnicity_group "
        "from range(1, {persons} + 1) as t(i)"
    )
    rule_cases = []
    for (unit, recorded), (known_2023, of_2023) in KNOWN_IN_2023.items():
        floor = known_2023 / of_2023 - 0.2

        def limit(persons, floor=floor):
            return floor * persons - 1.96 * math.sqrt(floor * (1 - floor) * persons)

        many = range(50, 20_000)
        just_below = min(many, key=lambda persons: limit(persons) - math.floor(limit(persons)))
        just_above = min(many, key=lambda persons: math.ceil(limit(persons)) - limit(persons))
        for persons in (12, just_below, just_above):
            below = math.floor(limit(persons))
            for known, word in ((below, f"{unit}_{recorded}_recorded_below_floor"), (below + 1, "ok")):
                if known < 0:  # of few persons no share is low enough
                    continue
                counts = {"gender": persons, "age": persons, "sde": persons, recorded: known}
                rule_cases.append(
                    RuleCase(
                        f"CR58: {recorded} of {known} of {persons} {unit}s",
                        "CR58",
                        f"record_type = '{unit}' and force = 'kent' and quarter = '2023-Q2'",
                        {"ok", word},
                        [
                            f"delete from cocad.cocad_{unit}s",
                            person.format(unit=unit, persons=persons, **counts),
                        ],
                        rows=3,
                    )
                )
    kent = "force = 'kent' and quarter = '2023-Q2'"
    another = "insert into reference.published_2023 by name select * replace ('{}' as {}) from reference.published_2023"
    of_known = "where population = 'cocad' and criterion = 'all' and breakdown = 'gender_recorded'"
    return [
        *rule_cases,
        *(
            RuleCase(f"CR58: known in 2023 of another {column}", "CR58", kent, {"ok"},
                  [f"{another.format('other', column)} {of_known}"], rows=6)
            for column in ("population", "criterion")
        ),
        RuleCase("CR58: no floor", "CR58", kent, set(), ["delete from reference.published_2023"]),
    ]  # fmt: skip


# persons whose gender, age and self-defined ethnicity was recorded, of all on COCAD crimes (pages 15 to 17)
KNOWN_IN_2023 = {
    ("victim", "gender"): (3877, 4422),
    ("victim", "age"): (4006, 4422),
    ("victim", "sde"): (2058, 4422),
    ("suspect", "gender"): (4790, 6670),
    ("suspect", "age"): (4768, 6670),
    ("suspect", "sde"): (2266, 6670),
}


def _reconciliation() -> list[RuleCase]:
    """A force-quarter beside police recorded crime, inside and outside of the tolerance."""
    beside = (
        "insert into quality.reconciliation by name select 'kent' as force, '2023-Q2' as quarter, "
        "{} as difference, {} as within_tolerance"
    )
    where = "force = 'kent' and quarter = '2023-Q2'"
    emptied = "delete from quality.reconciliation where force = 'kent'"
    return [
        RuleCase(
            f"RC01: {difference} {inside}",
            "RC01",
            where,
            {word},
            [emptied, beside.format(difference, inside)],
        )
        for difference, inside, word in (
            (1, False, "more_than_recorded_crime"),
            (-1, False, "fewer_than_recorded_crime"),
            (1, True, "ok"),
        )
    ]


def _waivers() -> list[RuleCase]:
    """One waiver at a time: what is wrong with it, if anything is."""
    right = {
        "rule": "CR15", "force": "kent", "quarter": "2023-Q2", "reason": "said so", "signed_by": "A Person",
        "signed_on": "2023-08-01", "expires": "2099-12-31",
    }  # fmt: skip
    wrong = [
        ("ok", {}),
        ("unsigned", {"signed_by": None}),
        ("unsigned", {"signed_on": None}),
        ("unsigned", {"reason": None}),
        ("expired", {"expires": "2020-01-01"}),
        ("expired", {"expires": None}),
        ("expired", {"expires": "never"}),
        ("wider_than_one_force_and_quarter", {"force": None}),
        ("wider_than_one_force_and_quarter", {"force": "mordor"}),
        ("wider_than_one_force_and_quarter", {"quarter": None}),
        ("wider_than_one_force_and_quarter", {"quarter": "2023"}),
        ("wider_than_one_force_and_quarter", {"quarter": "2023-Q5"}),
        ("wider_than_one_force_and_quarter", {"quarter": "2023-Q"}),
        ("rule_tolerates_nothing", {"rule": "CR43"}),
        # nothing of one force and quarter to accept
        ("rule_is_not_waived", {"rule": "WV01"}),
        ("rule_is_not_waived", {"rule": "RD01"}),
        ("no_such_rule", {"rule": "CR99"}),
    ]
    rule_cases = []
    for word, change in wrong:
        values = ", ".join(
            f"{'null' if value is None else repr(value)} as {name}"
            for name, value in {**right, **change}.items()
        )
        rule_cases.append(
            RuleCase(
                f"WV01: {word} {change}",
                "WV01",
                # what is no quarter is shown as none
                "quarter is null" if len(change.get("quarter") or "2023-Q2") < 7 else "true",
                {word},
                [f"insert into reference.waivers by name select {values}"],
                submission=None,
            )
        )
    values = ", ".join(f"{value!r} as {name}" for name, value in right.items())
    days = [
        ("ok", "expires", ""),
        ("expired", "expires", "- 1"),
        ("ok", "signed_on", ""),
        ("unsigned", "signed_on", "+ 1"),
    ]
    today = "insert into reference.waivers by name select * replace (cast(current_date {} as varchar) as {}) from (select {})"
    return [
        *rule_cases,
        *(
            RuleCase(
                f"WV01: {word} {column} {day}",
                "WV01",
                "true",
                {word},
                [today.format(day, column, values)],
                submission=None,
            )
            for word, column, day in days
        ),
    ]


def _crowded() -> list[RuleCase]:
    """One person on two crimes, at a limit of one and of two: at the seed's it would take two hundred crimes."""
    two = "crime_reference in ('K1', 'N0')"
    numbered = {
        person: _set(f"intermediate.int_{person}s", f"{person}_reference = 'PLACEHOLDER'", two)
        for person in ("victim", "suspect")
    }
    limits = {crimes: _set("reference.link_limits", f"crimes = {crimes}", "true") for crimes in (1, 2)}
    excluded = _set(CLASSIFIED, "exclusion_reason = 'cancelled'", two)
    crowd, nobody = "person_on_too_many_crimes", {"victims": []}
    apart = {
        "a person of that number in another force": (
            "ok", [nobody, nobody, *[{**nobody, "force": "essex"}] * 3],
        ),
        "a person of that number in another quarter": (
            "ok", [nobody, nobody, *[{**nobody, "quarter": "2023-Q3"}] * 3],
        ),
        "one of two suspects": (
            crowd, [{**nobody, "suspects": ["PS01", "PS02"]}, {**nobody, "suspects": ["PS01", "PS02"]}, nobody],
        ),
        "one of two victims": (
            crowd, [{"suspects": [], "victims": ["PV01", "PV02"]}, {"suspects": [], "victims": ["PV01", "PV02"]},
                    {"suspects": []}],
        ),
    }  # fmt: skip
    of_kent = "crime_reference like 'X_' and force = 'kent' and quarter = '2023-Q2'"
    return [
        *(RuleCase(f"LK01: {name}", "LK01", of_kent, {word}, [*_world(*crimes), limits[2]])
          for name, (word, crimes) in apart.items()),
        *(RuleCase(f"LK01: {name}", "LK01", two, {word}, statements)
        for name, word, statements in (
            ("no person told from others", None, []),
            ("victim beyond the limit", "person_on_too_many_crimes", [numbered["victim"], limits[1]]),
            ("victim at the limit", "ok", [numbered["victim"], limits[2]]),
            ("suspect beyond the limit", "person_on_too_many_crimes", [numbered["suspect"], limits[1]]),
            ("suspect at the limit", "ok", [numbered["suspect"], limits[2]]),
            ("crimes that do not count", None, [numbered["suspect"], limits[1], excluded]),
        )),
    ]  # fmt: skip


def _held_out() -> list[RuleCase]:
    """A crime beside K1's own that has no reference of its own: no exemplar can be found without one."""
    one = (
        "insert into intermediate.int_rejected_records by name select force, quarter, submission, 'crimes' as record_type, "
        f"crime_reference, 'RE01' as rule from intermediate.int_crimes where {K1}"
    )
    return [RuleCase("HO01: no reference", "HO01", K1, {"ok", "no_reference"}, [one], rows=2)]


RULE_CASES = [
    *_own_work(),
    *_held_out(),
    *_crowded(),
    *_sums(),
    *_unlisted(),
    *_cpai_crimes(),
    *_k1(),
    *_linked(),
    *_double_loads(),
    *_coverage(),
    *_later_quarters(),
    *_refreshes(),
    *_forces_together(),
    *_four_quarters(),
    *_months(),
    *_completeness(),
    *_reconciliation(),
    *_waivers(),
]


def _verdicts() -> list[RuleCase]:
    """What was tested and found of CR15 in a return that holds nothing else, and what `rule_results` makes of it."""
    place = "force = 'btp' and quarter = '2023-Q2'"
    of_cr15 = f"rule = 'CR15' and {place}"
    strict = (
        "update reference.rules set severity = 'blocks', our_own = 'N', tolerance_rate = 0.02, tolerance_records = 3 "
        "where rule = 'CR15'"
    )

    def said(tested: int, found: int = 0, severity: str = "blocks", **place: str) -> list[str]:
        columns = {"rule": "CR15", "force": "btp", "quarter": "2023-Q2", **place}
        values = ", ".join(f"'{value}' as {name}" for name, value in columns.items())
        judgements = "insert into rule_checks.rule_checks_{} by name select " + values
        return [
            f"{judgements.format('in_a_return')}, {tested} as tested",
            f"{judgements.format('in_a_return')}, '{severity}' as severity, 'word' as found from range({found})",
        ]

    def waived(**change: str) -> str:
        waiver = {"rule": "CR15", "force": "btp", "quarter": "2023-Q2", "verdict": "counts", **change}
        values = ", ".join(f"'{value}' as {name}" for name, value in waiver.items())
        return f"insert into quality.waiver_verdicts by name select {values}"

    own = "update reference.rules set our_own = 'Y' where rule = 'CR15'"
    lenient = "update reference.rules set severity = 'reported' where rule = 'CR15'"
    # the words of the rule, and the counts and the verdict of it
    cases: list[tuple[list[str], tuple]] = [
        ([], (0, 0, 0, 0, None, "not_applicable")),
        (said(10), (10, 0, 0, 0, 0.0, "pass")),
        (said(1), (1, 0, 0, 0, 0.0, "pass")),
        (said(1, 1), (1, 1, 0, 0, 1.0, "within_tolerance")),
        (said(10, 3), (10, 3, 0, 0, 0.3, "within_tolerance")),
        (said(10, 4), (10, 4, 0, 0, 0.4, "fails")),
        (said(200, 4), (200, 4, 0, 0, 0.02, "within_tolerance")),
        (said(160, 4), (160, 4, 0, 0, 0.025, "fails")),
        (said(190, 4), (190, 4, 0, 0, 4 / 190, "fails")),
        ([own, *said(1000, 1)], (1000, 1, 0, 0, 0.001, "fails")),
        (said(10, 5, "reported"), (10, 0, 5, 0, 0.0, "pass")),
        ([lenient, *said(10, 5, "reported")], (10, 5, 0, 0, 0.5, "fails")),
        ([*said(10, 4), waived()], (10, 4, 0, 4, 0.4, "waived")),
        ([*said(10, 3), waived()], (10, 3, 0, 3, 0.3, "within_tolerance")),
        ([*said(10), waived()], (10, 0, 0, 0, 0.0, "pass")),
        ([waived()], (0, 0, 0, 0, None, "not_applicable")),
        ([*said(10, 4), waived(), waived(reason="said again")], (10, 4, 0, 4, 0.4, "waived")),
        ([*said(10, 4), waived(verdict="expired")], (10, 4, 0, 0, 0.4, "fails")),
        ([*said(10, 4), waived(rule="CR16")], (10, 4, 0, 0, 0.4, "fails")),
        ([*said(10, 4), waived(force="kent")], (10, 4, 0, 0, 0.4, "fails")),
        ([*said(10, 4), waived(quarter="2023-Q3")], (10, 4, 0, 0, 0.4, "fails")),
        (said(10, 4, rule="CR16"), (0, 0, 0, 0, None, "not_applicable")),
        (said(10, 4, force="kent"), (0, 0, 0, 0, None, "not_applicable")),
        (said(10, 4, quarter="2023-Q3"), (0, 0, 0, 0, None, "not_applicable")),
        ([*said(10, 4), *said(20, 5, force="kent")], (10, 4, 0, 0, 0.4, "fails")),
        ([*said(10, 4), *said(20, 5, rule="CR16")], (10, 4, 0, 0, 0.4, "fails")),
        ([*said(10, 4), *said(20, 5, quarter="2023-Q3")], (10, 4, 0, 0, 0.4, "fails")),
    ]
    columns = ("tested", "failed", "also_reported", "waived", "rate", "verdict")
    rule_cases = [
        RuleCase(f"{column} is {value} {n}", column, of_cr15, {value}, [strict, *statements], rows=1)
        for n, (statements, counts) in enumerate(cases)
        for column, value in zip(columns, counts, strict=True)
    ]
    rows: list[tuple[str, str, set, list[str]]] = [
        ("a rule of tables is not asked of each return", f"rule = 'WV01' and {place}", set(), []),
        ("a rule of tables is asked where it was tested", f"rule = 'WV01' and {place}", {"pass"}, said(2, rule="WV01")),
        ("the sums of figures are asked of each return", f"rule = 'CR59' and {place}", {"not_applicable"}, []),
        ("no expectation has results", f"rule = 'MT01' and {place}", set(), []),
        ("nor where it claims to have tested", f"rule = 'MT01' and {place}", set(), said(2, 1, rule="MT01")),
        ("a return that nobody owes", "rule = 'CR15' and force = 'mordor'", {"pass"}, said(2, force="mordor")),
        ("nothing tested of what nobody owes", "rule = 'CR15' and force = 'mordor'", set(), said(0, 1, force="mordor")),
    ]  # fmt: skip
    return rule_cases + [
        RuleCase(name, "verdict", where, says, statements) for name, where, says, statements in rows
    ]


VERDICTS = _verdicts()
