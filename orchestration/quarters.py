"""Calendar quarters, written `2023-Q1`: the period of a return."""

import re
from datetime import date

FIRST = "2014-Q1"  # of seeds/forces.csv: returns of earlier quarters have no layout. The collection itself began in 2023-Q1
DUE_DAY = 15  # of the month after a quarter


def valid(quarter: str) -> str:
    """`quarter` itself; ValueError when it is not written `2023-Q1`."""
    if not re.fullmatch(r"[0-9]{4}-Q[1-4]", quarter):
        raise ValueError(f"{quarter!r} is not a quarter: write it like 2023-Q1")
    return quarter


def first_day(quarter: str) -> date:
    year, number = valid(quarter).split("-Q")
    return date(int(year), 3 * int(number) - 2, 1)


def of(day: date) -> str:
    return f"{day.year}-Q{(day.month + 2) // 3}"


def of_month(month: str) -> str:
    """`2023-Q2` of `2023-04`."""
    return of(date.fromisoformat(f"{month}-01"))


def following(quarter: str) -> str:
    year, number = valid(quarter).split("-Q")
    return f"{int(year) + 1}-Q1" if number == "4" else f"{year}-Q{int(number) + 1}"


def begun(day: date) -> list[str]:
    """Every quarter of the collection that has begun by a day."""
    known, last = [FIRST], of(day)
    while known[-1] < last:
        known.append(following(known[-1]))
    return known


def periods(day: date) -> list[str]:
    """Every quarter of the collection that has begun by a day, and after its quarters each year."""
    known = begun(day)
    years = sorted({quarter[:4] for quarter in known})
    return [period for year in years for period in [*(each for each in known if each.startswith(year)), year]]


def due(quarter: str) -> date:
    """The day by which the returns of a quarter are due; its run is on that day."""
    return first_day(following(quarter)).replace(day=DUE_DAY)


def before(quarter: str) -> str:
    year, number = valid(quarter).split("-Q")
    return f"{int(year) - 1}-Q4" if number == "1" else f"{year}-Q{int(number) - 1}"


def ended(day: date) -> str:
    """The last quarter that has ended by a day."""
    return before(of(day))


def runs(quarters: list[str]) -> list[tuple[str, str]]:
    """Quarters grouped into unbroken (first, last) ranges: each range is one Dagster run."""
    ranges: list[tuple[str, str]] = []
    for quarter in sorted(set(map(valid, quarters))):
        if ranges and following(ranges[-1][1]) == quarter:
            ranges[-1] = (ranges[-1][0], quarter)
        else:
            ranges.append((quarter, quarter))
    return ranges


def in_period(period: str) -> list[str]:
    """The quarters of a release's period: a year (`2023`) or one quarter (`2023-Q1`)."""
    if re.fullmatch(r"\d{4}", period):
        return [f"{period}-Q{number}" for number in range(1, 5)]
    try:
        return [valid(period)]
    except ValueError as problem:
        raise ValueError(
            f"{period!r} is not a period: write a year (2023) or a quarter (2023-Q1)"
        ) from problem
