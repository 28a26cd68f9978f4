"""Files that no layout has been written for: the tables in them, found by what headings are called.

look("extract.csv", Path("extract.csv"))[0].headings

Cells are looked at and never shown: no message and no repr here carries one.
"""

import csv
import io
import re
import tempfile
from collections import Counter
from contextlib import suppress
from dataclasses import dataclass, field, replace
from functools import cached_property
from itertools import islice
from pathlib import Path
from typing import Any

from orchestration.home import SEEDS
from orchestration.returns import file_safety, opening
from orchestration.returns.grids import joined_headings
from orchestration.returns.layouts import heading_rows
from orchestration.returns.layouts.cells import Cells
from orchestration.returns.layouts.headings import known_headings
from orchestration.returns.layouts.written import DELIMITERS
from orchestration.returns.reasons import Unreadable

# Enough to see a date's format and a code list; reading more found nothing that 2,000 rows had not shown.
SAMPLE = 2_000
MOMENT = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?")
EXAMPLE = re.compile(r"\s*(example|sample|e\.g\.)", re.IGNORECASE)
MONTHS = re.compile(
    r"(?i)(?<![a-z])(jan(uary)?|feb(ruary)?|mar(ch)?|apr(il)?|may|june?|july?|aug(ust)?|sept?(ember)?|oct(ober)?|"
    r"nov(ember)?|dec(ember)?)(?![a-z])"
)
# Cells that mean "blank" in some system and a code in none.
BLANK_WORDS = ("NULL", "None", "(null)", "#N/A")


class NotATable(ValueError):
    """A file in which no table with a heading row could be found, with what to do."""


@dataclass(frozen=True)
class Table:
    """One table of a file: how it has to be read, its headings, and a sample of each column's cells.

    `twice`: headings that stand over several columns; only the first of them is looked at.
    `more`: further files or sheets of the same table, (file, sheet) each.
    """

    file: str
    sheet: str
    position: int
    format: str
    encoding: str
    delimiter: str
    banner_rows: int
    heading_rows: int
    example_rows: int
    headings: tuple[str, ...]
    twice: tuple[str, ...]
    columns: dict[str, tuple[str, ...]] = field(repr=False)
    more: tuple[tuple[str, str], ...] = ()

    @property
    def files(self) -> tuple[str, ...]:
        return tuple(dict.fromkeys((self.file, *(file for file, _ in self.more))))

    @property
    def sheets(self) -> tuple[str, ...]:
        return tuple(dict.fromkeys((self.sheet, *(sheet for _, sheet in self.more))))

    @property
    def where(self) -> str:
        return f"{self.file}, sheet {self.sheet}" if self.sheet else self.file

    @cached_property
    def cells(self) -> dict[str, tuple[str, ...]]:
        """heading -> its cells that are not blank."""
        return {heading: tuple(filter(None, texts)) for heading, texts in self.columns.items()}

    def look_of(self, heading: str) -> Cells:
        """The distinct cells under a heading, 200 at most, and how often they stand there."""
        texts = [text for text in self.cells[heading] if text not in BLANK_WORDS]
        once = tuple(dict.fromkeys(texts))
        return Cells(once[:200], len(self.columns[heading]), len(texts), len(once))


def joined(tables: list[Table]) -> list[Table]:
    """Tables written alike as one: a sheet or a file for each month of a return."""
    found: dict[tuple[Any, ...], Table] = {}
    for table in tables:
        encoding = "utf-8" if table.encoding == "ascii" else table.encoding
        how = (table.format, encoding, table.delimiter, table.banner_rows, table.heading_rows, table.headings)
        first = found.setdefault(how, table)
        if first is not table:
            columns = {heading: first.columns[heading] + table.columns[heading] for heading in table.headings}
            more = (*first.more, (table.file, table.sheet))
            examples = max(first.example_rows, table.example_rows)
            found[how] = replace(first, columns=columns, more=more, example_rows=examples)
    return list(found.values())


def look(name: str, path: Path, seeds: Path = SEEDS, heading_row: int = 0) -> list[Table]:
    """The tables of one file, or of the files in a ZIP, whatever they are named: text or workbook by the bytes.

    Raises NotATable where no row of the first 30 looks like headings, Unreadable for a file that is not safe.
    """
    with path.open("rb") as file:
        start = file.read(8)
    form = Path(name).suffix.lower().removeprefix(".")
    if start.startswith(file_safety.ZIP) and form not in opening.WORKBOOKS:
        with tempfile.TemporaryDirectory() as folder:
            inside = opening.unpack(name, path, Path(folder) / "files")
            return [table for entry in inside for table in look(entry, inside[entry], seeds, heading_row)]
    try:
        if start.startswith((file_safety.ZIP, file_safety.OLE)):
            tables = _look_in_workbook(
                name, path, form if form in opening.WORKBOOKS else "xls", seeds, heading_row
            )
        else:
            tables = _look_in_text(name, path, seeds, heading_row)
    except (OSError, NotATable, Unreadable, KeyboardInterrupt, SystemExit, MemoryError):
        raise
    except BaseException as problem:
        # The type alone: a message may quote a record. A panic in the reader's Rust code is no Exception.
        raise NotATable(f"{name}: cannot be read ({type(problem).__name__}); export it again.") from None
    if not tables:
        raise NotATable(
            f"{name}: row {heading_row} looks like a record or is blank; give --heading-row the row of the headings."
            if heading_row
            else f"{name}: no row of the first {heading_rows.WITHIN} looks like headings of a return; is it another "
            "file, or has it no heading row? If it has one, give it with --heading-row; cells of a text are separated "
            "by , ; | or tab."
        )
    return tables


def _look_in_text(name: str, path: Path, seeds: Path, heading_row: int) -> list[Table]:
    data = opening.octets(name, path)
    encoding = _encoding(data)
    text = io.StringIO(data.decode(encoding), newline="")
    best: Table | None = None
    for delimiter in DELIMITERS.values():
        text.seek(0)
        rows: list[list[str]] = []
        # a quotation mark that is not closed ends the sample, and the reading of the return later
        with suppress(csv.Error):
            rows.extend(islice(csv.reader(text, delimiter=delimiter), SAMPLE))
        table = _table(
            rows,
            seeds,
            heading_row,
            file=name,
            sheet="",
            position=0,
            format="csv",
            encoding=encoding,
            delimiter=delimiter,
        )
        # the separator that gives most headings: with another they stand in one cell
        if table and len(table.headings) > (len(best.headings) if best else 1):
            best = table
    return [best] if best else []


def _encoding(data: bytes) -> str:
    if data.startswith((b"\xff\xfe", b"\xfe\xff")):
        return "utf-16"
    if data.startswith(b"\xef\xbb\xbf"):
        return "utf-8-sig"
    for encoding in ("ascii", "utf-8", "cp1252"):
        try:
            data.decode(encoding)
        except UnicodeDecodeError:
            continue
        return encoding
    return "latin-1"


def _look_in_workbook(name: str, path: Path, form: str, seeds: Path, heading_row: int) -> list[Table]:
    tables = []
    with opening.workbook(name, path, form) as book:
        for position, sheet in enumerate(book.names, 1):
            if sheet not in book.hidden:
                rows = [list(map(_text, row)) for row in book.sheet(sheet, SAMPLE).rows()]
                tables.append(
                    _table(
                        rows,
                        seeds,
                        heading_row,
                        file=name,
                        sheet=sheet,
                        position=position,
                        format=form,
                        encoding="",
                        delimiter="",
                    )
                )
    return [table for table in tables if table]


def _text(cell: str) -> str:
    """A cell without the time of day that a date in a workbook has."""
    return cell[:10] if MOMENT.fullmatch(cell) else cell


def _table(rows: list[list[str]], seeds: Path, heading_row: int = 0, **place: Any) -> Table | None:
    """The table whose heading row is the likeliest of the first rows; None where none is like one."""
    known = known_headings(seeds)
    rows = [[cell.strip() for cell in row] for row in rows]
    at = heading_row - 1 if heading_row else heading_rows.find(rows, known)
    if at is None or at >= len(rows) or not any(rows[at]):
        return None
    if heading_row and heading_rows.is_a_record(rows[at], rows[at + 1 :]):
        return None
    group = heading_rows.group_above(rows, at, known)
    headings = joined_headings([group, rows[at]] if group else [rows[at]])
    below = rows[at + 1 :]
    example_rows = 0
    while example_rows < len(below) and any(map(EXAMPLE.match, below[example_rows])):
        example_rows += 1
    records = [row for row in below[example_rows:] if any(row)]
    columns: dict[str, tuple[str, ...]] = {}
    for position, heading in enumerate(headings):
        if heading and heading not in columns:
            columns[heading] = tuple(row[position] if position < len(row) else "" for row in records)
    return Table(
        **place,
        banner_rows=at - bool(group),
        heading_rows=1 + bool(group),
        example_rows=example_rows,
        headings=tuple(columns),
        twice=tuple(heading for heading, count in Counter(headings).items() if heading and count > 1),
        columns=columns,
    )
