"""Files to text: every cell as it came, by the layout, with nothing sniffed, inferred or evaluated."""

from __future__ import annotations

import codecs
import csv
import fnmatch
import io
import re
import tempfile
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass
from itertools import compress
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv

from orchestration.returns import counting, file_safety, opening, repairs
from orchestration.returns.layouts.parts import Layout, Part, fits_sheet, is_pattern
from orchestration.returns.look_alikes import heading as one_heading
from orchestration.returns.look_alikes import plain
from orchestration.returns.reasons import SHOWN, Reason, Unreadable, unreadable
from orchestration.returns.workbooks.cells import TIME, moment

# Files that a delivery may hold beside its records (see the return specification).
NIL = "NIL"
MANIFEST = "manifest.csv"
EXPLANATIONS = "explanations.csv"

# 4 MB read fastest (200,000 records x 22 columns: 0.3 s); also the longest that one record may be.
BLOCK = 4 * 1024**2
LONGEST_HEADING_ROW = 1024**2
# what is quoted of a heading or the name of a sheet
LONGEST_NAME = 100

# kinds of columns under which nothing is ever a date
NUMBERS = {"integer", "code", "flag"}

TEXT = pa.dictionary(pa.int32(), pa.string())

MARKS = {
    codecs.BOM_UTF8: "utf-8",
    codecs.BOM_UTF16_LE: "utf-16",
    codecs.BOM_UTF16_BE: "utf-16",
}
UNICODE = ("utf-8", "utf-8-sig", "utf-16")
LOST = "\ufffd".encode()
# UTF-8 read as cp1252: an accented letter or a curly quotation mark became two or three others
GARBLED = re.compile(rb"\xc3\x83\xc2[\x80-\xbf]|\xc3\xa2\xe2\x82\xac")
LOST_CHARACTERS = "\ufffd|\u00c3[\u0080-\u00bf]|\u00e2\u20ac"


@dataclass(frozen=True)
class Grid:
    """One table of a delivery as text. Columns by heading, dictionary-encoded: what follows (trimming, dates,
    splitting, de-duplication) then costs by distinct text and not by cell."""

    file: str
    sheet: str | None
    part: Part
    columns: dict[str, pa.DictionaryArray]
    first_record: int  # 1-based number of the first row kept: example rows are dropped but counted
    rows: int
    # what was met on the way that the cells do not show: (check code, record numbers)
    met: tuple[tuple[str, tuple[int, ...]], ...] = ()

    @property
    def where(self) -> str:
        return _where(self.file, self.sheet)


def read(files: dict[str, Path], layout: Layout, room: opening.Room | None = None) -> list[Grid]:
    """Read a delivery's record files (name -> bytes on disk) into one grid for each part of the layout.

    A ZIP stands for the files in it, named `return.zip/crimes.csv`. `room`: what is left of what a delivery may come to,
    where these are not all of its files. Raises Unreadable with a reason for each problem found, over all files.
    """
    room = room or opening.Room()
    if any(name.lower().endswith(".zip") for name in files):
        with tempfile.TemporaryDirectory() as folder:
            return _read(_unpacked(files, Path(folder)), layout, room)
    return _read(files, layout, room)


def _unpacked(files: dict[str, Path], folder: Path) -> dict[str, Path]:
    found = {name: path for name, path in files.items() if not name.lower().endswith(".zip")}
    reasons: list[Reason] = []
    for number, name in enumerate(files.keys() - found.keys()):
        try:
            found |= opening.unpack(name, files[name], folder / str(number))
        except Unreadable as problem:
            reasons.extend(problem.reasons)
    if reasons:
        raise Unreadable(*reasons)
    return found


def _read(files: dict[str, Path], layout: Layout, room: opening.Room) -> list[Grid]:
    reasons: list[Reason] = []
    grids: list[Grid] = []
    for name, parts in _assign(files, layout, reasons).items():
        try:
            room.take_file(name, files[name])
            if parts[0].format == "csv":
                grids.append(_read_csv(files[name], name, parts[0], layout))
            else:
                grids.extend(_read_workbook(files[name], name, parts, layout, reasons, room))
        except Unreadable as problem:
            reasons.extend(problem.reasons)
    if reasons := reasons or _in_two_files(grids):
        raise Unreadable(*reasons)
    return grids


def _in_two_files(grids: list[Grid]) -> list[Reason]:
    """Files of one table are parts of a return (a file a month) where no crime is in two of them; else they may be a
    copy, or an older version, and nobody here knows which."""
    reasons = []
    for part in dict.fromkeys(grid.part.part for grid in grids):
        of_it = [grid for grid in grids if grid.part.part == part]
        names = list(dict.fromkeys(grid.file for grid in of_it))
        files: dict[str, set[str]] = {name: set() for name in names}
        for grid in of_it if len(names) > 1 else ():
            files[grid.file] |= _crimes_of(grid)
        for number, name in enumerate(names):
            if others := [other for other in names[:number] if files[name] & files[other]]:
                both = len(files[name] & set().union(*(files[other] for other in others)))
                sentence = (
                    f"{' and '.join((*others, name))}: {len(others) + 1} files for one table have come, and {both} "
                    "crime references are in more than one of them; if one is a copy or an older version, send the "
                    "later one without it; if they are parts of one return, have each crime in one part alone, with "
                    "all its victims and suspects."
                )
                reasons.append(Reason("ST03", sentence))
    return reasons


def _crimes_of(grid: Grid) -> set[str]:
    headings = {
        row.heading
        for feed in grid.part.feeds
        for row in feed.columns["crime_reference"]
        if row.heading in grid.columns
    }
    # a column's dictionary has the texts of example rows too
    texts = (text for heading in headings for text in pc.unique(grid.columns[heading]).to_pylist())
    references = {plain(text or "") for text in texts} - {"", *grid.part.blank_values}
    return {text for text in references if not re.fullmatch(repairs.TOTAL, text)}


def _assign(files: Iterable[str], layout: Layout, reasons: list[Reason]) -> dict[str, list[Part]]:
    """file name -> the parts of the layout it holds."""
    holds: dict[str, list[Part]] = {}
    found: dict[str, list[str]] = {part.part: [] for part in layout.parts}
    for name in files:
        base = name.rpartition("/")[2].lower()
        parts = [part for part in layout.parts if fnmatch.fnmatchcase(base, part.file_pattern.lower())]
        if not parts:
            expected = " and ".join(dict.fromkeys(part.file_pattern for part in layout.parts))
            reasons.append(
                Reason(
                    "ST01",
                    f"{name}: no file of this name is expected; layout {layout.layout} has {expected}.",
                )
            )
        elif parts[0].format == "csv" and len(parts) > 1:
            several = " and ".join(part.part for part in parts)
            reasons.append(
                Reason("ST04", f"{name}: the name could mean {several}; give it a name that fits only one.")
            )
        else:
            holds[name] = parts
            for part in parts:
                found[part.part].append(name)
    for part in layout.parts:
        names = found[part.part]
        if not names:
            reasons.append(
                Reason(
                    "ST02",
                    f"No file for the {part.part} of layout {layout.layout} has come; "
                    f"send one whose name fits {part.file_pattern}.",
                )
            )
    several = {part: names for part, names in found.items() if len(names) > 1}
    if len(set(map(len, several.values()))) > 1:
        # three months of crimes and two of victims: the victims of the third would be missing from a whole return
        came = "; ".join(
            f"{len(names)} files for the {part} ({', '.join(names)})" for part, names in several.items()
        )
        reasons.append(
            Reason(
                "ST03",
                f"{came}: files of one table are joined, but not where another table has fewer; send what is missing, "
                "with its heading row alone if it has no records.",
            )
        )
    return holds


def _read_csv(path: Path, name: str, part: Part, layout: Layout) -> Grid:
    data, start = _utf8(path, name, part), 0
    for _ in range(part.banner_rows):
        line_end = re.compile(rb"\r\n|\n|\r").search(data, start)
        if not line_end:
            raise unreadable(
                "ST06",
                f"{name}: ends before its heading row, expected in row {part.banner_rows + part.heading_rows}.",
            )
        start = line_end.end()
    while data[start : start + 1] in (b"\r", b"\n"):
        start += 1
    if not data[start : start + BLOCK].strip():
        raise unreadable(
            "FL24", f"{name}: is empty; send the file again, or a file {NIL} if there is nothing to report."
        )
    if not data.endswith((b"\n", b"\r")):
        data += b"\n"
    dialect = {"delimiter": part.delimiter, "quotechar": '"', "doublequote": True}
    headings, above = _heading_rows(data[start : start + LONGEST_HEADING_ROW], name, part, dialect)
    start += above
    _check_width(len(headings), name)
    data = data[start:] if start else data
    # before the records are counted against them: a banner in their place makes every record too long
    _known(headings, part, layout, name, part.banner_rows + part.heading_rows)
    # Arrow takes an unclosed quotation mark as one cell up to the next one, or to the end of the file: records would
    # go unseen. Where every mark pairs it needs no slow look.
    if not counting.quotes_pair(data, part.delimiter) and _malformed(
        data.decode("utf-8", "replace"), dialect
    ):
        raise unreadable(
            "ST14",
            f"{name}: a quotation mark is not closed, or text follows where one closes; export it again.",
        )
    if counting.ends_mixed(data, part.delimiter):
        raise unreadable(
            "ST22",
            f"{name}: some lines end in a carriage return alone and others do not, so where a record ends "
            "cannot be known; export the file again with one kind of line ending.",
        )
    table = _arrow_csv(pa.py_buffer(data), len(headings), path, name, part)
    _check_count(name, table.num_rows, counting.lines(data, part.delimiter) - 1)
    garbled = (part.encoding not in UNICODE and bool(GARBLED.search(data))) or LOST in data
    del data
    table = table.slice(part.example_rows).unify_dictionaries().combine_chunks()
    arrays = [column.chunk(0) if column.num_chunks else pa.array([], TEXT) for column in table.itercolumns()]
    return Grid(
        name,
        None,
        part,
        _by_heading(headings, arrays, part, layout, name, part.banner_rows + part.heading_rows),
        part.example_rows + 1,
        table.num_rows,
        (("RP62", _lost_characters(arrays, part.example_rows + 1)),) if garbled else (),
    )


def _heading_rows(data: bytes, name: str, part: Part, dialect: dict[str, Any]) -> tuple[list[str], int]:
    """The headings, and how many bytes stand before the last row of them."""
    lines, above = io.StringIO(data.decode("utf-8", "replace"), newline=""), 0
    rows: list[list[str]] = []
    try:
        while len(rows) < part.heading_rows:
            above = lines.tell()
            # a reader for each row: one for all would have read on
            if row := next(csv.reader(iter(lines.readline, ""), strict=True, **dialect)):
                rows.append(row)
    except (csv.Error, StopIteration):
        raise unreadable(
            "ST14", f"{name}: the heading row cannot be read; is a quotation mark not closed?"
        ) from None
    return joined_headings(rows), len(lines.getvalue()[:above].encode())


def joined_headings(rows: list[list[str]]) -> list[str]:
    """The headings of a table, those of several rows above each other joined by a blank.

    A group's text stands in the first of the cells merged to its right: it is that of the blank cells after it.
    """
    *groups, last = [[one_heading(cell) for cell in row] for row in rows]
    width = len(last)
    above, told = [""] * width, list(map(bool, last))
    for row in groups:
        text, of = "", ""
        for position, cell in enumerate((row + [""] * width)[:width]):
            # merged cells do not reach beyond the group above them
            text = cell if cell or above[position] != of else text
            of = above[position]
            above[position] = f"{of} {text}".strip()
            told[position] |= bool(cell)
    # beside the last group a column without a text of its own is no column
    return [
        f"{over} {heading}".strip() if is_told else ""
        for over, heading, is_told in zip(above, last, told, strict=True)
    ]


def _utf8(path: Path, name: str, part: Part) -> bytes:
    """The file's bytes as UTF-8, without a byte order mark."""
    file_safety.check_size(path, name)
    data = path.read_bytes()
    file_safety.check_text(data[:512], name)
    codec = codecs.lookup(part.encoding).name
    marked = next((encoding for mark, encoding in MARKS.items() if data.startswith(mark)), None)
    if marked and not codec.startswith(marked):
        raise unreadable(
            "FL27", f"{name}: is {marked} (by its first bytes) and not {part.encoding}; export it so."
        )
    if codec.startswith("utf-8"):
        # whether it is UTF-8 arrow checks as it reads, at no cost
        data = data[len(codecs.BOM_UTF8) :] if marked else data
    elif not (data.isascii() and _keeps_ascii(codec)):
        text = _decoded(data, name, part.encoding)
        if codec not in UNICODE and _is_utf8(data):
            # read as agreed, each of its letters beyond English would become two others
            raise unreadable("FL26", f"{name}: is utf-8 text and not {part.encoding}; export it so.")
        data = text.encode("utf-8")
    if b"\0" in data:
        raise unreadable(
            "FL25",
            f"{name}: byte {data.index(0) + 1} is zero, which no text has; the file is damaged "
            f"or not {part.encoding}; export it again.",
        )
    return data


def _is_utf8(data: bytes) -> bool:
    try:
        data.decode("utf-8")
    except UnicodeDecodeError:
        return False
    return True


def _keeps_ascii(codec: str) -> bool:
    ascii_bytes = bytes(range(128))
    return ascii_bytes.decode(codec, "replace") == ascii_bytes.decode("ascii")


def _decoded(data: bytes, name: str, encoding: str) -> str:
    try:
        return data.decode(encoding)
    except UnicodeDecodeError as problem:
        raise unreadable(
            "FL26", f"{name}: byte {problem.start + 1} is not {encoding} text; export the file as {encoding}."
        ) from None


def _malformed(text: str, dialect: dict[str, Any]) -> bool:
    csv.field_size_limit(file_safety.LARGEST_FILE)
    try:
        for _ in csv.reader(io.StringIO(text, newline=""), strict=True, **dialect):
            pass
    except csv.Error:
        return True
    return False


def _arrow_csv(data: pa.Buffer, width: int, path: Path, name: str, part: Part) -> pa.Table:
    names = [str(position) for position in range(width)]

    def parse(threads: bool, on_invalid: Any) -> pa.Table:
        return pyarrow.csv.read_csv(
            data,
            pyarrow.csv.ReadOptions(
                use_threads=threads, block_size=BLOCK, column_names=names, skip_rows_after_names=1
            ),
            pyarrow.csv.ParseOptions(
                delimiter=part.delimiter, newlines_in_values=True, invalid_row_handler=on_invalid
            ),
            pyarrow.csv.ConvertOptions(column_types=dict.fromkeys(names, TEXT), strings_can_be_null=False),
        )

    try:
        return parse(len(data) > BLOCK, None)
    except pa.ArrowInvalid:
        if codecs.lookup(part.encoding).name.startswith("utf-8"):
            _decoded(path.read_bytes(), name, "utf-8")
        # Arrow's own message quotes the record. Read again, one thread, which alone knows record numbers.
        wrong: list[tuple[int, int]] = []

        def note(row: Any) -> str:
            wrong.append((row.number - 1, row.actual_columns))
            return "skip"

        try:
            parse(False, note)
        except pa.ArrowInvalid:
            raise unreadable(
                "ST15",
                f"{name}: a record is longer than {BLOCK // 1024**2} MB, or its end cannot be found; "
                "a quotation mark is probably not closed; export the file again.",
            ) from None
    shown = ", ".join(f"record {number} has {cells} cells" for number, cells in wrong[:3])
    more = f" and {len(wrong) - 3} more records do not fit" if len(wrong) > 3 else ""
    raise unreadable(
        "ST13",
        f"{name}: {shown}{more} where the heading row has {width}; "
        "look for unquoted separators or line breaks there, and export the file again.",
    )


def _check_width(columns: int, where: str) -> None:
    if columns > file_safety.MOST_COLUMNS:
        raise file_safety.too_wide(where, columns)


def _check_count(where: str, read: int, counted: int) -> None:
    if read != counted:
        raise unreadable(
            "ST16",
            f"{where}: {read} records were read, but {counted} are there by an independent count; look for "
            "quotation marks that do not pair, and export the file again.",
        )


def _lost_characters(arrays: list[pa.DictionaryArray], first_record: int) -> tuple[int, ...]:
    """Numbers of the records with a character that the export lost or read in the wrong encoding."""
    found: set[int] = set()
    for array in arrays:
        lost = pc.match_substring_regex(array.dictionary, LOST_CHARACTERS)
        if pc.any(lost).as_py():
            found.update(np.flatnonzero(lost.take(array.indices).to_numpy(zero_copy_only=False)).tolist())
    return tuple(row + first_record for row in sorted(found))


def _read_workbook(
    path: Path, name: str, parts: list[Part], layout: Layout, reasons: list[Reason], room: opening.Room
) -> list[Grid]:
    grids = []
    with opening.workbook(name, path, parts[0].format, room) as book:
        for part, sheet in _sheets(parts, book.names, name, reasons):
            try:
                grids.append(_sheet(book, sheet, part, layout))
            except Unreadable as problem:
                reasons.extend(problem.reasons)
        reasons.extend(_like_those_read(book, grids))
    return grids


def _like_those_read(book: opening.Book, grids: list[Grid]) -> list[Reason]:
    """A sheet with the headings of those that a pattern lets in, under a name that it does not: a month would be lost."""
    reasons, read = [], {grid.sheet for grid in grids}
    for part in {grid.part.part: grid.part for grid in grids if is_pattern(grid.part.sheet)}.values():
        heading_row = part.banner_rows + part.heading_rows
        for name in (name for name in book.names if name not in read):
            with suppress(Unreadable):  # what is wrong with a sheet that is not read is no one's business
                rows = book.sheet(name, heading_row).rows(heading_row)[part.banner_rows :]
                found = set(joined_headings(rows)) if len(rows) == part.heading_rows else set()
                if len(found & set(part.headings)) * 2 > len(part.headings):
                    sentence = (
                        f"{book.name}: sheet {name!r} has the headings of the {part.part}, but its name does not fit "
                        f"{part.sheet!r}; name it as the others are, or remove it if it is a copy."
                    )
                    reasons.append(Reason("ST05", sentence))
    return reasons


def _sheets(parts: list[Part], names: list[str], name: str, reasons: list[Reason]) -> list[tuple[Part, str]]:
    """Which sheet is which part: one of that name or number, or each whose name fits a pattern."""
    found: list[tuple[Part, str]] = []
    for part in parts:
        if part.sheet.isdigit():
            fits = names[int(part.sheet) - 1 :][:1] if int(part.sheet) else []
        else:
            fits = [sheet for sheet in names if fits_sheet(sheet, part.sheet)]
        found += [(part, sheet) for sheet in fits]
        if not fits:
            wanted = f"sheet number {part.sheet}" if part.sheet.isdigit() else f"sheet {part.sheet!r}"
            sentence = f"{name}: has no {wanted} for the {part.part}; its sheets are {_few(names)}."
            reasons.append(Reason("ST05", sentence))
    for sheet in names:
        meant = [part.part for part, one in found if one == sheet]
        if len(meant) > 1:
            sentence = f"{name}: sheet {sheet!r} could be {' and '.join(meant)}; name the sheets as the layout has them."
            reasons.append(Reason("ST04", sentence))
            found = [(part, one) for part, one in found if one != sheet]
    return found


def _sheet(book: opening.Book, name: str, part: Part, layout: Layout) -> Grid:
    sheet, where = book.sheet(name), _where(book.name, name)
    heading_row, first = part.banner_rows + part.heading_rows, part.example_rows + 1
    if sheet.height < heading_row:
        raise unreadable(
            "ST06",
            f"{where}: has no heading row, expected in row {heading_row}; "
            f"send the sheet again, or a file {NIL} if there is nothing to report.",
        )
    headings = joined_headings(sheet.rows(heading_row)[part.banner_rows :])
    above = heading_row + part.example_rows
    kept = max(sheet.height - above, 0)
    blank = pa.DictionaryArray.from_arrays(pa.array(np.zeros(kept, np.int32)), pa.array([""], pa.string()))
    met = {code: set(rows) for code, rows in sheet.met.items()}
    for code, applies in (("RP59", name in book.hidden), ("RP60", book.from_1904)):
        if applies:
            met[code] = {above + 1}
    arrays = []
    for number, heading in enumerate(headings, 1):
        column = sheet.columns.get(number)
        if column is None:
            arrays.append(blank)
            continue
        places = np.frombuffer(column.places, np.int32)[above:]
        texts, undone = _undone(column, part, heading, book.from_1904)
        if undone:
            rows = np.flatnonzero(np.isin(places, undone)) + above + 1
            met.setdefault("RP07", set()).update(rows.tolist())
        # what stands in the rows above is no text of the column
        used = np.zeros(len(texts), bool)
        used[places] = True
        places = (np.cumsum(used, dtype=np.int32) - 1)[places]
        texts = pa.array(list(compress(texts, used)), pa.string())
        arrays.append(pa.DictionaryArray.from_arrays(pa.array(places), texts))
    numbers = {
        code: tuple(number for row in sorted(found) if (number := row - heading_row) >= first)
        for code, found in met.items()
    }
    return Grid(
        book.name,
        name,
        part,
        _by_heading(headings, arrays, part, layout, where, heading_row),
        first,
        kept,
        tuple((code, records) for code, records in numbers.items() if records),
    )


def _undone(column: opening.Column, part: Part, heading: str, from_1904: bool) -> tuple[list[str], list[int]]:
    """A column's texts, those shown as dates or times as what they are under its heading: a day under a date, whatever
    its format, and a number under a number or code. And the places of those that became numbers again."""
    if not column.shown:
        return column.texts, []
    kinds = {repairs.kind(row) for row in part.columns if row.heading == heading and row.record_type}
    texts, undone = list(column.texts), []
    for place, (number, style) in column.shown.items():
        if "date" in kinds:
            when = moment(float(number), from_1904)
            texts[place] = when.date().isoformat() if when else texts[place]
        elif kinds & NUMBERS or (style == TIME and kinds - {None} and number.isdigit() and number != "0"):
            texts[place] = number
            undone.append(place)
    return texts, undone


def _known(
    headings: list[str], part: Part, layout: Layout, where: str, heading_row: int
) -> tuple[list[str], list[str]]:
    """Headings that are not blank, and those of them that the layout does not know. Raises Unreadable where these are
    most: it is another file, or not its heading row."""
    named = [heading for heading in headings if heading]
    unknown = [heading for heading in named if heading not in part.headings]
    if len(unknown) * 2 > len(named) or not named:
        # Not quoted: without its heading row a file's first record stands here.
        raise unreadable(
            "ST12",
            f"{where}: row {heading_row} has {len(named)} headings, of which {len(unknown)} are unknown; "
            f"layout {layout.layout} expects {_quoted(part.headings)} there; is it another file, or is the "
            "heading row elsewhere?",
        )
    return named, unknown


def _by_heading(
    headings: list[str],
    arrays: list[pa.DictionaryArray],
    part: Part,
    layout: Layout,
    where: str,
    heading_row: int,
) -> dict[str, pa.DictionaryArray]:
    """Columns by heading. Raises Unreadable where the headings are not those of the layout."""
    named, unknown = _known(headings, part, layout, where, heading_row)
    feeds = part.feeds_there(named)
    missing = [
        " or ".join(dict.fromkeys(row.heading for row in rows))
        for feed in feeds
        for rows in feed.columns.values()
        if any(row.must for row in rows) and not any(row.heading in named for row in rows)
    ]
    missing += [says.heading for says in part.says if says.heading not in named]
    missing = list(dict.fromkeys(missing))
    expected = f"layout {layout.layout} expects"
    reasons: list[Reason] = []

    def wrong(code: str, sentence: str) -> None:
        reasons.append(Reason(code, f"{where}: {sentence}"))

    if unknown:
        wrong(
            "ST07",
            f"unknown heading {_few(unknown)}; {expected} {_quoted(missing or part.headings)}"
            f"{' instead' if missing else ''}; rename or remove the column{_more_groups(unknown, part)}.",
        )
    elif missing:
        wrong(
            "ST08",
            f"heading {_quoted(missing)} is missing; {expected} it, and row {heading_row} has "
            f"{_few(named)}; add the column, blank if there is nothing to say.",
        )
    if twice := sorted({heading for heading in named if named.count(heading) > 1}):
        wrong("ST09", f"heading {_few(twice)} stands more than once; keep one column of each.")
    for feed in feeds:
        for rows in feed.columns.values():
            aliases = list(dict.fromkeys(row.heading for row in rows if row.heading in named))
            if len(aliases) > 1:
                wrong("ST10", f"{_quoted(aliases)} mean the same column; keep one of them.")
    for position, (heading, array) in enumerate(zip(headings, arrays, strict=True), 1):
        if not heading and pc.any(pc.not_equal(pc.utf8_trim_whitespace(array.dictionary), "")).as_py():
            wrong("ST11", f"column {position} holds text but has no heading; name or remove it.")
    if reasons:
        raise Unreadable(*dict.fromkeys(reasons))
    return {heading: array for heading, array in zip(headings, arrays, strict=True) if heading}


def _more_groups(unknown: list[str], part: Part) -> str:
    """What to say of headings that are one more of those side by side: removing them would lose persons."""
    fed = {re.sub("[0-9]+", "", row.heading): row.group for row in part.columns if row.group}
    groups = [fed[shape] for heading in unknown if (shape := re.sub("[0-9]+", "", heading)) in fed]
    return (
        f", but not where it holds a person: the layout has {max(groups)} side by side, and repeats in "
        "seeds/layouts/layouts.csv takes more"
        if groups
        else ""
    )


def _where(file: str, sheet: str | None) -> str:
    return f"{file}, sheet {sheet}" if sheet else file


def _quoted(names: Iterable[str]) -> str:
    return ", ".join(f"'{name}'" for name in names)


def _few(names: list[str]) -> str:
    """Names that a file has, which may be thousands and of any length."""
    short = [name if len(name) <= LONGEST_NAME else f"{name[:LONGEST_NAME]}…" for name in names[:SHOWN]]
    return _quoted(short) + (f" and {len(names) - SHOWN:,} more" if len(names) > SHOWN else "")
