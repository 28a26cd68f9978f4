"""How many rows a file holds, counted without the parser that reads it: what is read must come to the same.

CSV: the ends of lines outside quotation marks, found over the bytes. XLSX, XLSM: the rows of the sheet's XML
that hold a value, streamed from the ZIP. ODS: the same by an XML parser. XLS: the rows named by the cell
records of the sheet's BIFF stream.
"""

# file_safety refuses XML with a document type, the root of all that can be done with XML, before it comes here
# ruff: noqa: S314

from __future__ import annotations

import re
import struct
import zipfile
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO
from xml.etree import ElementTree

import numpy as np

from orchestration.returns import file_safety
from orchestration.returns.reasons import unreadable

QUOTE, LINE_FEED, RETURN = 0x22, 0x0A, 0x0D
# 16,384 cells of 60 bytes of XML, and a long text in each tenth of them
LONGEST_ROW = 32 * 1024**2
XML_BLOCK = 4 * 1024**2
# hidden rows, spreadsheet errors and formulas are looked at one by one
OUT_OF_THE_ORDINARY = (b'hidden="', b't="e"')
TAG_ENDS = np.frombuffer(b" >/\t\r\n", np.uint8)
MOST_NOTED = 10_000
MOST_XLS_COLUMNS = 256

# BIFF records of MS-XLS; the cells are NUMBER, RK, MULRK, LABELSST, LABEL, RSTRING, FORMULA, BOOLERR
END, FILEPASS, BOUNDSHEET = 0x000A, 0x002F, 0x0085
CELLS = {0x0203, 0x027E, 0x00BD, 0x00FD, 0x0204, 0x00D6, 0x0006, 0x0205}
NO_SECTOR = 0xFFFFFFF0


def lines(data: bytes, delimiter: str) -> int:
    """Rows of a CSV's bytes (UTF-8), the heading row too; blank lines are none."""
    text_ends, next_starts = line_ends(data, delimiter)
    return int((text_ends > np.concatenate(([0], next_starts[:-1]))).sum()) if len(text_ends) else 0


def ends_mixed(data: bytes, delimiter: str) -> bool:
    """Whether some lines end in a carriage return alone and others in a line feed."""
    if data.count(b"\r") == data.count(b"\r\n"):
        return False
    text_ends, next_starts = line_ends(data, delimiter)
    last = np.frombuffer(data, np.uint8)[next_starts[next_starts > text_ends] - 1]
    return bool((last == RETURN).any() and (last == LINE_FEED).any())


def quotes_pair(data: bytes, delimiter: str) -> bool:
    """Whether every quotation mark opens a cell, closes one, or is doubled inside one."""
    octets = np.frombuffer(data, np.uint8)
    return _paired(octets, np.flatnonzero(octets == QUOTE), delimiter)


def line_ends(data: bytes, delimiter: str) -> tuple[np.ndarray, np.ndarray]:
    """Where the text of each line ends, and where the next line begins; equal for a last line without an end."""
    octets = np.frombuffer(data, np.uint8)
    quotes = np.flatnonzero(octets == QUOTE)
    if not _paired(octets, quotes, delimiter):
        return _walked(data, delimiter)
    ends = np.flatnonzero(octets == LINE_FEED)
    returns = np.flatnonzero(octets == RETURN)
    alone = octets[np.minimum(returns + 1, len(octets) - 1)] != LINE_FEED
    if alone.any():
        ends = np.sort(np.concatenate((ends, returns[alone])))
    if len(quotes):
        ends = ends[np.searchsorted(quotes, ends) % 2 == 0]
    text_ends = ends - ((octets[ends] == LINE_FEED) & (ends > 0) & (octets[ends - 1] == RETURN))
    next_starts = ends + 1
    if len(octets) and (not len(ends) or next_starts[-1] < len(octets)):
        text_ends, next_starts = np.append(text_ends, len(octets)), np.append(next_starts, len(octets))
    return text_ends, next_starts


def _paired(octets: np.ndarray, quotes: np.ndarray, delimiter: str) -> bool:
    """As quotes_pair: then a place is inside quotation marks exactly when an odd number stands before it, and no
    walk is needed."""
    if not len(quotes):
        return True
    opening, closing = quotes[0::2], quotes[1::2]
    if len(opening) != len(closing):
        return False
    beside = np.zeros(256, bool)
    beside[[ord(delimiter), LINE_FEED, RETURN]] = True
    doubled = np.concatenate(([False], opening[1:] == closing[:-1] + 1))
    opens = (opening == 0) | beside[octets[np.maximum(opening - 1, 0)]] | doubled
    after = octets[np.minimum(closing + 1, len(octets) - 1)]
    closes = (closing + 1 >= len(octets)) | beside[after] | (after == QUOTE)
    return bool(opens.all() and closes.all())


def _walked(data: bytes, delimiter: str) -> tuple[np.ndarray, np.ndarray]:
    """The same for text with stray quotation marks, cell by cell: a mark opens a cell only at its beginning."""
    separator = re.escape(delimiter.encode())
    cell = rb'(?:"[^"]*(?:""[^"]*)*")?[^' + separator + rb"\r\n]*(" + separator + rb"|\r\n|\r|\n|\Z)"
    found = np.array(list(_cell_ends(re.compile(cell), data, delimiter.encode())), np.int64).reshape(-1, 2)
    return found[:, 0], found[:, 1]


def _cell_ends(cell: re.Pattern[bytes], data: bytes, delimiter: bytes) -> Iterator[tuple[int, int]]:
    """(text end, next start) of each line."""
    position = 0
    while position < len(data):
        match = cell.match(data, position)
        position = match.end()
        if match[1] != delimiter:
            yield match.start(1), position


@dataclass
class SheetCount:
    """What the count over a sheet finds, and what it meets on the way. Rows by number, from 1."""

    filled: int = 0
    """rows that hold a value"""
    last_row: int = 0
    columns: int = 0
    met: dict[str, list[int]] = field(default_factory=lambda: defaultdict(list))
    """rows by the check code of what stands there that a reader of values alone would not see"""


def xlsx(path: Path, name: str) -> tuple[dict[str, str], bool]:
    """The sheets of an XLSX or XLSM with their entries in the ZIP, and whether its days count from 1904."""
    try:
        with file_safety.opened(path, name) as packed:
            directory = ElementTree.fromstring(packed.read("xl/workbook.xml"))
            relations = ElementTree.fromstring(packed.read("xl/_rels/workbook.xml.rels"))
            entries = {entry.lower(): entry for entry in packed.namelist()}
    except (KeyError, ElementTree.ParseError):
        raise unreadable(
            "FL09", f"{name}: its list of sheets is cut short or damaged; save it again."
        ) from None
    targets = {row.get("Id"): row.get("Target", "") for row in relations}
    sheets, from_1904 = {}, False
    for element in directory.iter():
        kind = element.tag.rpartition("}")[2]
        if kind == "workbookPr":
            from_1904 = element.get("date1904") in ("1", "true")
        elif kind == "sheet":
            identity = next((value for key, value in element.items() if key.endswith("}id")), None)
            target = targets.get(identity, "")
            entry = target.lstrip("/") if target.startswith("/") else f"xl/{target}"
            if entry.lower() in entries:
                sheets[element.get("name", "")] = entries[entry.lower()]
    return sheets, from_1904


def xlsx_sheet(path: Path, entry: str, where: str) -> SheetCount:
    """Counts over one sheet's XML, before anything is laid out in memory. Raises Unreadable beyond the caps."""
    count, row, block = SheetCount(), 0, b""
    with file_safety.opened(path, where) as packed:
        with packed.open(entry) as part:
            prefix, blocks = _blocks_of_rows(part, where)
            for block in blocks:
                plain = not (prefix or any(mark in block for mark in OUT_OF_THE_ORDINARY))
                if plain and (plain := _count_plain(block, count)):
                    row = count.last_row
                if not plain:
                    row = _count_row_by_row(block, count, prefix, row)
        _check_strings(packed, where)
    # what follows the last row follows in its block
    for first, last in re.findall(rb'mergeCell\b[^>]*\bref="[A-Z]+([0-9]+):[A-Z]+([0-9]+)"', block):
        count.met["RP57"].extend(range(int(first), int(last) + 1)[:MOST_NOTED])
    _check_extent(count, where)
    return count


def _blocks_of_rows(part: IO[bytes], where: str) -> tuple[bytes, Iterator[bytes]]:
    """The prefix of the sheet's tags (b"" or b"x:"), and its XML in blocks of whole rows."""
    start = part.read(XML_BLOCK)
    root = re.search(rb"<((?:[\w.-]+:)?)worksheet\b", start)
    prefix = root[1] if root else b""
    tag = b"<" + prefix + b"row"

    def blocks() -> Iterator[bytes]:
        rest, block = b"", start
        while block:
            block = rest + block
            last = max(block.rfind(tag), 0)
            if last:
                yield block[:last]
            rest = block[last:]
            if len(rest) > LONGEST_ROW:
                raise unreadable(
                    "FL23", f"{where}: a row is longer than {LONGEST_ROW // 1024**2} MB; shorten its texts."
                )
            block = part.read(XML_BLOCK)
        yield rest

    return prefix, blocks()


def _count_plain(block: bytes, count: SheetCount) -> bool:
    """Counts over rows that hold plain cells, all at once; False where a cell is written in another way."""
    octets = np.frombuffer(block, np.uint8)
    tags = np.flatnonzero(octets[:-9] == ord("<"))
    first, second = octets[tags + 1], octets[tags + 2]
    rows = tags[(first == ord("r")) & (second == ord("o"))]
    values = tags[(first == ord("v")) | ((first == ord("i")) & (second == ord("s")))]
    cells = tags[(first == ord("c")) & np.isin(second, TAG_ENDS)]
    if np.isin(second[first == ord("f")], TAG_ENDS).any():
        return False
    filled = len(np.unique(np.searchsorted(rows, values)))
    if b' r="' not in block:
        # rows and cells without a place stand one after the other
        count.last_row += len(rows)
        count.columns = max(count.columns, int(np.bincount(np.searchsorted(rows, cells)).max(initial=0)))
        count.filled += filled
        return True
    if not all((octets[cells + place] == byte).all() for place, byte in enumerate(b'<c r="')):
        return False
    if len(cells):
        letters = np.zeros(len(cells), np.int64)
        digits = np.zeros(len(cells), np.int64)
        place, at = cells + 6, octets[cells + 6]
        for _ in range(4):
            letter = (at >= ord("A")) & (at <= ord("Z"))
            letters = np.where(letter, letters * 26 + at - 64, letters)
            place = place + letter
            at = octets[np.minimum(place, len(octets) - 1)]
        for _ in range(8):
            digit = (at >= ord("0")) & (at <= ord("9"))
            digits = np.where(digit, digits * 10 + at - 48, digits)
            place = place + digit
            at = octets[np.minimum(place, len(octets) - 1)]
        if not (at == ord('"')).all():
            return False
        count.columns = max(count.columns, int(letters.max()))
        count.last_row = max(count.last_row, int(digits.max()))
    count.filled += filled
    return True


def _count_row_by_row(block: bytes, count: SheetCount, prefix: bytes, row: int) -> int:
    """The same in any way of writing rows, and what stands in them; gives the last row's number."""
    value, text, cell, formula = (b"<" + prefix + tag for tag in (b"v", b"is", b"c", b"f"))
    for piece in re.split(b"<" + prefix + rb"row\b", block)[1:]:
        head, _, cells = piece.partition(b">")
        number = re.search(rb'\br="([0-9]{1,9})"', head)
        row = int(number[1]) if number else row + 1
        if value in cells or text in cells:
            count.filled += 1
            if re.search(rb'\bhidden="(?:1|true)"', head):
                count.met["RP58"].append(row)
        if cell in cells:
            places = re.findall(rb'\br="([A-Z]{1,4})([0-9]{1,8})"', cells)
            count.columns = max([cells.count(cell), count.columns, *(_column_number(at) for at, _ in places)])
            count.last_row = max([row, count.last_row, *(int(at) for _, at in places)])
        if b't="e"' in cells:
            count.met["RP55"].append(row)
        if formula in cells and any(
            formula in one and not re.search(re.escape(value) + rb"\b[^>]*>[^<]", one)
            for one in re.split(re.escape(cell) + rb"\b", cells)
        ):
            count.met["RP63"].append(row)
    return row


def _column_number(letters: bytes) -> int:
    number = 0
    for letter in letters:
        number = number * 26 + letter - 64
    return number


def _check_extent(count: SheetCount, where: str) -> None:
    if count.columns > file_safety.MOST_COLUMNS:
        raise file_safety.too_wide(where, count.columns)
    if count.last_row * count.columns > file_safety.MOST_CELLS:
        raise unreadable(
            "FL21",
            f"{where}: reaches to row {count.last_row:,} and column {count.columns:,}, more cells than any "
            "return needs; delete empty formatted rows and columns, or send the return in parts.",
        )


def _check_strings(packed: zipfile.ZipFile, where: str) -> None:
    """No shared text is longer than a cell may be."""
    if "xl/sharedStrings.xml" not in packed.namelist():
        return
    with packed.open("xl/sharedStrings.xml") as part:
        since, block = 0, part.read(file_safety.BLOCK)
        while block:
            first, last = block.find(b"<si"), block.rfind(b"<si")
            since = since + len(block) if first < 0 else len(block) - last
            if since > 4 * file_safety.LONGEST_CELL:
                raise unreadable(
                    "FL23",
                    f"{where}: a cell is longer than {file_safety.LONGEST_CELL:,} characters; shorten its text.",
                )
            block = part.read(file_safety.BLOCK)


def xlsx_filled_carefully(path: Path, entry: str, where: str) -> int:
    """Rows of a sheet with text in any cell, each cell and shared text looked at: ten times as slow."""
    with file_safety.opened(path, where) as packed:
        texts = []
        if "xl/sharedStrings.xml" in packed.namelist():
            with packed.open("xl/sharedStrings.xml") as part:
                for _, element in ElementTree.iterparse(part):
                    if element.tag.endswith("}si"):
                        texts.append(any(one.text for one in element.iter() if one.tag.endswith("}t")))
                        element.clear()
        filled, told = 0, False
        with packed.open(entry) as part:
            for _, element in ElementTree.iterparse(part):
                kind = element.tag.rpartition("}")[2]
                if kind == "c":
                    value = next((one.text for one in element if one.tag.endswith("}v")), None)
                    if element.get("t") == "s":
                        told |= value is not None and texts[int(value)]
                    else:
                        told |= bool(value) or any(
                            one.text for one in element.iter() if one.tag.endswith("}t")
                        )
                elif kind == "row":
                    filled, told = filled + told, False
                    element.clear()
    return filled


def ods(path: Path, name: str) -> dict[str, SheetCount]:
    """Counts over every sheet of an ODS workbook. Raises Unreadable beyond the caps."""
    table, office = (f"{{urn:oasis:names:tc:opendocument:xmlns:{part}:1.0}}" for part in ("table", "office"))
    counts: dict[str, SheetCount] = {}
    count, row, columns, told, sheet = SheetCount(), 0, 0, False, ""
    with file_safety.opened(path, name) as packed, packed.open("content.xml") as part:
        try:
            for event, element in ElementTree.iterparse(part, ("start", "end")):
                if event == "start":
                    if element.tag == f"{table}table":
                        sheet, count, row = element.get(f"{table}name", ""), SheetCount(), 0
                elif element.tag in (f"{table}table-cell", f"{table}covered-table-cell"):
                    columns += int(element.get(f"{table}number-columns-repeated", 1))
                    kind = element.get(f"{office}value-type")
                    if kind and (kind != "string" or any("".join(one.itertext()) for one in element)):
                        told, count.columns = True, max(count.columns, columns)
                elif element.tag == f"{table}table-row":
                    repeated = int(element.get(f"{table}number-rows-repeated", 1))
                    row += repeated
                    if told:
                        count.filled, count.last_row = count.filled + repeated, row
                        if element.get(f"{table}visibility", "visible") != "visible":
                            count.met["RP58"].extend(range(row - repeated + 1, row + 1)[:MOST_NOTED])
                        _check_extent(count, f"{name}, sheet {sheet}")
                    columns, told = 0, False
                    element.clear()
                elif element.tag == f"{table}table":
                    counts[sheet] = count
                    element.clear()
        except (ElementTree.ParseError, ValueError):
            raise unreadable("FL09", f"{name}: its sheets are cut short or damaged; save it again.") from None
    return counts


def xls(path: Path, name: str) -> dict[str, SheetCount]:
    """Counts over every sheet of an XLS workbook, from its BIFF records."""
    try:
        stream = _ole_stream(path.read_bytes(), ("Workbook", "Book"))
        sheets = {}
        for kind, record in _biff(stream, 0):
            if kind == FILEPASS:
                raise unreadable("FL07", f"{name}: is protected by a password; save it without one.")
            if kind == BOUNDSHEET:
                start, length, wide = struct.unpack_from("<I2xBB", record)
                title = record[8 : 8 + length * (1 + (wide & 1))].decode(
                    "utf-16-le" if wide & 1 else "latin-1"
                )
                sheets[title] = start
        counts = {}
        for title, start in sheets.items():
            places = [
                struct.unpack_from("<HH", record) for kind, record in _biff(stream, start) if kind in CELLS
            ]
            rows = {row for row, _ in places}
            counts[title] = SheetCount(
                len(rows), max(rows, default=-1) + 1, max((column for _, column in places), default=-1) + 1
            )
            # one damaged byte moves a cell to column 65,000: the reader fills the area up to it, 23 GB of cells
            if counts[title].columns > MOST_XLS_COLUMNS:
                raise IndexError("a cell is where the format has none")
    except (struct.error, IndexError, UnicodeDecodeError, KeyError):
        raise unreadable("FL09", f"{name}: is cut short or damaged; save it again as XLSX.") from None
    return counts


def _biff(stream: bytes, start: int) -> Iterator[tuple[int, bytes]]:
    """Record type and content, from a substream's BOF to its EOF."""
    while start + 4 <= len(stream):
        kind, length = struct.unpack_from("<HH", stream, start)
        yield kind, stream[start + 4 : start + 4 + length]
        if kind == END:
            return
        start += 4 + length
    raise IndexError("stream ends before its EOF record")


def _ole_stream(data: bytes, names: tuple[str, ...]) -> bytes:
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
