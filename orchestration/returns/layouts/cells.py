"""What a column's cells are like, and whether they can be what a column of the return holds. None is ever shown.

fit(table.look_of("No. Offenders"), ("suspects", "suspect_reference"), known).verdict     # "cannot"
"""

import re
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple

from orchestration.returns import days
from orchestration.returns.layouts.headings import Headings, Target

DAYS = (
    "%Y-%m-%d",
    "%d/%m/%Y",
    "%d-%m-%Y",
    "%d.%m.%Y",
    "%Y/%m/%d",
    "%Y%m%d",
    "%d-%b-%Y",
    "%d %b %Y",
    "%m/%d/%Y",
    "%b %d %Y",
    "%H:%M %d/%m/%Y",
)
_ISO = re.compile(r"\d{4}-\d\d-\d\d(?!\d)")
_DAY = re.compile(r"\d{4}-\d\d-\d\d")
CODE_AND_TEXT = " - "
MOST = 0.8
# Below it how often cells repeat is not used: three rows of one crime show nothing.
ENOUGH = 20
# Codes that no seed lists look like codes all the same: few of them, and short.
FEW_CODES = 40
LONGEST_CODE = 40

FITS, MAY, CANNOT, BLANK = "fits", "may", "cannot", "blank"


class Fit(NamedTuple):
    """Whether a column's cells can be a target: they fit, may (codes that no list has), cannot, or are all blank;
    how particular that is to this target (0 to 1), in words, and the separator of a code and its description."""

    verdict: str
    telling: float = 0.0
    because: str = ""
    separator: str = ""


@dataclass(frozen=True)
class Cells:
    """The distinct cells under a heading (200 at most), and how many rows there are, filled, and different."""

    texts: tuple[str, ...]
    rows: int = 0
    filled: int = 0
    distinct: int = 0

    def __repr__(self) -> str:
        return f"Cells({self.distinct} distinct of {self.filled} filled of {self.rows})"

    def share(self, test: Callable[[str], object]) -> float:
        """The share of the distinct cells that pass."""
        return sum(1 for text in self.texts if test(text)) / len(self.texts) if self.texts else 0.0

    @cached_property
    def date_formats(self) -> list[str]:
        """Formats in which nine cells of ten are days; more than one when the cells do not decide.

        A time of day and a zone behind the day are understood without a word of the format.
        """
        return [
            shape
            for shape in DAYS
            if any(is_day(text, shape) for text in self.texts[:5]) and self.fits_format(shape)
        ]

    def fits_format(self, shape: str) -> bool:
        """Whether nine cells of ten are days written so."""
        return self.share(lambda text: is_day(text, shape)) > 0.9

    @cached_property
    def few(self) -> bool:
        """So often the same that they name no record."""
        return self.filled >= ENOUGH and self.distinct <= max(3, 0.1 * self.filled)

    @cached_property
    def small_numbers(self) -> bool:
        """Ages, counts, numbers within a crime: numbers of one row each are references, however small."""
        small = self.share(lambda text: text.isdecimal() and len(text) < 4) > MOST
        return small and not (self.filled >= ENOUGH and self.distinct > 0.9 * self.filled)

    @cached_property
    def coded(self) -> bool:
        """Few and short, as codes are."""
        shortish = self.share(lambda text: len(text) <= LONGEST_CODE) > 0.9
        return shortish and self.distinct <= FEW_CODES and not self.date_formats


def fit(cells: Cells, target: Target, known: Headings) -> Fit:
    """Whether the cells can be what a column of the return holds: by its kind, its pattern and its code list."""
    kind, column = known.kinds[target], target[1]
    # without these a record is held out: a column that is mostly blank is not theirs
    if (
        target in known.must
        and cells.rows
        and cells.filled < (0.9 if target[0] == "crimes" else 0.05) * cells.rows
    ):
        return Fit(CANNOT, because="its cells are blank in many rows")
    if not cells.texts:
        return Fit(BLANK, because="its cells are blank")
    if kind == "date":
        return (
            Fit(FITS, 0.2, "its cells are dates")
            if cells.date_formats
            else Fit(CANNOT, 0, "its cells are no dates that a layout could read")
        )
    if kind == "flag":
        return _fit_flag(cells, known)
    if column == "offence_code":
        return _fit_offence(cells, known)
    # of the longest lists a code is known by its look
    if kind == "code" and column not in known.listed_by_pattern:
        return _fit_code(cells, column, known)
    return _fit_pattern(cells, target, known)


def _fit_flag(cells: Cells, known: Headings) -> Fit:
    listed = known.spellings["flag"]
    if cells.share(lambda text: text.lower() in listed) > MOST:
        return Fit(FITS, 0.2, "its cells are flags")
    short = cells.share(lambda text: len(text) < 16) > 0.9
    if cells.distinct <= 4 and short and not cells.date_formats and not cells.share(str.isdecimal):
        return Fit(MAY, 0, "its cells are few words, none a flag of the lists")
    return Fit(CANNOT, 0, "its cells are no flags")


def _fit_offence(cells: Cells, known: Headings) -> Fit:
    share = cells.share(lambda text: known.is_offence(text.split(CODE_AND_TEXT)[0]))
    # ages and counts are on the list as well: 17, 19, 86
    plain = cells.share(lambda text: text.isdecimal() and len(text) < 3)
    if share > MOST and plain < 0.5:
        described = cells.share(lambda text: CODE_AND_TEXT in text)
        return Fit(FITS, 0.5, "its cells are offence codes", CODE_AND_TEXT if described > 0.3 else "")
    return Fit(MAY if share > 0.3 and plain < 0.5 else CANNOT, 0, "its cells are not all offence codes")


def _fit_code(cells: Cells, column: str, known: Headings) -> Fit:
    listed = known.spellings[column]
    because = f"its cells are codes of {column.replace('_', ' ')}"
    # a list of numbers fits ages and counts as well
    telling = 0.3 if cells.share(str.isdecimal) < 0.5 else 0.1
    described = cells.share(lambda text: CODE_AND_TEXT in text and _code(text) in listed)
    if described > 0.3 and cells.share(lambda text: _code(text) in listed) > MOST:
        return Fit(FITS, telling, because, CODE_AND_TEXT)
    if cells.share(lambda text: text.lower() in listed) > MOST:
        return Fit(FITS, telling, because)
    numbers = cells.share(str.isdecimal) > 0.5 and not any(text.isdecimal() for text in listed)
    if cells.coded and not numbers:
        return Fit(MAY, 0, f"its cells are no codes of {column.replace('_', ' ')} that a seed lists")
    return Fit(CANNOT, 0, f"its cells are no codes of {column.replace('_', ' ')}")


def _code(text: str) -> str:
    return text.split(CODE_AND_TEXT)[0].lower()


def _fit_pattern(cells: Cells, target: Target, known: Headings) -> Fit:
    column = target[1]
    pattern = re.compile(known.patterns[target], re.DOTALL)
    share = cells.share(pattern.fullmatch)
    if column.endswith("reference"):
        if not_one := _no_reference(cells, column, known):
            return Fit(CANNOT, 0, not_one)
        return Fit(FITS if share > MOST else CANNOT, 0.05, "its cells are references")
    if known.kinds[target] == "integer":
        if share > MOST:
            return Fit(FITS, 0.1, "its cells are numbers")
        return Fit(CANNOT, 0, "its cells are no numbers of that size")
    if column in known.listed_by_pattern:
        if share > MOST:
            return Fit(FITS, 0.5, f"its cells are codes of {column.replace('_', ' ')}")
        worded = cells.coded and not cells.share(str.isdecimal)
        return Fit(MAY if worded else CANNOT, 0, f"its cells are no codes of {column.replace('_', ' ')}")
    # names, descriptions and summaries are words: a column of dates, numbers or flags is not one
    words = share > MOST and not cells.date_formats and _fit_flag(cells, known).verdict != FITS
    return Fit(FITS, 0.0, "its cells are words") if words else Fit(CANNOT, 0, "its cells are no words")


def _no_reference(cells: Cells, column: str, known: Headings) -> str:
    """Why cells name no record; "" where they may."""
    if cells.date_formats:
        return "its cells are dates, which name no record"
    if _fit_flag(cells, known).verdict == FITS:
        return "its cells are flags, which name no record"
    if cells.small_numbers:
        return "its cells are small numbers: how many, or a number within the crime"
    if cells.few:
        return "its cells are often the same, so they name no record"
    if cells.share(known.is_offence) > MOST:
        return "its cells are offence codes, which name no record"
    return ""


def is_day(text: str, shape: str) -> bool:
    """Whether a text is a day written so, with whatever time and zone behind it."""
    if bool(_ISO.match(text)) != (shape == days.ISO):
        return False
    return bool(_DAY.fullmatch(days.iso(text, shape)))
