"""Every view of rule checks has of the exemplars, and of each rule_case, what it must and nothing else."""

import pytest
from exemplars import CANCELLED_LATER
from rule_cases import RULE_CASES, VERDICTS, RuleCase
from rule_checks import (
    RESULTS,
    changed,
    copied,
    judge,
    of_every_record,
    rule_cases_of,
    rules_by_view,
    sql_of,
    wrong_as_built,
    wrong_in_rule_case,
)
from some import some

pytestmark = pytest.mark.xdist_group("exemplars")  # one worker builds their home once

VIEWS = rules_by_view()
VIEW_OF = {rule: view for view, rules in VIEWS.items() for rule in rules}


@pytest.fixture(scope="module")
def connection(built, tmp_path_factory):
    with copied(built, tmp_path_factory.mktemp("checking")) as connection:
        yield connection


@pytest.mark.parametrize("view", VIEWS)
def test_exemplars_near_misses_and_what_is_not_asked(built, connection, view):
    assert wrong_as_built(view, VIEWS[view], judge(connection, sql_of(built, view))) is None


@pytest.mark.parametrize("rule_case", RULE_CASES, ids=[rule_case.name for rule_case in RULE_CASES])
def test_a_scene(built, connection, rule_case):
    with changed(connection, rule_case):
        rows = judge(connection, sql_of(built, VIEW_OF[rule_case.rule]), f"where {rule_case.where}")
    assert wrong_in_rule_case(VIEW_OF[rule_case.rule], rule_case, rows) is None


def test_what_is_counted_and_the_verdict_of_it(built, connection):
    by_statements = {}
    for rule_case in VERDICTS:
        by_statements.setdefault((rule_case.where, *rule_case.statements), []).append(rule_case)
    for same in some(by_statements.values()):
        with changed(connection, same[0]):
            rows = judge(connection, sql_of(built, RESULTS), f"where {same[0].where}")
        for rule_case in same:
            assert wrong_in_rule_case(RESULTS, rule_case, rows) is None, rule_case.name


def test_every_view_has_rules_and_every_scene_a_view():
    assert all(VIEWS.values())
    assert {rule_case.rule for rule_case in RULE_CASES} <= set(VIEW_OF)
    assert sum(len(rule_cases_of(rules)) for rules in VIEWS.values()) == len(RULE_CASES)


@pytest.mark.parametrize(
    ("quarter", "recorded_on", "counted_in"),
    [row[1:] for row in CANCELLED_LATER],
    ids=[row[0] for row in CANCELLED_LATER],
)
def test_a_cancellation_in_a_later_return_lowers_the_quarter_that_held_the_crime(
    built, connection, quarter, recorded_on, counted_in
):
    models = built.dbt / "target" / "compiled" / "cpai" / "models"
    classified = of_every_record((models / "cpai" / "cpai_classified_crimes.sql").read_text(encoding="utf-8"))
    two = [("2023-Q2", "2023-05-10", "recorded"), (quarter, recorded_on, "cancelled")]
    rule_case = RuleCase("CR29", "CR29", "true", set(), [
        "insert into intermediate.int_crimes by name select * replace ('W' as crime_reference, "
        f"'{sent_with}' as quarter, date '{day}' as recorded_on, '{status}' as status) "
        "from intermediate.int_crimes where crime_reference = 'K1' and quarter = '2023-Q2'"
        for sent_with, day, status in two
    ])  # fmt: skip
    with changed(connection, rule_case):
        reasons = dict(
            connection.execute(
                f"select quarter, exclusion_reason from ({classified}) where crime_reference = 'W'"
            ).fetchall()
        )
    assert {held for held, reason in reasons.items() if reason is None} == counted_in
    assert reasons[quarter] == "cancelled"
