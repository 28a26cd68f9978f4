"""Small tables as CSV, read strictly: the seeds, and what comes beside a return's records.

Python's own reader drops cells that are too many, invents those that are too few, and takes rows into a cell whose
quotation mark is not closed. Here each row has the cells of its headings or the file is not read, with one sentence that
names the row and what to do. A byte order mark and any line ends are no fault: Excel writes both.
"""

import codecs
import csv
import io
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from orchestration.stopping import Stopped

LARGEST = 64 * 1024**2  # bytes: 93,000 readings are 20 MB, a year of recorded crime 3 MB
LONGEST_CELL = 131_072  # four times what a cell of a spreadsheet holds
MOST_COLUMNS = 1_000
SAVE = "save it as CSV UTF-8 with commas between the cells"
MARKED_UTF16 = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)
OTHER_SEPARATORS = {";": "semicolons", "\t": "tabs", "|": "pipes"}


class NotRead(Stopped, ValueError):
    """A table that cannot be read as it is: what is wrong, in which file and row, what to do. No cell's content."""

    code = 2


@dataclass(frozen=True)
class Table:
    """`rows`: those that hold something, each with its number as a spreadsheet shows it, where the headings are row 1;
    `blank`: the numbers of those that hold nothing."""

    name: str
    headings: list[str]
    rows: list[tuple[int, list[str]]]
    blank: list[int] = field(default_factory=list)

    def dicts(self) -> list[dict[str, str]]:
        """The rows by heading, without the spaces around either."""
        headings = [heading.strip() for heading in self.headings]
        return [dict(zip(headings, map(str.strip, cells), strict=True)) for _, cells in self.rows]


def read(path: Path, name: str, largest: int = LARGEST) -> Table:
    """The table in a file. Raises NotRead, which calls the file `name`."""
    if path.exists() and not path.is_file():
        # a pipe would be waited for, a device never ends
        raise NotRead(
            f"{name}: is {'a folder' if path.is_dir() else 'a pipe or device'} and no file; name the file."
        )
    try:
        with path.open("rb") as file:
            data = file.read(largest + 1)
    except FileNotFoundError:
        raise NotRead(f"{name}: there is no such file; put it back.") from None
    except OSError as problem:
        raise NotRead(
            f"{name}: cannot be opened ({problem.strerror}); see to it that it can be read."
        ) from None
    if len(data) > largest:
        raise NotRead(
            f"{name}: is larger than {_bytes(largest)}, which no such table needs; is it another file?"
        )
    return parse(data, name)


def parse(data: bytes, name: str) -> Table:
    """The table in `data`, the bytes of a file called `name`. Raises NotRead."""
    headings: list[str] = []
    rows, blank, wrong = [], [], []
    for number, cells in _records(_text(data, name), name):
        if not any(cell.strip() for cell in cells):
            blank.append(number)
        elif not headings:
            headings = cells
            _check_headings(headings, f"{name}, row {number}")
        elif len(cells) != len(headings):
            wrong.append((number, len(cells)))
        else:
            rows.append((number, cells))
    if not headings:
        raise NotRead(f"{name}: is blank; put its heading row and rows back.")
    if wrong:
        (number, cells), more = wrong[0], len(wrong) - 1
        also = f" ({more:,} more rows do not fit either)" if more else ""
        raise NotRead(
            f"{name}, row {number}: has {cells} cells where the heading row has {len(headings)}{also}; look for a "
            "separator too many or too few, or for text with a separator that stands in no quotation marks."
        )
    return Table(name, headings, rows, blank)


def _text(data: bytes, name: str) -> str:
    if data.startswith(MARKED_UTF16):
        raise NotRead(f"{name}: is UTF-16 text; {SAVE}.")
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as problem:
        row = data[: problem.start].count(b"\n") + 1
        raise NotRead(f"{name}, line {row}: is not UTF-8 text; {SAVE}.") from None
    if "\0" in text:
        raise NotRead(f"{name}: holds a zero byte, which no text has: is it a workbook or damaged? {SAVE}.")
    return text


def _records(text: str, name: str) -> Iterator[tuple[int, list[str]]]:
    reader = csv.reader(io.StringIO(text, newline=""), strict=True)
    number = 0
    while True:
        number += 1
        try:
            cells = next(reader, None)
        except csv.Error:
            raise NotRead(
                f"{name}, row {number}: a quotation mark is not closed, or text follows where one closes, or a cell "
                f"is too long; correct the row, or {SAVE}."
            ) from None
        if cells is None:
            return
        if any(len(cell) > LONGEST_CELL for cell in cells):
            raise NotRead(
                f"{name}, row {number}: a cell is longer than {LONGEST_CELL:,} characters; is a quotation mark not closed?"
            )
        yield number, cells


def _check_headings(headings: list[str], where: str) -> None:
    if len(headings) == 1:
        for separator, words in OTHER_SEPARATORS.items():
            if separator in headings[0]:
                raise NotRead(f"{where}: its cells are separated by {words}; {SAVE}.")
    if len(headings) > MOST_COLUMNS:
        raise NotRead(
            f"{where}: has {len(headings):,} headings, which no such table needs; is it another file?"
        )
    # to DuckDB capitals and small letters are the same
    twice = [
        heading for heading, count in Counter(one.strip().casefold() for one in headings).items() if count > 1
    ]
    if twice and twice[0]:
        raise NotRead(f"{where}: the heading {twice[0]!r} stands there twice; keep one.")
    if not all(heading.strip() for heading in headings):
        place = [heading.strip() for heading in headings].index("") + 1
        raise NotRead(f"{where}: cell {place} has no heading; write one, or remove the column.")


def _bytes(size: int) -> str:
    return f"{size // 1024**2} MB" if size >= 1024**2 else f"{size // 1024} kB"
