"""The warehouse against the independent derivation, on small quarters that Hypothesis makes up and shrinks.

From records and readings to every row of the published figures.
"""

import pytest
from derivation import FIGURE_ROWS, Derivation, Seeds
from generated import EXAMPLE, POLICY, Warehouse, drawn, read, records_of
from hypothesis import HealthCheck, given, settings

from orchestration.home import SEEDS, Home


@pytest.fixture(scope="module")
def warehouse(tmp_path_factory):
    made = Warehouse(Home(tmp_path_factory.mktemp("generated")))
    for setting, value in POLICY.items():
        made.connection.execute(
            "update reference.agreement_policy set value = $1 where setting = $2", [value, setting]
        )
    return made


@pytest.fixture(scope="module")
def seeds():
    seeds = Seeds(SEEDS)
    seeds.policy |= POLICY
    return seeds


def agree(warehouse: Warehouse, seeds: Seeds, example) -> Derivation:
    records = records_of(example)
    warehouse.build(records)
    read(records, example, warehouse.versions())
    warehouse.read(records)
    derived = Derivation(records, seeds)
    assert warehouse.by_key("reason", "cpai.cpai_exclusions") == {
        key: (reason,) for key, reason in derived.exclusions.items()
    }
    columns = "offence_code, is_image, is_contact, recency, offenders_stated, suspect_rows, victim_rows"
    assert warehouse.by_key(columns, "cpai.cpai_crimes") == {
        key: (
            crime.offence["offence_code"],
            *(crime.is_image, crime.is_contact, crime.recency, crime.offenders_stated),
            *(len(crime.suspects), len(crime.victims)),
        )
        for key, crime in derived.cpai.items()
    }
    assert warehouse.by_key("reasons", "cocad.cocad_candidates") == {
        key: (reasons,) for key, reasons in derived.candidates.items()
    }
    assert warehouse.by_key("'unread'", "cocad.cocad_unread").keys() == derived.unread
    columns = "criterion, criterion_2024, committed_by_children, offenders"
    assert warehouse.by_key(columns, "cocad.cocad_crimes") == {
        key: (
            *(derived.criterion(crime, "2023"), derived.criterion(crime, "2024")),
            *(derived.committed_by_children(crime), crime.offenders),
        )
        for key, crime in derived.cocad.items()
    }
    assert_same_figures(warehouse, derived)
    return derived


def assert_same_figures(warehouse: Warehouse, derived: Derivation) -> None:
    """Every row, and nothing beside: name, place, period, numbers, percentage and how rounded, status."""
    rows = warehouse.rows(FIGURE_ROWS)
    built, expected = (
        {row[:6]: row[6:] for row in rows},
        {row.key: row.numbers for row in derived.figure_rows()},
    )
    assert len(built) == len(rows)
    only_built, only_derived = sorted(built.keys() - expected.keys()), sorted(expected.keys() - built.keys())
    assert (only_built[:3], only_derived[:3]) == ([], [])
    differ = {key: (built[key], expected[key]) for key in built if built[key] != expected[key]}
    assert dict(sorted(differ.items())[:3]) == {}


QUIET = {"deadline": None, "database": None, "suppress_health_check": list(HealthCheck)}


def test_a_drawn_year_agrees(warehouse, seeds):
    """Large enough to hold something of everything: an empty set would agree with an empty set."""
    derived = agree(warehouse, seeds, drawn(("kent", "essex", "surrey"), 800, seed=2023))
    assert len(derived.cocad) > 30
    assert len(set(derived.exclusions.values())) == 8
    assert set(derived.verdicts.values()) == {"published", "caveat", "withheld"}


@settings(max_examples=3, derandomize=True, **QUIET)
@given(example=EXAMPLE)
def test_generated_quarters_agree(warehouse, seeds, example):
    agree(warehouse, seeds, example)


@pytest.mark.proof
@settings(max_examples=150, **QUIET)
@given(example=EXAMPLE)
def test_many_generated_quarters_agree(warehouse, seeds, example):
    agree(warehouse, seeds, example)
