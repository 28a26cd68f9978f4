"""A CSV of a return as a grid: decoded, its headings checked, its cells as text."""

import codecs
import csv
import io
import re
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.csv

from orchestration.returns import counting, file_safety
from orchestration.returns.grids import (
    NIL,
    Grid,
    by_heading,
    check_count,
    check_width,
    joined_headings,
    known_columns,
    lost_characters,
)
from orchestration.returns.layouts.parts import Layout, Part
from orchestration.returns.reasons import unreadable

# 4 MB read fastest (200,000 records x 22 columns: 0.3 s); also the longest that one record may be.
BLOCK = 4 * 1024**2
LONGEST_HEADING_ROW = 1024**2
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


def read_csv(path: Path, name: str, part: Part, layout: Layout) -> Grid:
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
    check_width(len(headings), name)
    data = data[start:] if start else data
    # before the records are counted against them: a banner in their place makes every record too long
    known_columns(headings, part, layout, name, part.banner_rows + part.heading_rows)
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
    check_count(name, table.num_rows, counting.lines(data, part.delimiter) - 1)
    garbled = (part.encoding not in UNICODE and bool(GARBLED.search(data))) or LOST in data
    del data
    table = table.slice(part.example_rows).unify_dictionaries().combine_chunks()
    arrays = [column.chunk(0) if column.num_chunks else pa.array([], TEXT) for column in table.itercolumns()]
    return Grid(
        name,
        None,
        part,
        by_heading(headings, arrays, part, layout, name, part.banner_rows + part.heading_rows),
        part.example_rows + 1,
        table.num_rows,
        (("RP62", lost_characters(arrays, part.example_rows + 1)),) if garbled else (),
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
        # Arrow's own message quotes the record. Read again, one thread, which alone has record numbers.
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
