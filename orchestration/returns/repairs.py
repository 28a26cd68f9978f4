"""What a spreadsheet did to texts: undone where that is exact, noted either way, never guessed.

`19-Aug` under an offence code was 19/8 and nothing else; `2.3E+10` may have been any of a thousand references
and stays as it came. Codes are those of `seeds/return_checks.csv`. Offence codes that became day numbers (44062)
or lost a leading zero (1916) are resolved in staging, beside the code list (rule XL01).
"""

import re
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, timedelta
from functools import cache

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from orchestration.home import seed_rows
from orchestration.returns.layouts import force_codes
from orchestration.returns.layouts.parts import Column
from orchestration.returns.look_alikes import WORTH_A_LOOK as LOOK_ALIKES
from orchestration.returns.look_alikes import plain

ERROR = r"#(?:REF!|N/A|VALUE!|DIV/0!|NAME\?|NUM!|NULL!|CALC!|SPILL!)"
WHOLE = r"[0-9]+[.]0+"
SCIENTIFIC = r"[0-9](?:[.][0-9]+)?[eE][+]?[0-9]{1,2}"
TOTAL = r"(?i:(?:grand |sub-?)?totals?:?)"
MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
MONTH = "|".join(MONTHS)
DAY_AND_MONTH = rf"[0-9]{{1,2}}-(?:{MONTH})|(?:{MONTH})-[0-9]{{2}}"
ISO = r"[0-9]{4}-[0-9]{2}-[0-9]{2}"
SLASHED = r"[0-9]{1,2}[/.-][0-9]{1,2}[/.-][0-9]{2,4}"
# 10000 is 18 May 1927 and 73050 the last day of 2099; a number of four digits is a year; what follows is a time of day
DAY_NUMBER = r"[1-7][0-9]{4}(?:[.][0-9]+)?"
LAST_DAY_NUMBER = 73_050

# What is worth a look under a column of each kind: one pass over the distinct texts, which mostly finds nothing.
WORTH_A_LOOK = {
    "reference": f"{LOOK_ALIKES}|^(?:{ERROR}|{WHOLE}|{SCIENTIFIC}|{TOTAL}|{ISO}.*|{DAY_AND_MONTH}|[0-9]{{16,}})$",
    "offence": f"{LOOK_ALIKES}|^(?:{ERROR}|{WHOLE}|{SCIENTIFIC}|{DAY_AND_MONTH}|[1-4][0-9]{{4}}|{ISO}.*)$",
    "code": f"{LOOK_ALIKES}|^(?:{ERROR}|{WHOLE}|{SCIENTIFIC})$",
    "integer": f"{LOOK_ALIKES}|^(?:{ERROR}|{WHOLE})$",
    "flag": f"{LOOK_ALIKES}|^{ERROR}$",
    # years from 1900 to 2099 are looked at only where they are written otherwise
    "date": f"{LOOK_ALIKES}|^(?:{ERROR}|{DAY_NUMBER}|{SLASHED})$|^(?:[03-9][0-9]|1[0-8]|2[1-9])[0-9]{{2}}-|"
    "-(?:00|1[3-9]|[2-9][0-9])-|-(?:00|3[2-9]|[4-9][0-9])$|-02-(?:29|3[0-9])$|-(?:04|06|09|11)-31$",
}


WORTH_A_LOOK["crime reference"] = WORTH_A_LOOK["reference"]
# references that begin with the force's own code, where it has such
OWN_REFERENCES = ("crime_reference", "linked_crime_reference")


@dataclass(frozen=True)
class Note:
    """Damage met in one column (None: the row itself) of one table, with the numbers of its records, and which of
    several records side by side it is."""

    code: str
    record_type: str
    file: str
    sheet: str | None
    column: str | None
    records: np.ndarray
    place_in_row: int | None = None


@dataclass(frozen=True)
class Origin:
    """What decides how a text came to be: a workbook's days have a first day, a text file's may be either."""

    workbook: bool
    from_1904: bool
    lost_zeros: dict[str, str]
    """`4/` -> `04/`, for forces whose references begin with a code that a number cannot keep"""


def undo(
    texts: pa.StringArray, column: Column, origin: Origin
) -> tuple[list[str | None], dict[str, list[int]]]:
    """The distinct texts of one column with what is exact undone, and the positions of each check code.

    Gives an empty dict, and no list, where there is nothing to undo.
    """
    holds = kind(column)
    if holds is None:
        return [], {}
    look = pc.match_substring_regex(texts, WORTH_A_LOOK[holds])
    if holds == "crime reference":
        for lost in origin.lost_zeros:
            look = pc.or_(look, pc.starts_with(texts, lost))
    positions = np.flatnonzero(look.fill_null(False).to_numpy(zero_copy_only=False))
    if not len(positions):
        return [], {}
    changed, met = texts.to_pylist(), defaultdict(list)
    for position in positions.tolist():
        code, text = _checked(changed[position], holds, column, origin)
        if code:
            met[code].append(position)
            changed[position] = text
    return changed, dict(met)


def undone(text: str, column: Column, origin: Origin) -> tuple[str | None, str]:
    """The same of one text: its check code, None where there is nothing to undo, and the text as it should be."""
    holds = kind(column)
    if holds is None:
        return None, text
    lost = holds == "crime reference" and text.startswith(tuple(origin.lost_zeros))
    return _checked(text, holds, column, origin) if lost or _pattern(holds).search(text) else (None, text)


@cache
def _pattern(holds: str) -> re.Pattern[str]:
    return re.compile(WORTH_A_LOOK[holds])


def lost_zeros(forces: Iterable[str]) -> dict[str, str]:
    """`{"4/": "04/"}` for a force whose references begin with its own code and a slash, and the code with 0."""
    codes = force_codes()
    return {codes[force][1:]: codes[force] for force in forces if codes.get(force, "").startswith("0")}


def kind(column: Column) -> str | None:
    """What a column holds, of the kinds that spreadsheets damage; None for names and free text."""
    return _kind(column.record_type, column.column)


@cache
def _kind(record_type: str, column: str) -> str | None:
    if column in OWN_REFERENCES or column.endswith("_reference"):
        return "crime reference" if column in OWN_REFERENCES else "reference"
    if column == "offence_code":
        return "offence"
    found = next(
        row["kind"]
        for row in seed_rows("return_columns.csv")
        if (row["record_type"], row["column"]) == (record_type, column)
    )
    return found if found in WORTH_A_LOOK else None


@cache
def _offence_codes() -> frozenset[str]:
    """Every spelling that the offence list has: class/sub-code and five digits."""
    return frozenset(
        code for row in seed_rows("offences.csv") for code in (row["offence_code"], row["five_digit"]) if code
    )


def _checked(text: str, holds: str, column: Column, origin: Origin) -> tuple[str | None, str]:
    """(check code, the text as it should be); code None where the text is in order after all."""
    typed = plain(text)
    if typed != text:
        # one code a cell: what else was wrong with it is undone too
        return "RP06", _checked(typed, holds, column, origin)[1]
    if re.fullmatch(ERROR, text):
        return "RP55", text
    if holds == "date":
        return _checked_date(text, column.date_format, origin)
    if holds == "offence" and (found := _eaten_code(text)):
        return "RP01", found
    if re.fullmatch(WHOLE, text):
        return "RP03", text.partition(".")[0]
    if re.fullmatch(SCIENTIFIC, text) and ("." in text or "+" in text):
        digits, exponent = re.split("[eE][+]?", text)
        first, _, rest = digits.partition(".")
        exact = len(rest) >= int(exponent) and not rest[int(exponent) :].strip("0")
        return ("RP04", first + rest[: int(exponent)]) if exact else ("RP51", text)
    if "reference" in holds:
        if re.fullmatch(TOTAL, text):
            return "RP56", text
        if re.fullmatch(rf"{ISO}.*|{DAY_AND_MONTH}", text):
            return "RP52", text
        if origin.workbook and re.fullmatch("[0-9]{16,}", text):
            return "RP53", text
        for lost, whole in origin.lost_zeros.items():
            if holds == "crime reference" and text.startswith(lost):
                return "RP05", whole + text[len(lost) :]
    return None, text


def _eaten_code(text: str) -> str | None:
    """The class/sub-code that a spreadsheet took for a day of a month, or for a month of a year."""
    first, _, second = text.partition("-")
    if first in MONTHS:
        found = f"{MONTHS.index(first) + 1}/{int(second)}"
    elif second in MONTHS:
        found = f"{int(first)}/{MONTHS.index(second) + 1}"
    else:
        # 8/71 became 1 August 1971: 26146, or 1971-08-01; staging has the days of this century
        if re.fullmatch("[1-3][0-9]{4}", text) and text not in _offence_codes():
            day = date(1899, 12, 30) + timedelta(int(text))
        elif re.fullmatch("19[0-9]{2}-[01][0-9]-01", text):
            day = date.fromisoformat(text)
        else:
            return None
        found = f"{day.month}/{day.year % 100}" if day.day == 1 else ""
    return found if found in _offence_codes() else None


def _checked_date(text: str, date_format: str, origin: Origin) -> tuple[str | None, str]:
    if re.fullmatch(DAY_NUMBER, text) and (days := int(float(text))) <= LAST_DAY_NUMBER:
        if not origin.workbook:
            return "RP54", text
        first = date(1904, 1, 1) if origin.from_1904 else date(1899, 12, 30)
        return "RP02", (first + timedelta(days)).isoformat()
    if re.fullmatch(ISO, text):
        if not _is_day(*map(int, text.split("-"))):
            return "RP65", text
        return (None if 1900 <= int(text[:4]) <= 2099 else "RP64"), text
    if re.fullmatch(SLASHED, text):
        first, second, year = map(int, re.split("[/.-]", text))
        days, months = _is_day(year or 1, second, first), _is_day(year or 1, first, second)
        if days and months and first != second:
            return "RP61", text
        if (not days and not months) or (not days and date_format.startswith("%d/%m/") and len(text) == 10):
            return "RP65", text
    return None, text


def _is_day(year: int, month: int, day: int) -> bool:
    try:
        date(year, month, day)
    except ValueError:
        return False
    return True
