"""What looks after those who read: whom to turn to, and what a case may hold before it is read."""

from functools import cache

from orchestration.home import seed_rows


@cache
def support() -> list[dict[str, str]]:
    """Whom a reader can turn to, in the order of `seeds/reading_support.csv`: name, contact, when."""
    return [dict(row) for row in seed_rows("reading_support.csv")]


@cache
def warnings(offence_code: str) -> tuple[str, ...]:
    """What the record of an offence may describe, by `seeds/reading_warnings.csv`: of its code, else of its class."""
    warnings = {row["offence_code"]: row["warning"] for row in seed_rows("reading_warnings.csv")}
    classes = [
        row["offence_class"] for row in seed_rows("offences.csv") if row["offence_code"] == offence_code
    ]
    of = (offence_code, *classes)
    return next(((warnings[code],) for code in of if code in warnings), ())
