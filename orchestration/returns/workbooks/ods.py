"""ODS: the tables of its content, and the cells of one."""

import re
import sys
from collections.abc import Callable
from pathlib import Path

from orchestration.returns import file_safety
from orchestration.returns.reasons import unreadable
from orchestration.returns.workbooks import xml
from orchestration.returns.workbooks.cells import (
    LAST_COLUMN,
    LAST_ROW,
    TIME,
    Cells,
    Dated,
    as_number,
    number_text,
    of_day,
    shown_as,
    too_long,
)

DURATION = re.compile(r"P(?:(\d+)D)?T?(?:(\d+)H)?(?:(\d+)M)?(?:(\d+(?:[.,]\d+)?)S)?")
ERROR = re.compile(r"#[A-Z0-9/!?]+|Err:\d+")
# what stands in a cell and is no part of its text: notes, drawings
BESIDE = ("annotation", "shapes", "frame", "custom-shape", "control", "rect", "line", "g")
FROM_ELSEWHERE = (
    "table-source",
    "dde-source",
    "cell-range-source",
    "database-source-query",
    "database-source-sql",
)


class Ods:
    """An ODS: `names` of its sheets in order, those `hidden`, whether its days count from 1904."""

    def __init__(self, path: Path, name: str) -> None:
        self.path, self.name = path, name
        self.names: list[str] = []
        self.hidden: list[str] = []
        self.from_1904 = False
        with file_safety.opened(path, name) as packed:
            entries = xml.entries(packed, name)
            if "meta-inf/manifest.xml" in entries:
                with packed.open(entries["meta-inf/manifest.xml"]) as manifest:
                    if b"encryption-data" in manifest.read(file_safety.SMALL):
                        raise unreadable("FL07", f"{name}: is protected by a password; save it without one.")
        if "content.xml" not in entries:
            raise unreadable("FL09", f"{name}: its contents are not there; send the file again.")
        self.entry = entries["content.xml"]
        self._list_sheets()

    def _list_sheets(self) -> None:
        family, not_shown, deep = "", set(), 0

        def start(tag: str, attributes: dict[str, str]) -> None:
            nonlocal family, deep
            kind = xml.local(tag)
            own = {xml.local(key): value for key, value in attributes.items()} if kind in READ else {}
            if kind == "style":
                family = own.get("name", "")
            elif kind == "table-properties" and own.get("display") == "false":
                not_shown.add(family)
            elif kind == "null-date":
                self._begin(own.get("date-value", ""))
            elif kind in FROM_ELSEWHERE:
                raise unreadable(
                    "FL20",
                    f"{self.name}: takes data from other files or a database; break the links and save it again.",
                )
            elif kind == "table":
                deep += 1
                if deep == 1:
                    self._add(own.get("name", ""), own.get("style-name") in not_shown)

        def end(tag: str) -> None:
            nonlocal deep
            deep -= xml.local(tag) == "table"

        self._parse(self.name, start, end)

    def _begin(self, day: str) -> None:
        """The day from which numbers count."""
        self.from_1904 = day.startswith("1904-01-01")
        if not self.from_1904 and not day.startswith("1899-12-30"):
            raise unreadable(
                "FL33",
                f"{self.name}: counts its days from another day than 1899-12-30 or 1904-01-01, so that its dates would be "
                "read wrongly; save it as XLSX.",
            )

    def _add(self, sheet: str, hidden: bool) -> None:
        if sheet in self.names:
            raise unreadable(
                "FL18",
                f"{self.name}: has two sheets of one name, and programs differ in which they take; rename one.",
            )
        self.names.append(sheet)
        if hidden:
            self.hidden.append(sheet)

    def _parse(self, where: str, *handlers: Callable[..., None]) -> None:
        with file_safety.opened(self.path, self.name) as packed, packed.open(self.entry) as part:
            xml.parse(part, where, *handlers)

    def sheet(self, name: str, where: str, most_rows: int | None) -> Cells:
        """The cells of a sheet, or of its first `most_rows` rows. Raises Unreadable."""
        reader = _Sheet(name, Cells(where), self.from_1904, most_rows or sys.maxsize)
        self._parse(where, reader.start, reader.end, reader.text)
        return reader.cells


READ = ("style", "table-properties", "null-date", "table")


class _Sheet:
    """What the elements of one sheet mean, one after the other."""

    def __init__(self, name: str, cells: Cells, from_1904: bool, most_rows: int) -> None:
        self.cells = cells
        self._name, self._from_1904, self._most = name, from_1904, most_rows
        self._deep, self._here = 0, False
        self._row, self._repeated, self._column, self._hidden, self._cells = 0, 1, 0, False, 0
        self._cell: dict[str, str] | None = None
        self._paragraphs: list[str] = []
        self._pieces: list[str] = []
        self._length = 0
        self._aside = 0
        self._in_paragraph = 0

    def start(self, tag: str, attributes: dict[str, str]) -> None:
        kind = xml.local(tag)
        if kind == "table":
            self._deep += 1
            if self._deep == 1:
                self._here = _local(attributes).get("name", "") == self._name
        elif not self._here or self._deep > 1:
            return
        elif self._cell is None:
            self._start_outside(kind, attributes)
        elif kind in BESIDE:
            self._aside += 1
        elif not self._aside:
            self._start_text(kind, attributes)

    def _start_outside(self, kind: str, attributes: dict[str, str]) -> None:
        if kind in ("table-cell", "covered-table-cell"):
            self._cell = _local(attributes)
            self._paragraphs, self._length = [], 0
        elif kind == "table-row":
            own = _local(attributes)
            self._repeated = _count(own.get("number-rows-repeated"), self.cells.where)
            self._hidden = own.get("visibility", "visible") != "visible"
            self._column = 0
            if self._row >= self._most:
                raise xml.Enough

    def _start_text(self, kind: str, attributes: dict[str, str]) -> None:
        if kind in ("p", "h"):
            self._in_paragraph += 1
            self._pieces = []
        elif kind == "s":
            self.text(
                " " * min(_count(_local(attributes).get("c"), self.cells.where), file_safety.LONGEST_CELL)
            )
        elif kind == "tab":
            self.text("\t")
        elif kind == "line-break":
            self.text("\n")

    def text(self, piece: str) -> None:
        if self._in_paragraph and not self._aside:
            self._pieces.append(piece)
            self._length += len(piece)
            if self._length > file_safety.LONGEST_CELL:
                raise too_long(self.cells.where)

    def end(self, tag: str) -> None:
        kind = xml.local(tag)
        if kind == "table":
            self._deep -= 1
            if not self._deep:
                self._here = False
        elif not self._here or self._deep > 1:
            return
        elif kind == "table-row":
            self._row += self._repeated
        elif self._cell is None:
            return
        elif kind in BESIDE:
            self._aside -= 1
        elif self._aside:
            return
        elif kind in ("p", "h"):
            self._in_paragraph -= 1
            self._paragraphs.append("".join(self._pieces))
        elif kind in ("table-cell", "covered-table-cell"):
            self._end_cell(self._cell)
            self._cell = None

    def _end_cell(self, own: dict[str, str]) -> None:
        across = _count(own.get("number-columns-repeated"), self.cells.where)
        rows = range(self._row + 1, min(self._row + self._repeated, self._most) + 1)
        spanned = [_count(own.get(f"number-{of}-spanned"), self.cells.where) for of in ("rows", "columns")]
        if max(spanned) > 1:
            self.cells.note("RP57", rows.start, rows.start + spanned[0] - 1)
        value = self._value(own, rows)
        if value:
            self._put(value, rows, across)
        self._column += across

    def _put(self, value: str | Dated, rows: range, across: int) -> None:
        last, self._cells = rows.start + self._repeated - 1, self._cells + across * self._repeated
        if self._column + across > LAST_COLUMN:
            raise file_safety.too_wide(self.cells.where, self._column + across)
        if last > LAST_ROW or self._cells > file_safety.MOST_CELLS:
            raise unreadable(
                "FL21",
                f"{self.cells.where}: has cells down to row {last:,}, more than any return needs; delete what is no part "
                "of the table.",
            )
        for row in rows:
            for column in range(self._column + 1, self._column + across + 1):
                self.cells.put(row, column, value)
        if self._hidden:
            self.cells.note("RP58", rows.start, rows.stop - 1)

    def _value(self, own: dict[str, str], rows: range) -> str | Dated:
        """What the cell holds, blank where that is nothing."""
        kind = own.get("value-type", "")
        text = "\n".join(self._paragraphs)
        if kind == "error" or ("formula" in own and ERROR.fullmatch(text)):
            self.cells.note("RP55", rows.start, rows.stop - 1)
            return ""
        if kind == "string":
            text = own.get("string-value") or text
            if len(text) > file_safety.LONGEST_CELL:
                raise too_long(self.cells.where)
            return text
        if kind == "date":
            return of_day(own.get("date-value", ""), self._from_1904)
        if kind == "time":
            return _of_time(own.get("time-value", ""), self._from_1904)
        if kind == "boolean":
            return "TRUE" if own.get("boolean-value") in xml.TRUE else "FALSE"
        if kind in ("float", "percentage", "currency"):
            number = as_number(own.get("value", ""))
            return own.get("value", "") if number is None else number_text(number)
        if "formula" in own:
            self.cells.note("RP63", rows.start, rows.stop - 1)
        # a cell without a type is text, whoever wrote it so
        return text


def _local(attributes: dict[str, str]) -> dict[str, str]:
    """Attributes by their names without prefixes; LibreOffice's own type, the only one with errors, before the standard's."""
    own = {xml.local(key): value for key, value in attributes.items()}
    return own | {
        xml.local(key): value
        for key, value in attributes.items()
        if key == "calcext:value-type" and value == "error"
    }


def _count(text: str | None, where: str) -> int:
    """How often something is repeated: at least once."""
    if text is None:
        return 1
    if not text.strip().isdecimal() or len(text) > 12:
        raise unreadable("FL09", f"{where}: its contents are damaged; send the file again.")
    return max(int(text), 1)


def _of_time(text: str, from_1904: bool) -> str | Dated:
    found = DURATION.fullmatch(text.strip())
    if not found:
        return text
    days, hours, minutes, seconds = (float((part or "0").replace(",", ".")) for part in found.groups())
    return shown_as(days + hours / 24 + minutes / 1440 + seconds / 86_400, TIME, from_1904)
