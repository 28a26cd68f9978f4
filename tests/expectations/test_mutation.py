"""A fault put into a rule is noticed by its exemplars and rule_cases; who survives is listed with a reason."""

import pytest
from mutants import Query
from mutants_of_seeds import changed_seeds, problems, seeds
from mutation import SUBJECTS, reasons, try_views

TARGET = 0.95


def test_a_mutant_changes_one_thing_and_says_which():
    seen = "with seen as (select force, age from t where age is not null) "
    query = Query(seen + "select force, case when age >= 13 then 'old' end as cr15 from seen", ["force"])
    said = {mutant.change: mutant.sql for mutant in query.mutants()}
    assert "seen: NOT age IS NULL → without not" in said
    assert "age > 13" in said["cr15: age >= 13 → gt"]
    assert "age >= 14" in said["cr15: 13 in age >= 13 → 14"]
    assert len(said) == len(set(said.values()))


def test_survivors_are_listed_once_with_a_view_and_a_reason():
    assert {view for view, _ in reasons()} <= set(SUBJECTS)
    assert all(reason.strip() for reason in reasons().values())


@pytest.mark.parametrize("name", seeds())
def test_what_rules_read_of_the_seeds_is_what_is_known_apart_from_them(name):
    assert problems(name, seeds()[name]) == []


@pytest.mark.proof
def test_at_least_95_of_100_faults_are_noticed_and_the_others_listed(built):
    outcomes = dict(try_views(built, SUBJECTS))
    survived = {(view, mutant.change) for view, outcome in outcomes.items() for mutant in outcome.survived}
    killed = sum(len(outcome.killed) for outcome in outcomes.values())
    assert survived - set(reasons()) == set()
    assert set(reasons()) - survived == set(), "these are noticed now: take them off the list"
    assert killed / (killed + len(survived)) >= TARGET


@pytest.mark.proof
def test_every_changed_value_of_a_seed_that_rules_read_is_noticed():
    unnoticed = [
        f"{name} {change}"
        for name, rows in seeds().items()
        for change, changed in changed_seeds(name, rows)
        if not problems(name, changed)
    ]
    assert unnoticed == []
