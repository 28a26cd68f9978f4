"""Dates as layouts have them, made ISO: a time of day behind the date is dropped, a time zone is not.

iso("31/03/2024 23:30:00Z", "%d/%m/%Y")     # "2024-04-01": British time
"""

import re
from datetime import date, datetime, timedelta, timezone
from functools import cache
from zoneinfo import ZoneInfo

LONDON = ZoneInfo("Europe/London")
MONTHS = (
    *("january", "february", "march", "april", "may", "june"),
    *("july", "august", "september", "october", "november", "december"),
)
ZONE = r"Z|UTC|GMT|BST|[+-][0-9]{2}(?::?[0-9]{2})?"
# What a date format is made of. A month's name may be written out: Mar, Sept, March.
DIRECTIVES = (
    {"Y": "[0-9]{4}", "b": "[A-Za-z]{3,9}", "z": ZONE} | dict.fromkeys("md", "[0-9]{2}")
    | dict.fromkeys("HMS", "[0-9]{2}")
)  # fmt: skip
# What may stand behind a date though the layout does not have it: 09:15, T09:15:00.000Z, 9:15 pm, Z.
BEHIND = (
    r"(?:(?:T|,? )(?P<H>[0-9]{1,2}):?(?P<M>[0-9]{2})(?::?(?P<S>[0-9]{2})(?:[.,][0-9]+)?)?(?: ?(?P<half>[AP]M))?"
    rf"(?: ?(?P<z>{ZONE}))?|(?:Z|[+-][0-9]{{2}}:[0-9]{{2}}))?"
)
ISO = "%Y-%m-%d"
FURTHEST = timedelta(hours=14)

_DAY = re.compile("[0-9]{4}-[0-9]{2}-[0-9]{2}")
# a day, a month (or its name) and a year in some order, digits alone (a day number too), with or without what follows
_LIKE_A_DATE = re.compile(
    r"(?:[0-9]{1,4}[ /.,-]{1,2}(?:[0-9]{1,2}|[A-Za-z]{3,9})[ /.,-]{1,2}[0-9]{1,4}|[A-Za-z]{3,9} [0-9]{1,2},? [0-9]{4}"
    r"|[0-9]{5,8}|[0-9]{12,14})(?:[.][0-9]+)?(?:[T ,].*|Z|[+-][0-9:]+)?"
)


def iso(text: str, date_format: str) -> str:
    """`text` as YYYY-MM-DD where it is written exactly in `date_format`, or as ISO has it, and is a day; else as it
    came. With a time and a zone (an offset from UTC, or Z) it is the day that it then was in Britain."""
    for shape in _shapes(date_format):
        if fits := shape.fullmatch(text):
            day = _day(fits.groupdict())
            return day.isoformat() if day else text
    return text


def is_written_otherwise(text: str) -> bool:
    """Whether what `iso` left is a date all the same: in another format, or one that the calendar has not."""
    if _DAY.fullmatch(text):
        try:
            return not date.fromisoformat(text)
        except ValueError:
            return True
    return bool(_LIKE_A_DATE.fullmatch(text))


def _day(found: dict[str, str | None]) -> date | None:
    try:
        day = date(int(found["Y"] or 0), _month(found), int(found["d"] or 0))
        if found.get("H") is None:
            return day
        hour, minute, second = (int(found.get(part) or 0) for part in "HMS")
        if half := found.get("half"):
            if not 1 <= hour <= 12:
                return None
            hour = hour % 12 + (12 if half.upper() == "PM" else 0)
        # 24:00 is the end of the day, and a leap second its last
        at = timedelta(hours=hour, minutes=minute, seconds=second)
        if minute > 59 or second > 60 or at > timedelta(days=1):
            return None
        if not (zone := found.get("z")):
            return day
        moment = datetime(day.year, day.month, day.day, tzinfo=_zone(zone)) + at
        return moment.astimezone(LONDON).date()
    except (ValueError, OverflowError):
        return None


def _month(found: dict[str, str | None]) -> int:
    if name := (found.get("b") or "").lower():
        return next(
            (number for number, month in enumerate(MONTHS, 1) if name in (month, month[:3], month[:4])), 0
        )
    return int(found["m"] or 0)


def _zone(text: str) -> timezone:
    """Raises ValueError for an offset that no place on earth has."""
    if text[0] not in "+-":
        return timezone(timedelta(hours=1 if text.upper() == "BST" else 0))
    digits = text[1:].replace(":", "").ljust(4, "0")
    if (away := timedelta(hours=int(digits[:2]), minutes=int(digits[2:]))) > FURTHEST or digits[2:] > "59":
        raise ValueError(text)
    return timezone(away if text[0] == "+" else -away)


@cache
def _shapes(date_format: str) -> tuple[re.Pattern[str], ...]:
    """As the layout has it, with a time and zone behind its date, and as ISO has it."""
    # strptime would take 1/2/23 for %d/%m/%Y, and "exactly" is the point: an ambiguous date is never guessed
    whole = re.sub("Z$", "%z", date_format)
    last = max(whole.rfind(f"%{directive}") for directive in "Ymbd") + 2
    # `09:15 01/02/2024`: the time stands before the date, and nothing more behind it
    behind = "" if re.search("%[HMS]", whole[:last]) else BEHIND
    written = (_pattern(whole), _pattern(whole[:last]) + behind, _pattern(ISO) + BEHIND)
    return tuple(re.compile(shape, re.IGNORECASE) for shape in dict.fromkeys(written))


def _pattern(date_format: str) -> str:
    pattern = re.escape(date_format)
    for directive, shape in DIRECTIVES.items():
        pattern = pattern.replace(f"%{directive}", f"(?P<{directive}>{shape})")
    return pattern
