"""Files that no layout has been written for: the tables in them, found by what headings are called.

look("extract.csv", Path("extract.csv"))[0].headings

Cells are looked at and never shown: no message and no repr here carries one.
"""

from __future__ import annotations

import csv
import io
import re
import tempfile
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime
from functools import cached_property
from itertools import islice
from pathlib import Path
from typing import Any

from orchestration.home import SEEDS
from orchestration.returns import file_safety, opening
from orchestration.returns.headings import known_headings
from orchestration.returns.layouts import DELIMITERS
from orchestration.returns.reasons import Unreadable

# Enough to see a date's format and a code list; reading more found nothing that 2,000 rows had not shown.
SAMPLE = 2_000
HEADING_WITHIN = 30
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
)
MOMENT = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?")
EXAMPLE = re.compile(r"\s*(example|sample|e\.g\.)", re.IGNORECASE)
TIMES = ("", " %H:%M:%S", " %H:%M", "T%H:%M:%S")
# Cells that mean "blank" in some system and a code in none.
BLANK_WORDS = ("NULL", "None", "(null)", "#N/A")


class NotATable(ValueError):
    """A file in which no table with a heading row could be found: says what to do."""


@dataclass(frozen=True)
class Table:
    """One table of a file: how it has to be read, its headings, and a sample of each column's cells."""

    file: str
    sheet: str
    position: int
    format: str
    encoding: str
    delimiter: str
    banner_rows: int
    example_rows: int
    headings: tuple[str, ...]
    cells: dict[str, tuple[str, ...]] = field(repr=False)

    @property
    def where(self) -> str:
        return f"{self.file}, sheet {self.sheet}" if self.sheet else self.file

    def look_of(self, heading: str) -> Cells:
        """The distinct cells under a heading, 200 at most."""
        texts = [text for text in self.cells[heading] if text not in BLANK_WORDS]
        return Cells(tuple(dict.fromkeys(texts))[:200])


def look(name: str, path: Path, seeds: Path = SEEDS) -> list[Table]:
    """The tables of one file, or of the files in a ZIP, whatever they are named: text or workbook by the bytes.

    Raises NotATable where no row of the first 30 looks like headings, Unreadable for a file that is not safe.
    """
    with path.open("rb") as file:
        start = file.read(8)
    form = Path(name).suffix.lower().removeprefix(".")
    if start.startswith(file_safety.ZIP) and form not in opening.WORKBOOKS:
        with tempfile.TemporaryDirectory() as folder:
            inside = file_safety.unpack(path, name, Path(folder) / "files")
            return [table for entry in inside for table in look(entry, inside[entry], seeds)]
    try:
        if start.startswith((file_safety.ZIP, file_safety.OLE)):
            tables = _look_in_workbook(name, path, form if form in opening.WORKBOOKS else "xls", seeds)
        else:
            tables = _look_in_text(name, path, seeds)
    except (OSError, NotATable, Unreadable, KeyboardInterrupt, SystemExit, MemoryError):
        raise
    except BaseException as problem:
        # The type alone: a message may quote a record. A panic in the reader's Rust code is no Exception.
        raise NotATable(f"{name}: cannot be read ({type(problem).__name__}); export it again.") from None
    if not tables:
        raise NotATable(
            f"{name}: no row of the first {HEADING_WITHIN} looks like headings of a return; "
            "is it another file, or has it no heading row?"
        )
    return tables


def _look_in_text(name: str, path: Path, seeds: Path) -> list[Table]:
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


def _look_in_workbook(name: str, path: Path, form: str, seeds: Path) -> list[Table]:
    tables = []
    with opening.workbook(name, path, form) as book:
        for position, sheet in enumerate(book.names, 1):
            if sheet not in book.hidden:
                rows = [list(map(_text, row)) for row in book.sheet(sheet, SAMPLE).rows()]
                tables.append(
                    _table(
                        rows,
                        seeds,
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


def _table(rows: list[list[str]], seeds: Path, **place: Any) -> Table | None:
    """The table whose heading row is the likeliest of the first rows; None where none is like one."""
    known = known_headings(seeds)
    scores = [known.heading_like([cell.strip() for cell in row]) for row in rows[:HEADING_WITHIN]]
    if not any(scores):
        return None
    banner_rows = scores.index(max(scores))
    headings = [cell.strip() for cell in rows[banner_rows]]
    below = rows[banner_rows + 1 :]
    example_rows = 0
    while example_rows < len(below) and any(map(EXAMPLE.match, below[example_rows])):
        example_rows += 1
    cells: dict[str, list[str]] = {heading: [] for heading in headings if heading}
    for row in below[example_rows:]:
        for heading, cell in zip(headings, row, strict=False):
            if heading and cell.strip():
                cells[heading].append(cell.strip())
    return Table(
        **place,
        banner_rows=banner_rows,
        example_rows=example_rows,
        headings=tuple(cells),
        cells={heading: tuple(texts) for heading, texts in cells.items()},
    )


@dataclass(frozen=True)
class Cells:
    """What a column's cells are like: a share from 0 to 1 for each thing asked."""

    texts: tuple[str, ...]

    def share(self, test: Callable[[str], Any]) -> float:
        return sum(1 for text in self.texts if test(text)) / len(self.texts) if self.texts else 0.0

    @cached_property
    def date_formats(self) -> list[str]:
        """Formats in which nine cells of ten are days; more than one when the cells do not decide."""
        return [
            day + time
            for day in DAYS
            for time in TIMES
            if any(_is_day(text, day + time) for text in self.texts[:5])
            and self.share(lambda text, shape=day + time: _is_day(text, shape)) > 0.9
        ]


def _is_day(text: str, shape: str) -> bool:
    try:
        return datetime.strptime(text, shape).strftime(shape).lower() == text.lower()
    except ValueError:
        return False
