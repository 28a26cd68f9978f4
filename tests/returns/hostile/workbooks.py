"""Workbooks written byte by byte, as no spreadsheet program would: XLSX and ODS from XML, XLS from BIFF records."""

from __future__ import annotations

import struct
import zipfile
from pathlib import Path
from xml.sax.saxutils import escape

MAIN = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
RELATIONS = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
PACKAGE = "http://schemas.openxmlformats.org/package/2006/relationships"


def letters(column: int) -> str:
    """1 -> A, 28 -> AB."""
    found = ""
    while column:
        column, rest = divmod(column - 1, 26)
        found = chr(65 + rest) + found
    return found


def cell(column: int, row: int, text: str) -> str:
    place = f"{letters(column)}{row}"
    return f'<c r="{place}" t="inlineStr"><is><t>{escape(text)}</t></is></c>'


def rows_xml(table: list[list[str]], first: int = 1) -> str:
    return "".join(
        f'<row r="{number}">{"".join(cell(c, number, text) for c, text in enumerate(row, 1) if text)}</row>'
        for number, row in enumerate(table, first)
    )


def xlsx(
    path: Path,
    rows: str,
    after: str = "",
    workbook: str = "",
    prolog: str = "",
    extra: dict[str, bytes] | None = None,
    cover: bool = True,
) -> None:
    """An XLSX with a cover sheet before the sheet of `rows`; `after` stands behind the rows."""
    names = ["Cover", "Data"] if cover else ["Data"]
    sheets = {name: rows_xml([["CSAE return"]]) for name in names} | {"Data": rows}
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as book:
        listed = "".join(
            f'<sheet name="{name}" sheetId="{n}" r:id="rId{n}"/>' for n, name in enumerate(names, 1)
        )
        book.writestr(
            "[Content_Types].xml",
            '<Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types">'
            '<Default Extension="xml" ContentType="application/xml"/></Types>',
        )
        book.writestr(
            "xl/workbook.xml",
            f'{prolog}<workbook xmlns="{MAIN}" xmlns:r="{RELATIONS}">{workbook}<sheets>{listed}</sheets></workbook>',
        )
        book.writestr(
            "_rels/.rels",
            f'<Relationships xmlns="{PACKAGE}"><Relationship Id="rId1" Type="{RELATIONS}/officeDocument" '
            'Target="xl/workbook.xml"/></Relationships>',
        )
        book.writestr(
            "xl/_rels/workbook.xml.rels",
            f'<Relationships xmlns="{PACKAGE}">'
            + "".join(
                f'<Relationship Id="rId{n}" Type="{RELATIONS}/worksheet" Target="worksheets/sheet{n}.xml"/>'
                for n in range(1, len(names) + 1)
            )
            + "</Relationships>",
        )
        for n, name in enumerate(names, 1):
            book.writestr(
                f"xl/worksheets/sheet{n}.xml",
                f'<worksheet xmlns="{MAIN}"><sheetData>{sheets[name]}</sheetData>'
                f"{after if name == 'Data' else ''}</worksheet>",
            )
        for name, content in (extra or {}).items():
            book.writestr(name, content)


def ods(path: Path, table: list[list[str]], hidden: tuple[int, ...] = (), sheet: str = "crimes") -> None:
    """An ODS of one sheet; `hidden`: rows by number, from 1."""
    spaces = "".join(
        f' xmlns:{short}="urn:oasis:names:tc:opendocument:xmlns:{short}:1.0"'
        for short in ("office", "table", "text")
    )
    filtered = ' table:visibility="filter"'
    rows = "".join(
        f"<table:table-row{filtered if number in hidden else ''}>"
        + "".join(
            f'<table:table-cell office:value-type="string"><text:p>{escape(text)}</text:p></table:table-cell>'
            if text
            else "<table:table-cell/>"
            for text in row
        )
        + "</table:table-row>"
        for number, row in enumerate(table, 1)
    )
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as book:
        book.writestr("mimetype", "application/vnd.oasis.opendocument.spreadsheet")
        book.writestr(
            "META-INF/manifest.xml",
            '<manifest:manifest xmlns:manifest="urn:oasis:names:tc:opendocument:xmlns:manifest:1.0"/>',
        )
        book.writestr(
            "content.xml",
            f'<office:document-content{spaces}><office:body><office:spreadsheet><table:table table:name="{sheet}">'
            f"{rows}</table:table></office:spreadsheet></office:body></office:document-content>",
        )


def xls(path: Path, table: list[list[str]], sheet: str = "crimes", password: bool = False) -> None:
    """An XLS (BIFF8 in a compound file) of one sheet of texts."""

    def record(kind: int, content: bytes = b"") -> bytes:
        return struct.pack("<HH", kind, len(content)) + content

    def bof(kind: int) -> bytes:
        return record(0x0809, struct.pack("<HHHHII", 0x0600, kind, 0, 0, 0, 6))

    def text(row: int, column: int, value: str) -> bytes:
        body = value.encode("utf-16-le")
        return record(0x0204, struct.pack("<HHHHB", row, column, 0, len(body) // 2, 1) + body)

    name = sheet.encode("latin-1")
    filepass = record(0x002F, b"\0" * 6) if password else b""
    opening = bof(0x0005) + filepass
    bound = 4 + 8 + len(name)
    start = len(opening) + bound + 4
    stream = (
        opening + record(0x0085, struct.pack("<IBBBB", start, 0, 0, len(name), 0) + name) + record(0x000A)
    )
    stream += bof(0x0010)
    stream += b"".join(
        text(r, c, value) for r, row in enumerate(table) for c, value in enumerate(row) if value
    )
    stream += record(0x000A)
    path.write_bytes(compound({"Workbook": stream}))


def _record(kind: int, content: bytes = b"") -> bytes:
    return struct.pack("<HH", kind, len(content)) + content


def label(row: int, column: int, value: str) -> bytes:
    body = value.encode("utf-16-le")
    return _record(0x0204, struct.pack("<HHHHB", row, column, 0, len(body) // 2, 1) + body)


def number(row: int, column: int, value: float, style: int = 0) -> bytes:
    return _record(0x0203, struct.pack("<HHHd", row, column, style, value))


def error(row: int, column: int) -> bytes:
    """#REF!"""
    return _record(0x0205, struct.pack("<HHHBB", row, column, 0, 0x17, 1))


def chart(*cells: bytes) -> bytes:
    """A chart within a sheet, which keeps the values it shows as cells of its own."""
    return (
        _record(0x0809, struct.pack("<HHHHII", 0x0600, 0x0020, 0, 0, 0, 6))
        + b"".join(cells)
        + _record(0x000A)
    )


def hidden_row(row: int) -> bytes:
    return _record(0x0208, struct.pack("<HHHHHHHH", row, 0, 1, 255, 0, 0, 0x20, 0))


def merged(first: int, last: int, left: int, right: int) -> bytes:
    return _record(0x00E5, struct.pack("<HHHHH", 1, first, last, left, right))


def xls_of_records(
    path: Path,
    sheet: str,
    cells: list[bytes],
    from_1904: bool = False,
    hidden: bool = False,
    formats: tuple[int, ...] | list[int] = (0,),
) -> None:
    """An XLS of one sheet with these records; `formats`: the number format of each style."""

    def bof(kind: int) -> bytes:
        return _record(0x0809, struct.pack("<HHHHII", 0x0600, kind, 0, 0, 0, 6))

    name = sheet.encode("latin-1")
    styles = b"".join(_record(0x00E0, struct.pack("<HHH14x", 0, form, 0)) for form in formats)
    opening = bof(0x0005) + _record(0x0022, struct.pack("<H", from_1904)) + styles
    start = len(opening) + 4 + 8 + len(name) + 4
    bound = struct.pack("<IBBBB", start, int(hidden), 0, len(name), 0) + name
    stream = (
        opening + _record(0x0085, bound) + _record(0x000A) + bof(0x0010) + b"".join(cells) + _record(0x000A)
    )
    path.write_bytes(compound({"Workbook": stream}))


def compound(streams: dict[str, bytes]) -> bytes:
    """A compound file (MS-CFB) of sectors of 512 bytes, its streams padded past the mini stream's limit."""
    end, free, fat_mark = 0xFFFFFFFE, 0xFFFFFFFF, 0xFFFFFFFD
    table, sectors, entries = [fat_mark, end], [], []
    for name, content in streams.items():
        content = content.ljust(4096, b"\0")
        content += b"\0" * (-len(content) % 512)
        count = len(content) // 512
        first = len(table)
        table += [*range(first + 1, first + count), end]
        sectors.append(content)
        entries.append((name, 2, first, len(content)))
    assert len(table) <= 128, "one sector of the allocation table is enough for a test"
    table += [free] * (128 - len(table))
    directory = b""
    for number, (name, kind, first, size) in enumerate([("Root Entry", 5, end, 0), *entries]):
        title = name.encode("utf-16-le")
        child = 1 if not number else free
        sibling = number + 1 if 0 < number < len(entries) else free
        directory += title.ljust(64, b"\0") + struct.pack(
            "<HBBIII16sIQQIQ", len(title) + 2, kind, 1, free, sibling, child, b"", 0, 0, 0, first, size
        )
    directory = directory.ljust(512, b"\0")
    header = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\0" * 16
    header += struct.pack("<HHHHH6xIIIIIIIII", 0x3E, 3, 0xFFFE, 9, 6, 0, 1, 1, 0, 4096, end, 0, end, 0)
    header += struct.pack("<109I", 0, *[free] * 108)
    return header + struct.pack("<128I", *table) + directory + b"".join(sectors)
