"""XLS: its cells by calamine, and from its BIFF records what calamine does not give and how many rows there are."""

import io
import struct
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from pathlib import Path
from typing import Any

from orchestration.returns import file_safety
from orchestration.returns.reasons import Unreadable, unreadable
from orchestration.returns.workbooks.cells import DATE, TIME, Cells, Dated, number_text, shown_as, too_long

# records of MS-XLS
BOF, END, FILEPASS, BOUNDSHEET, DATEMODE = 0x0809, 0x000A, 0x002F, 0x0085, 0x0022
SST, CONTINUE, ROW, MERGED = 0x00FC, 0x003C, 0x0208, 0x00E5
NUMBER, RK, MULRK, LABELSST, LABEL, RSTRING, FORMULA, BOOLERR = (
    0x0203, 0x027E, 0x00BD, 0x00FD, 0x0204, 0x00D6, 0x0006, 0x0205,
)  # fmt: skip
BIFF8 = 0x0600
MOST_COLUMNS = 256
NO_SECTOR = 0xFFFFFFF0
HIDDEN_ROW = 0x20
# what a formula's result is, where it is no number
ERROR_RESULT, BLANK_RESULT = 2, 3


@dataclass
class _Records:
    """What a sheet's records hold of its cells. Rows from 1; cells by row and column, both from 1."""

    rows: set[int] = field(default_factory=set)
    numbers: dict[tuple[int, int], float] = field(default_factory=dict)
    errors: set[int] = field(default_factory=set)
    hidden: set[int] = field(default_factory=set)
    merged: list[tuple[int, int]] = field(default_factory=list)


class Xls:
    """An XLS: `names` of its sheets in order, those `hidden`, whether its days count from 1904."""

    def __init__(self, path: Path, name: str) -> None:
        from python_calamine import CalamineWorkbook

        self.path, self.name = path, name
        self.from_1904 = False
        self._starts: list[int] = []
        self._shown: list[bool] = []
        self._blank: set[int] = set()
        data = path.read_bytes()
        try:
            self._stream = ole_stream(data, ("Workbook", "Book"))
            self._read_globals()
            # before calamine, which lays every sheet out as it opens the workbook
            self._sheets = [self._records(start) for start in self._starts]
        except (struct.error, IndexError, KeyError):
            raise damaged(name) from None
        try:
            self._book = CalamineWorkbook.from_filelike(io.BytesIO(data))
        except BaseException as problem:
            raise not_a_workbook(name, problem) from None
        self.names: list[str] = list(self._book.sheet_names)
        if len(self.names) != len(self._starts):
            raise damaged(name)
        self.hidden = [sheet for sheet, shown in zip(self.names, self._shown, strict=True) if not shown]

    def _read_globals(self) -> None:
        version, texts = 0, []
        for kind, record in biff(self._stream, 0):
            if kind == BOF and not version:
                version = struct.unpack_from("<H", record)[0]
            elif kind == FILEPASS:
                raise unreadable("FL07", f"{self.name}: is protected by a password; save it without one.")
            elif kind == BOUNDSHEET:
                start, state = struct.unpack_from("<IB", record)
                self._starts.append(start)
                self._shown.append(not state & 3)
            elif kind == DATEMODE:
                self.from_1904 = struct.unpack_from("<H", record)[0] == 1
            elif kind == SST or (kind == CONTINUE and texts):
                texts.append(record)
            elif texts and version == BIFF8:
                self._blank, texts = blank_texts(texts), []

    def sheet(self, name: str, where: str, most_rows: int | None) -> Cells:
        """The cells of a sheet, or of its first `most_rows` rows. Raises Unreadable."""
        records = self._sheets[self.names.index(name)]
        try:
            # not skipping empty rows and columns above and beside: record numbers are positions
            table = self._book.get_sheet_by_name(name).to_python(skip_empty_area=False)
        except BaseException as problem:
            raise not_a_workbook(self.name, problem) from None
        cells = Cells(where)
        for number, row in enumerate(table[:most_rows], 1):
            for column, value in enumerate(row, 1):
                if value != "" or value is False:
                    cells.put(
                        number, column, self._value(value, records.numbers.get((number, column)), where)
                    )
        filled = {row for row in records.rows if row <= (most_rows or row)}
        if (read := cells.filled_rows()) != filled:
            raise unreadable(
                "ST16",
                f"{where}: {len(read)} rows were read, but {len(filled)} are there by an independent count; save the "
                "workbook as XLSX.",
            )
        for row in records.errors:
            cells.note("RP55", row)
        for row in records.hidden & filled:
            cells.note("RP58", row)
        for first, last in records.merged:
            cells.note("RP57", first, last)
        return cells

    def _value(self, value: Any, number: float | None, where: str) -> str | Dated:
        if isinstance(value, str):
            if len(value) > file_safety.LONGEST_CELL:
                raise too_long(where)
            return value
        if isinstance(value, bool):
            return "TRUE" if value else "FALSE"
        number = float(value) if number is None and isinstance(value, int | float) else number
        if number is None:
            return value.isoformat() if hasattr(value, "isoformat") else str(value)
        if isinstance(value, time | timedelta | date):
            style = DATE if isinstance(value, date | datetime) else TIME
            return shown_as(number, style, self.from_1904)
        return number_text(number)

    def _records(self, start: int) -> _Records:
        found = _Records()
        for kind, record in biff(self._stream, start):
            if kind == ROW:
                row, flags = struct.unpack_from("<H10xH", record)
                if flags & HIDDEN_ROW:
                    found.hidden.add(row + 1)
            elif kind == MERGED:
                for at in range(2, len(record) - 7, 8):
                    first, last = struct.unpack_from("<HH", record, at)
                    found.merged.append((first + 1, last + 1))
            elif kind in (NUMBER, RK, MULRK, LABELSST, LABEL, RSTRING, FORMULA, BOOLERR):
                self._note_cell(kind, record, found)
        return found

    def _note_cell(self, kind: int, record: bytes, found: _Records) -> None:
        row, column = (place + 1 for place in struct.unpack_from("<HH", record))
        last = column + (len(record) - 6) // 6 - 1 if kind == MULRK else column
        # one damaged byte moves a cell to column 65,000: the reader fills the area up to it, 23 GB of cells
        if last > MOST_COLUMNS:
            raise IndexError("a cell is where the format has none")
        if kind == MULRK:
            for place in range(column, last + 1):
                packed = struct.unpack_from("<I", record, 6 + 6 * (place - column))[0]
                found.numbers[row, place] = rk(packed)
        elif kind == RK:
            found.numbers[row, column] = rk(struct.unpack_from("<I", record, 6)[0])
        elif kind == NUMBER or (kind == FORMULA and record[12:14] != b"\xff\xff"):
            found.numbers[row, column] = struct.unpack_from("<d", record, 6)[0]
        elif (kind == BOOLERR and record[7]) or (kind == FORMULA and record[6] == ERROR_RESULT):
            found.errors.add(row)
            return
        elif self._is_blank(kind, record):
            return
        found.rows.add(row)

    def _is_blank(self, kind: int, record: bytes) -> bool:
        """Whether a cell of text is there but empty."""
        if kind == LABELSST:
            return struct.unpack_from("<I", record, 6)[0] in self._blank
        if kind in (LABEL, RSTRING):
            return not struct.unpack_from("<H", record, 6)[0]
        return kind == FORMULA and record[6] == BLANK_RESULT


def damaged(name: str) -> Unreadable:
    return unreadable(
        "FL09", f"{name}: is cut short or damaged; send it again, or save it as XLSX if it opens."
    )


def not_a_workbook(name: str, problem: BaseException) -> BaseException:
    """What an exception of calamine's means. A panic in its Rust code arrives as a BaseException that is none of Python's
    own."""
    if isinstance(problem, KeyboardInterrupt | SystemExit | GeneratorExit | MemoryError):
        return problem
    if type(problem).__name__ == "PasswordError":
        return unreadable("FL07", f"{name}: is protected by a password; save it without one.")
    return unreadable(
        "FL09", f"{name}: could not be read as a workbook ({type(problem).__name__}); save it as XLSX."
    )


def rk(value: int) -> float:
    """A number packed into 30 bits."""
    if value & 2:
        number = float(struct.unpack("<i", struct.pack("<I", value))[0] >> 2)
    else:
        number = struct.unpack("<d", struct.pack("<II", 0, value & 0xFFFFFFFC))[0]
    return number / 100 if value & 1 else number


def blank_texts(segments: list[bytes]) -> set[int]:
    """The numbers of the shared texts (SST and its CONTINUEs) that are there but blank."""
    blank, at, rest = set(), 8, list(segments)
    here = rest.pop(0)

    def skip(count: int) -> None:
        nonlocal here, at
        at += count
        while at > len(here) and rest:
            at -= len(here)
            here = rest.pop(0)

    for number in range(struct.unpack_from("<I", segments[0], 4)[0]):
        if at >= len(here):
            if not rest:
                break
            at, here = at - len(here), rest.pop(0)
        length, flags = struct.unpack_from("<HB", here, at)
        runs = struct.unpack_from("<H", here, at + 3)[0] * 4 if flags & 8 else 0
        extra = struct.unpack_from("<I", here, at + 3 + (2 if flags & 8 else 0))[0] if flags & 4 else 0
        at += 3 + (2 if flags & 8 else 0) + (4 if flags & 4 else 0)
        if not length:
            blank.add(number)
        while length:
            width = 2 if flags & 1 else 1
            taken = min(length, (len(here) - at) // width)
            length, at = length - taken, at + taken * width
            if length:
                if not rest:
                    return blank
                # the rest of a text begins with flags of its own
                here, at = rest.pop(0), 1
                flags = (flags & ~1) | (here[0] & 1)
        skip(runs + extra)
    return blank


def biff(stream: bytes, start: int) -> Iterator[tuple[int, bytes]]:
    """Record type and content, from a substream's BOF to its EOF; those of a chart within it are left out."""
    deep = 0
    while start + 4 <= len(stream):
        kind, length = struct.unpack_from("<HH", stream, start)
        deep += kind == BOF
        if deep <= 1:
            yield kind, stream[start + 4 : start + 4 + length]
        deep -= kind == END
        if kind == END and deep <= 0:
            return
        start += 4 + length
    raise IndexError("stream ends before its EOF record")


def ole_stream(data: bytes, names: tuple[str, ...]) -> bytes:
    """One stream of a compound file (MS-CFB), by name."""
    shift = struct.unpack_from("<H", data, 30)[0]
    if shift not in (9, 12):
        raise IndexError("sectors have no size that there is")
    size = 1 << shift
    first_directory, cutoff, first_mini = struct.unpack_from("<I4xII", data, 48)
    places = list(struct.unpack_from("<109I", data, 76))
    more, left = struct.unpack_from("<II", data, 68)
    left = min(left, len(data) // size)
    while left and more < NO_SECTOR:
        *extra, more = struct.unpack_from(f"<{size // 4}I", data, (more + 1) * size)
        places, left = places + extra, left - 1
    table = [
        entry
        for place in places
        if place < NO_SECTOR
        for entry in struct.unpack_from(f"<{size // 4}I", data, (place + 1) * size)
    ]

    def chain(sector: int, following: list[int], source: bytes, width: int, offset: int) -> bytes:
        blocks, seen = [], 0
        while sector < NO_SECTOR:
            if (seen := seen + 1) > len(following):
                raise IndexError("sectors go round in a circle")
            blocks.append(source[(sector + offset) * width : (sector + offset + 1) * width])
            sector = following[sector]
        return b"".join(blocks)

    directory = chain(first_directory, table, data, size, 1)
    entries = {}
    for at in range(0, len(directory), 128):
        length = struct.unpack_from("<H", directory, at + 64)[0]
        title = directory[at : at + max(length - 2, 0)].decode("utf-16-le", "replace")
        entries[title] = struct.unpack_from("<II", directory, at + 116)
    start, length = entries[next((title for title in names if title in entries), names[0])]
    if length >= cutoff:
        return chain(start, table, data, size, 1)[:length]
    small = chain(entries["Root Entry"][0], table, data, size, 1)
    mini = chain(first_mini, table, data, size, 1)
    following = list(struct.unpack(f"<{len(mini) // 4}I", mini))
    return chain(start, following, small, 64, 0)[:length]
