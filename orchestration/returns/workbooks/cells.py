"""A sheet's cells as they are gathered, what they may come to, and what a number shown as a date was."""

import re
from array import array
from collections import defaultdict
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from itertools import chain
from zoneinfo import ZoneInfo

from orchestration.returns import file_safety
from orchestration.returns.reasons import Unreadable, unreadable

# the last row and column that a spreadsheet has
LAST_ROW, LAST_COLUMN = 1_048_576, file_safety.MOST_COLUMNS
# of hidden, merged and other rows so many are noted: 200,000 merged ranges over whole columns once filled the memory
MOST_NOTED = 10_000
# A table of which less than a hundredth is filled has a stray cell far below or beside it: laid out, one cell in the
# last row of 43 columns asks for 2 GB. Below a million cells it costs nothing.
SPARSE, SMALL_TABLE = 100, 1_000_000
ADDRESS = re.compile(r"\s*([A-Za-z]{1,9})([0-9]{1,12})\s*")
DAY = timedelta(days=1)
# day 60 is 29 February 1900, which never was; days before it are one later than those after it
FIRST_1900, FIRST_1904 = datetime(1899, 12, 30), datetime(1904, 1, 1)
LAST_DAY = 2_958_465
DATE, TIME = "date", "time"

Dated = tuple[str, str, str]
"""a number shown as a date or time: as it is shown, the number, and DATE or TIME"""


@dataclass
class Cells:
    """What a sheet holds, column by column from 1, and the rows of what the cells alone do not show, by check code."""

    where: str
    columns: dict[int, tuple[list[int], list[str | Dated]]] = field(default_factory=dict)
    met: dict[str, set[int]] = field(default_factory=lambda: defaultdict(set))

    def note(self, code: str, first: int, last: int | None = None) -> None:
        """Note rows under a check code."""
        noted = self.met[code]
        last = min(first if last is None else last, LAST_ROW)
        if len(noted) < MOST_NOTED:
            noted.update(range(first, min(last, first + MOST_NOTED - len(noted) - 1) + 1))

    def put(self, row: int, column: int, value: str | Dated) -> None:
        if column not in self.columns:
            if column > LAST_COLUMN:
                raise file_safety.too_wide(self.where, column)
            self.columns[column] = ([], [])
        rows, values = self.columns[column]
        rows.append(row)
        values.append(value)

    def filled_rows(self) -> set[int]:
        return set(chain.from_iterable(rows for rows, _ in self.columns.values()))


@dataclass(frozen=True)
class Column:
    """A column's distinct texts, blank first, and the place among them of each row's. `shown`: of those that are numbers
    shown as dates or times, the number and DATE or TIME."""

    texts: list[str]
    places: bytes
    shown: dict[int, tuple[str, str]]


@dataclass(frozen=True)
class Laid:
    """A sheet laid out: `columns` by their number from 1, each of `height` rows; how many cells hold something, and how
    many characters they come to."""

    height: int
    width: int
    columns: dict[int, Column]
    met: dict[str, list[int]]
    cells: int
    characters: int


def lay_out(cells: Cells, most_cells: int, most_characters: int) -> Laid:
    """Raises Unreadable where there is more of it than may be, or where two values stand in one cell."""
    filled = sum(len(rows) for rows, _ in cells.columns.values())
    height = max((max(rows) for rows, _ in cells.columns.values()), default=0)
    width = max(cells.columns, default=0)
    _check_extent(cells, filled, height, width, most_cells)
    columns, characters = {}, 0
    for number in list(cells.columns):
        rows, values = cells.columns.pop(number)
        characters += sum(map(len, values))  # what is shown of a number counts as three
        if characters > most_characters:
            raise too_much_text(cells.where, most_characters)
        places, seen = array("i", bytes(4 * height)), {}
        for row, value in zip(rows, values, strict=True):
            places[row - 1] = seen.setdefault(value, len(seen) + 1)
        if places.count(0) != height - len(rows):
            raise unreadable(
                "ST16",
                f"{cells.where}: a cell of column {letters(number)} is written twice, with a value each; which of them "
                "counts cannot be known: correct how the file is made, or send the values typed into a new workbook.",
            )
        shown = {place: value[1:] for value, place in seen.items() if not isinstance(value, str)}
        texts = ["", *(value if isinstance(value, str) else value[0] for value in seen)]
        columns[number] = Column(texts, places.tobytes(), shown)
    met = {code: sorted(rows) for code, rows in cells.met.items() if rows}
    return Laid(height, width, columns, met, filled, characters)


def _check_extent(cells: Cells, filled: int, height: int, width: int, most_cells: int) -> None:
    extent = height * width
    if extent > SMALL_TABLE and extent > SPARSE * filled:
        raise unreadable(
            "FL21",
            f"{cells.where}: reaches to row {height:,} and column {width:,} ({letters(width)}), though only {filled:,} "
            "cells hold something; delete what stands far from the table.",
        )
    if extent > most_cells or height > LAST_ROW:
        raise unreadable(
            "FL21",
            f"{cells.where}: reaches to row {height:,} and column {width:,} ({letters(width)}), more cells than any "
            "return needs; delete what is no part of the table, or send the return in parts.",
        )


def too_much_text(where: str, most: int) -> Unreadable:
    return unreadable(
        "FL12",
        f"{where}: its cells come to more than {most // 1024**2:,} million characters, more than any return needs; "
        "shorten the texts, or send the return in parts.",
    )


def too_long(where: str) -> Unreadable:
    return unreadable(
        "FL23",
        f"{where}: a cell is longer than {file_safety.LONGEST_CELL:,} characters; shorten its text.",
    )


def place_of(address: str | None, where: str) -> tuple[int, int]:
    """Row and column of an address such as B12. Raises Unreadable where no sheet has such a cell."""
    found = ADDRESS.fullmatch(address or "")
    row, column = (int(found[2]), column_number(found[1])) if found else (0, 0)
    if not row:
        raise unreadable("FL09", f"{where}: an address of its cells is not valid; the workbook is damaged.")
    if row > LAST_ROW:
        raise beyond(where, row)
    if column > LAST_COLUMN:
        raise file_safety.too_wide(where, column)
    return row, column


def beyond(where: str, row: int) -> Unreadable:
    """The refusal of a row that no sheet has."""
    return unreadable(
        "FL21", f"{where}: has a row {row:,}, and a sheet ends at {LAST_ROW:,}; delete what stands there."
    )


def column_number(text: str) -> int:
    """A -> 1, AB -> 28."""
    number = 0
    for letter in text.upper():
        number = number * 26 + ord(letter) - 64
    return number


def letters(column: int) -> str:
    """1 -> A, 28 -> AB."""
    found = ""
    while column:
        column, rest = divmod(column - 1, 26)
        found = chr(65 + rest) + found
    return found


def number_text(number: float) -> str:
    """A number as text: whole ones without a decimal point."""
    return str(int(number)) if float(number).is_integer() else repr(number)


def as_number(text: str) -> float | None:
    """The number that a text of a workbook's XML is; None for other texts."""
    if "_" in text:
        return None
    try:
        number = float(text)
    except ValueError:
        return None
    return number if abs(number) < float("inf") else None


def moment(number: float, from_1904: bool) -> datetime | None:
    """The day and time that a number stands for; None where it stands for none."""
    if not 1 <= number < LAST_DAY + 1 or (60 <= number < 61 and not from_1904):
        return None
    first = FIRST_1904 if from_1904 else FIRST_1900 if number > 60 else FIRST_1900 + DAY
    try:
        return first + timedelta(milliseconds=round(number * 86_400_000))
    except OverflowError:
        return None


def shown_as(number: float, style: str, from_1904: bool) -> str | Dated:
    """A number under a style of dates or times as it is shown."""
    when = moment(number, from_1904)
    text = number_text(number)
    if when is None:
        if not 0 <= number < 1:
            return text
        return (_clock(number), text, TIME)
    return (iso(when), text, style)


def of_day(text: str, from_1904: bool) -> str | Dated:
    """A day that is written as such; with a zone, as it then was in Britain. Other texts stay as they came."""
    try:
        when = datetime.fromisoformat(text.strip())
    except ValueError:
        return text
    if when.tzinfo:
        when = when.astimezone(ZoneInfo("Europe/London")).replace(tzinfo=None)
    return (iso(when), number_text((when - (FIRST_1904 if from_1904 else FIRST_1900)) / DAY), DATE)


def iso(when: datetime) -> str:
    """2023-02-03, or 2023-02-03T18:00:00 where there is a time of day."""
    return when.date().isoformat() if when.time() == datetime.min.time() else when.isoformat()


def _clock(number: float) -> str:
    seconds = round(number * 86_400)
    return f"{seconds // 3600:02}:{seconds // 60 % 60:02}:{seconds % 60:02}"
