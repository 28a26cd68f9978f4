"""What the views of a release show where a return is missing, a system changed, or the year has a gap."""

import duckdb
import pytest
from small_home import make_tables

from orchestration.returns.receipts import RETURNED


@pytest.fixture
def release():
    """A function that makes the small warehouse, changed by SQL first, and answers a query on its views."""
    with duckdb.connect() as connection:

        def ask(changed: str, query: str) -> list[tuple]:
            connection.execute("attach ':memory:' as warehouse; use warehouse")
            make_tables(connection, changed)
            return connection.execute(query).fetchall()

        yield ask


MISSING = "update quality.returns set status = 'missing' where force = 'norfolk' and quarter = '2023-Q2'"


def test_a_missing_return_is_said_of_every_place_and_period_it_is_in(release):
    found = release(
        MISSING,
        "select place, period_type, period, force_quarters_returned, force_quarters_due, forces_missing "
        "from place_completeness where not is_complete order by all",
    )
    periods = [("month", f"2023-0{month}", 1) for month in (4, 5, 6)] + [("quarter", "2023-Q2", 1)]
    periods += [("year", "2023", 4)]
    periods += [("year_to_date", f"2023-Q{number}", number) for number in (2, 3, 4)]
    assert found == [
        (place, kind, period, forces * quarters - 1, forces * quarters, "norfolk")
        for place, forces in (("East of England", 1), ("England and Wales", 3), ("norfolk", 1))
        for kind, period, quarters in periods
    ]


def test_the_matched_series_leaves_out_who_missed_a_quarter_from_every_quarter(release):
    found = release(
        MISSING,
        "select period, numerator, matched_numerator, matched_denominator, matched_percent from figures_matched "
        "where figure_id = 'criterion.cse' and place = 'England and Wales' and period_type = 'quarter' order by all",
    )
    # the small figures are the same for each force: two of three are left
    raw = 720 * 9
    assert found == [(f"2023-Q{n}", raw, raw * 2 // 3, 4228 * 6, 17.0) for n in range(1, 5)]


def test_a_force_whose_system_changed_is_not_comparable(release):
    broke = "insert into dim_known_break values (date '2023-05-01', null, 'kent', 'a new system', 'system change'), "
    broke += "(date '2022-05-01', date '2022-06-30', 'durham', 'before the release', 'system change')"
    assert release(broke, "select force, breaks, is_comparable from comparable_forces order by force") == [
        ("durham", None, True),
        ("kent", "a new system", False),
        ("norfolk", None, True),
    ]


def test_a_force_that_joined_on_the_way_owes_less_and_is_not_comparable(release):
    joined = "update dim_force set from_quarter = '2023-Q3' where force = 'kent'"
    assert release(
        joined,
        "select quarters_due, quarters_returned, is_comparable from comparable_forces where force = 'kent'",
    ) == [(2, 2, False)]


@pytest.mark.parametrize(
    ("held", "reached"),
    [
        (["2023-Q1", "2023-Q2"], ["2023-Q1", "2023-Q2"]),
        (["2023-Q2"], []),
        (["2023-Q1", "2023-Q3"], ["2023-Q1"]),
    ],
)
def test_a_year_to_date_has_no_gap(release, held, reached):
    found = release(
        f"delete from figures where period not in ({', '.join(repr(quarter) for quarter in held)})",
        "select distinct period from dim_period where period_type = 'year_to_date' order by all",
    )
    assert [period for (period,) in found] == reached


def test_what_is_not_known_is_neither_in_the_share_nor_out_of_the_bounds(release):
    """Of four crimes of a force and quarter: one flagged, two not, and of one it is not known."""
    assert release(
        "update quality.field_completeness set field = 'cse_flag', is_collected = (force <> 'kent') "
        "where field = 'csa_flag'",
        "select place, records, known, not_recorded, not_collected, exploitation, percent_exploitation, "
        "percent_exploitation_low, percent_exploitation_high from exploitation "
        "where population = 'cpai' and period = '2023-Q1' and period_type = 'quarter' and place_type = 'force' "
        "order by place",
    ) == [
        ("durham", 4, 3, 1, 0, 1, 33.3, 25.0, 50.0),
        ("kent", 4, 3, 0, 1, 1, 33.3, 25.0, 50.0),
        ("norfolk", 4, 3, 1, 0, 1, 33.3, 25.0, 50.0),
    ]


def test_what_had_no_12_weeks_is_not_known(release):
    """A crime that was returned before 12 weeks had passed is too early to count."""
    changed = "update marts.fct_crimes set is_12_weeks_old = false where force = 'kent'"
    assert release(
        changed,
        "select outcomes.place, outcomes.known, outcomes.other_outcome, arrests.known, arrests.arrested "
        "from outcome_at_12_weeks as outcomes inner join arrest_at_12_weeks as arrests "
        "using (population, place, period_type, period) "
        "where population = 'cpai' and period = '2023' and outcomes.place_type = 'force' order by all",
    ) == [("durham", 16, 16, 16, 16), ("kent", 0, 0, 0, 0), ("norfolk", 16, 16, 16, 16)]


@pytest.mark.parametrize("status", [*RETURNED, "refused", "missing", "missing_declared"])
def test_what_counts_as_returned_is_the_same_in_the_views_and_for_receipts(release, status):
    changed = (
        f"update quality.returns set status = '{status}' where force = 'norfolk' and quarter = '2023-Q2'"
    )
    returned = "select quarters_returned from comparable_forces where force = 'norfolk'"
    assert release(changed, returned) == [(4 if status in RETURNED else 3,)]
