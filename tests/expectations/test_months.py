"""MN01: how improbable it is that a whole return is found to lack a part, and that a year of whole returns has no finding."""

import math
from itertools import pairwise

import duckdb
import numpy as np
import pytest
from rule_checks import sql_of

from orchestration.home import SEEDS, seed_rows
from orchestration.synthetic.population import base_year, sample

pytestmark = pytest.mark.xdist_group("exemplars")  # one worker builds their home once

FLOORS = seed_rows("month_floors.csv")
SHARE_OF_QUARTER = {"half_month": 1 / 6, "month": 1 / 3, "two_months": 2 / 3}


def binomial(most: int, of: int, chance: float) -> float:
    """The probability of `most` or fewer."""
    return sum(math.comb(of, n) * chance**n * (1 - chance) ** (of - n) for n in range(most + 1))


def poisson(most: int, mean: float) -> float:
    return sum(math.exp(n * math.log(mean) - mean - math.lgamma(n + 1)) for n in range(most + 1))


def below_floor(row: dict, expected: float) -> float:
    """How probable fewer crimes than the floor are in a part of a whole return where so many are expected.

    Beside one past quarter, which is itself a draw: of all crimes in it and in the part, each is in the part with the
    part's share of the time. Of a return beside the rest of itself: of all its crimes. Recorded crime is no draw.
    """
    most = math.ceil(float(row["floor_share"]) * expected - 1e-9) - 1
    share = SHARE_OF_QUARTER[row["part"]]
    if row["against"] == "own_past":
        return binomial(most, round(expected / share) + most, share / (1 + share))
    if row["against"] == "same_return":
        return binomial(most, round(expected / share), share)
    return poisson(most, expected)


@pytest.mark.parametrize(
    "row", FLOORS, ids=lambda row: f"{row['against']}-{row['part']}-{row['expected_from']}"
)
def test_a_floor_is_as_improbable_as_its_row_says(row):
    start = int(row["expected_from"])
    # each number of crimes that a draw can expect: whole crimes of a quarter
    expected = [n * SHARE_OF_QUARTER[row["part"]] for n in range(1, 900)]
    worst = max(below_floor(row, each) for each in expected if start <= each + 1e-9 and each < start + 100)
    assert worst <= float(row["probability"])
    assert float(row["probability"]) < 0.000_02


def test_a_floor_rises_with_what_is_expected():
    for earlier, later in pairwise(FLOORS):
        if (earlier["against"], earlier["part"]) == (later["against"], later["part"]):
            assert float(earlier["expected_from"]) < float(later["expected_from"])
            assert float(earlier["floor_share"]) < float(later["floor_share"])


@pytest.fixture(scope="module")
def asked(built):
    """`asked(crimes)`: how many months of synthetic crimes MN01 has each word for, beside recorded crime as published."""
    sql = sql_of(built, "rule_checks_months")
    with duckdb.connect() as connection:
        connection.execute("attach ':memory:' as warehouse")
        for schema in ("intermediate", "cpai", "marts", "reference"):
            connection.execute(f"create schema warehouse.{schema}")
        for name in ("month_floors", "month_limits"):
            connection.execute(f"create table warehouse.reference.{name} as from '{SEEDS / name}.csv'")
        connection.execute(
            "create table published as select forces.force, calendar_quarter as quarter, "
            "offence_code as offence_class, offences as recorded_crime "
            f"from '{SEEDS}/police_recorded_crime/releases/*/*.csv' as released "
            f"inner join '{SEEDS}/forces.csv' as forces on forces.prc_name = released.force_name "
            f"where offence_code in (select offence_class from '{SEEDS}/offences.csv' where is_class_level = 'Y' "
            "and names_a_child = 'Y' and counts_only_when_flagged = 'N')"
        )

        def words(crimes, where: str = "true") -> dict:
            connection.register("synthetic", crimes)
            connection.execute(
                "create or replace table warehouse.cpai.cpai_crimes as select force, quarter, offence_class, "
                f"cast(recorded_on as date) as recorded_on from synthetic where {where};"
                "create or replace table warehouse.intermediate.int_submissions as "
                "select distinct force, quarter, 1 as submission, true as is_current from synthetic;"
                "create or replace table warehouse.marts.recorded_crime_comparison as "
                "select *, 0 as cpai, 0 as difference from published "
                "semi join synthetic using (force, quarter)"
            )
            told = f"select force, mn01, count(*) from ({sql}) where mn01 is not null group by all"
            return {row[:2]: row[2] for row in connection.execute(told).fetchall()}

        yield words


def synthetic_crimes(scale: float, seed_number: int):
    """The crimes of a synthetic year that count."""
    year = base_year(2023, seed_number)
    crimes = (year if scale == 1 else sample(year, scale, seed_number)).crimes
    counted = crimes.loc[crimes.exclusion_reason == "", ["force", "quarter", "offence_class", "recorded_on"]]
    days = counted.recorded_on.to_numpy().astype("datetime64[D]").astype("datetime64[us]")
    return counted.assign(recorded_on=days).astype({"force": str, "quarter": str, "offence_class": str})


@pytest.mark.parametrize(
    ("scale", "seed_number", "months"),
    [
        (0.02, 2023, 90),
        *(
            pytest.param(scale, 2023, months, marks=pytest.mark.proof)
            for scale, months in ((0.1, 490), (0.005, 3))
        ),
        *(
            pytest.param(scale, seed, 0, marks=pytest.mark.proof)
            for scale in (1, 0.1, 0.02, 0.005)
            for seed in range(2024, 2034)
        ),
    ],
)
def test_no_month_of_a_made_up_year_is_missing(asked, scale, seed_number, months):
    told = asked(synthetic_crimes(scale, seed_number))
    assert {word for _, word in told} <= {"ok"}
    assert sum(told.values()) >= months


@pytest.mark.parametrize(
    ("gone", "scale", "word", "forces"),
    [
        ("recorded_on >= '2023-11-01'", 0.02, "month_2_missing", 4),
        pytest.param("recorded_on >= '2023-12-01'", 0.1, "month_3_missing", 30, marks=pytest.mark.proof),
        pytest.param(
            "recorded_on >= '2023-12-16'",
            0.1,
            "second_half_of_month_3_missing",
            12,
            marks=pytest.mark.proof,
        ),
        # the first return of all
        pytest.param(
            "quarter = '2023-Q1' and month(recorded_on) = 2",
            0.1,
            "month_2_missing",
            25,
            marks=pytest.mark.proof,
        ),
        pytest.param(
            "quarter = '2023-Q1' and month(recorded_on) > 1",
            0.02,
            "month_3_missing",
            3,
            marks=pytest.mark.proof,
        ),
    ],
)
def test_what_was_taken_out_of_a_made_up_year_is_missing_of_the_larger_forces(
    asked, gone, scale, word, forces
):
    told = asked(synthetic_crimes(scale, 2023), f"not ({gone})")
    assert len({force for force, said in told if said == word}) >= forces


@pytest.mark.proof
def test_an_operation_recorded_in_one_day_is_no_usual_month(asked):
    crimes = synthetic_crimes(0.005, 2023)
    of_kent = crimes[(crimes.force == "kent") & (crimes.quarter == "2023-Q2")].head(1)
    bulk = of_kent.loc[np.repeat(of_kent.index, 200)]
    told = asked(type(crimes)({name: np.concatenate([crimes[name], bulk[name]]) for name in crimes.columns}))
    assert {word for _, word in told} <= {"ok"}
