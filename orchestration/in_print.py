"""How a number is written where people read it: on pages, in workbooks, PDF and packs, and by the command.

A count has commas; what was measured in whole units and is no whole number (a median of days) one decimal; a percentage
one decimal, or none where the figure is published as a whole one; a statistic two. What is below nought has a minus sign,
and no hyphen.
"""

from decimal import ROUND_HALF_UP, Decimal
from functools import cache

from orchestration.home import settings

MINUS = "\u2212"
# of `percent_rounding` in figures: a percentage that is published with a decimal
ONE_DECIMAL = "half_up_one_decimal"

Number = int | float | Decimal


def count(number: Number) -> str:
    """`1,234`; `1.9` of what is no whole number, as 1.8999999999999773 days."""
    return f"{number:,}".replace("-", MINUS) if isinstance(number, int) else _decimals(number, 1)


def change(number: Number) -> str:
    """A difference: `+1,234`, `−12`, `0`."""
    return f"{'+' if number > 0 else ''}{count(number)}"


def percent(number: Number, rounding: str | None = ONE_DECIMAL) -> str:
    """`57.6%`; a figure's percentage by its own `percent_rounding`: `17%`."""
    return f"{_decimals(number, 1 if rounding == ONE_DECIMAL else 0)}%"


def statistic(number: Number) -> str:
    """`0.94` of alpha and the like."""
    return _decimals(number, 2)


@cache
def small_base() -> int:
    return settings("publication/print_policy.csv", "setting").number("small_base")


def is_small(base: int | None) -> bool:
    """Whether a percentage of so many has little meaning by itself."""
    return base is not None and base < small_base()


def of_base(percentage: str, base: int) -> str:
    """A percentage, and of a small base how many it is of: `100% of 2`."""
    return f"{percentage} of {count(base)}" if is_small(base) else percentage


def share(part: int, whole: int) -> str:
    """`48.6%` of two counts; nothing of nothing."""
    return of_base(percent(100 * part / whole), whole) if whole else ""


def _decimals(number: Number, places: int) -> str:
    # half up, as percentages are published: 0.5 is 1, and 0.05 is 0.1
    rounded = Decimal(str(number)).quantize(Decimal(1).scaleb(-places), ROUND_HALF_UP)
    return f"{rounded + 0:,.{places}f}".replace("-", MINUS)
