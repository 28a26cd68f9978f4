"""A number is written in one way, whoever prints it."""

from decimal import Decimal

import pytest

from orchestration import in_print


@pytest.mark.parametrize(
    ("written", "wanted"),
    [
        (in_print.count(1234567), "1,234,567"),
        (in_print.count(0), "0"),
        # a median of days, as DuckDB gives it
        (in_print.count(1.8999999999999773), "1.9"),
        (in_print.count(0.09999999999999964), "0.1"),
        (in_print.count(-12), "\u221212"),
        (in_print.change(12), "+12"),
        (in_print.change(-1234), "\u22121,234"),
        (in_print.change(0), "0"),
        (in_print.change(-0.04), "0.0"),
        (in_print.percent(Decimal("57.6")), "57.6%"),
        (in_print.percent(0.05), "0.1%"),
        (in_print.percent(17, "largest_remainder"), "17%"),
        (in_print.percent(Decimal("3.7"), "half_up_one_decimal"), "3.7%"),
        (in_print.statistic(0.9202049481505675), "0.92"),
        (in_print.share(2, 2), "100.0% of 2"),
        (in_print.share(50, 100), "50.0%"),
        (in_print.share(0, 0), ""),
    ],
)
def test_a_number_is_written(written, wanted):
    assert written == wanted


def test_a_base_is_small_below_what_the_seed_says():
    assert in_print.is_small(in_print.small_base() - 1) and not in_print.is_small(in_print.small_base())
    assert not in_print.is_small(None)
