"""How a file from outside is opened, whatever door it came through: returns, recorded crime, drafts, readings, manifests.

    opening.rows("crimes.csv", path)                a CSV's rows as text, each as wide as its headings
    opening.octets("extract.csv", path)             the bytes of a text file whose encoding is not known yet
    with opening.workbook("return.xlsx", path) as book:
        book.names, book.hidden
        book.sheet(book.names[0]).rows()            a sheet's rows as text
    opening.unpack("return.zip", path, folder)      the files of a ZIP

What may not be opened, or ends whoever reads it, is refused by its name: each of these raises Unreadable, with codes of
`seeds/return_checks.csv`, and nothing else. No sentence repeats what a file holds.
"""

import csv
import io
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from orchestration.returns import counting, file_safety
from orchestration.returns.reasons import unreadable
from orchestration.returns.workbooks.cells import Column as Column
from orchestration.returns.workbooks.process import Opener, opener

WORKBOOKS = ("xlsx", "xlsm", "xls", "ods")
# what people write beside the records or hand in by themselves; a release of recorded crime has 30 MB
LARGEST_TABLE = 256 * 1024**2
# One text may stand in many cells: 40,000 cells of 900 kB come to 36 GB in a file of 2 kB. A force's quarter at 50 times
# the real volume is under 100 MB.
MOST_CHARACTERS = 512 * 1024**2


def octets(name: str, path: Path, largest: int | None = None) -> bytes:
    """The bytes of a file that is named as text, is not empty and no larger than `largest` (else 512 MB), and is no
    workbook, page or printout."""
    file_safety.check_size(path, name, largest)
    data = path.read_bytes()
    file_safety.check_text(data[:512], name)
    return data


def rows(name: str, path: Path) -> list[list[str]]:
    """A CSV's rows as text, the heading row first; a blank line is a row of no cells.

    Every quotation mark has to pair, every row to have as many cells as the first unless it is blank, and as many rows to
    be read as there are line ends.
    """
    data = octets(name, path, LARGEST_TABLE)
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as problem:
        sentence = f"{name}: byte {problem.start + 1} is not utf-8 text; save it as CSV in utf-8."
        raise unreadable("FL26", sentence) from None
    if "\0" in text:
        raise unreadable("FL25", f"{name}: holds zero bytes, which no text has; export it again.")
    csv.field_size_limit(file_safety.LARGEST_FILE)
    try:
        table = list(csv.reader(io.StringIO(text, newline=""), strict=True))
    except csv.Error:
        raise unreadable(
            "ST14",
            f"{name}: a quotation mark is not closed, or text follows where one closes; export it again.",
        ) from None

    _check_rows(name, table)
    counted = counting.lines(text.encode("utf-8", "surrogatepass"), ",")
    if counted != (read := sum(map(bool, table))):
        raise unreadable(
            "ST16",
            f"{name}: {read} rows were read, but {counted} are there by an independent count; look for quotation "
            "marks that do not pair, and export the file again.",
        )
    return table


def _check_rows(name: str, table: list[list[str]]) -> None:
    width = len(table[0]) if table else 0
    if width > file_safety.MOST_COLUMNS:
        raise file_safety.too_wide(name, width)
    if any(len(cell) > file_safety.LONGEST_CELL for row in table for cell in row):
        raise unreadable(
            "FL23",
            f"{name}: a cell is longer than {file_safety.LONGEST_CELL:,} characters; is a quotation mark missing?",
        )
    wrong = [(number, len(row)) for number, row in enumerate(table, 1) if row and len(row) != width]
    if wrong:
        shown = ", ".join(f"row {number} has {cells} cells" for number, cells in wrong[:3])
        more = f" and {len(wrong) - 3} more rows do not fit" if len(wrong) > 3 else ""
        raise unreadable(
            "ST13",
            f"{name}: {shown}{more} where the heading row has {width}; look for unquoted separators or line breaks "
            "there, and export the file again.",
        )


@dataclass(frozen=True)
class Sheet:
    """A sheet's cells as text. `met`: rows by the check code of what stands there that the cells do not show; `columns` by
    their number from 1, those that hold nothing left out."""

    name: str
    height: int
    width: int
    columns: dict[int, Column]
    met: dict[str, list[int]]
    characters: int

    def rows(self, most: int | None = None) -> list[list[str]]:
        """Every row from the first, or the first `most`, all of one width, blank ones too: a row's place is its number. Dates
        are ISO, with a time of day where they have one; whole numbers have no decimal point; truth is TRUE or FALSE."""
        height = self.height if most is None else min(most, self.height)
        across = []
        for number in range(1, self.width + 1):
            column = self.columns.get(number)
            places = memoryview(column.places).cast("i")[:height] if column else ()
            across.append([column.texts[place] for place in places] if column else [""] * height)
        return [list(row) for row in zip(*across, strict=True)]


@dataclass
class Room:
    """What is left of the bytes that the files of one delivery may have in all, and of the cells and characters that its
    workbooks may come to."""

    bytes: int = field(default_factory=lambda: file_safety.LARGEST_FILE)
    cells: int = file_safety.MOST_CELLS
    characters: int = MOST_CHARACTERS

    def take_file(self, name: str, path: Path) -> None:
        """Raises Unreadable where the files so far have more bytes than any return."""
        file_safety.check_size(path, name)
        self.bytes -= path.stat().st_size
        if self.bytes < 0:
            most = file_safety.size_text(file_safety.LARGEST_FILE)
            raise unreadable(
                "FL12",
                f"{name}: comes after files that are {most} with it, more than any return; send less at once.",
            )


class Book:
    """An open workbook: the `names` of its sheets in order, which of them are `hidden`, and whether its days count from
    1904 (dates are read so; numbers that are dates to a layout are not)."""

    def __init__(self, opener: Opener, name: str, form: str, room: Room) -> None:
        self._opener, self._form, self._room, self.name = opener, form, room, name
        names, hidden, self.from_1904 = opener.ask("book", form)
        self.names: list[str] = names
        self.hidden = frozenset(hidden)

    def sheet(self, name: str, most_rows: int | None = None) -> Sheet:
        """A sheet by its name: all of its rows, or the first `most_rows`. Raises Unreadable."""
        room = self._room
        laid = self._opener.ask("sheet", self._form, name, most_rows, room.cells, room.characters)
        room.cells -= laid.height * laid.width
        room.characters -= laid.characters
        return Sheet(name, laid.height, laid.width, laid.columns, laid.met, laid.characters)


@contextmanager
def workbook(name: str, path: Path, form: str = "", room: Room | None = None) -> Iterator[Book]:
    """Open a workbook, in a process that may take so much memory and time and no more: `form` is xlsx, xlsm, xls or ods,
    else what its name ends in; `room` is what is left for it and those after it. Raises Unreadable."""
    form = form or name.rpartition(".")[2].lower()
    if form not in WORKBOOKS:
        raise unreadable("FL10", f"{name}: is named as no workbook ({', '.join(WORKBOOKS)}); rename it.")
    file_safety.check_size(path, name)
    with opener(name, path) as one:
        yield Book(one, name, form, room or Room())


def unpack(name: str, path: Path, into: Path) -> dict[str, Path]:
    """Unpack a ZIP of record files into the folder `into`: `<name>/<file>` -> path. Raises Unreadable."""
    file_safety.check_size(path, name)
    with opener(name, path) as one:
        return one.ask("unpack", into)
