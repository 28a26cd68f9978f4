from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from orchestration import quarters


@given(st.dates(date(2020, 1, 1), date(2040, 12, 31)))
def test_a_day_is_in_the_quarter_that_starts_on_or_before_it(day):
    quarter = quarters.of(day)
    assert quarters.first_day(quarter) <= day < quarters.first_day(quarters.following(quarter))


def test_runs_are_unbroken():
    assert quarters.runs(["2024-Q1", "2023-Q4", "2023-Q1", "2023-Q2", "2023-Q2"]) == [
        ("2023-Q1", "2023-Q2"),
        ("2023-Q4", "2024-Q1"),
    ]


@pytest.mark.parametrize("wrong", ["2023", "2023-Q5", "Q1-2023", "2023-q1", "2023-Q1 "])
def test_other_spellings_are_refused(wrong):
    with pytest.raises(ValueError, match="is not a quarter"):
        quarters.valid(wrong)


def test_a_period_is_a_year_or_a_quarter():
    assert quarters.in_period("2023") == ["2023-Q1", "2023-Q2", "2023-Q3", "2023-Q4"]
    assert quarters.in_period("2023-Q3") == ["2023-Q3"]
    with pytest.raises(ValueError, match="is not a period"):
        quarters.in_period("2023-13")
