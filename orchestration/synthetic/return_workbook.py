"""Workbooks written as a stream: a sheet takes rows tile by tile, so memory stays flat, and the same rows
give the same bytes (every date inside the file is fixed)."""

import zipfile
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO
from xml.sax.saxutils import escape

MAIN = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
PACKAGE = "http://schemas.openxmlformats.org/package/2006"
OFFICE = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
SPREADSHEET = "application/vnd.openxmlformats-officedocument.spreadsheetml"
EXCEL_EPOCH = 25569
"""Serial number of 1970-01-01 in Excel."""

BLANK = "<c/>"


def text_cell(text: str) -> str:
    return f'<c t="inlineStr"><is><t>{escape(text)}</t></is></c>' if text else BLANK


def number_cell(number: int | str) -> str:
    return f"<c><v>{number}</v></c>"


def date_cell(day: int) -> str:
    """A real Excel date; `day`: days since 1970-01-01."""
    return f'<c s="1"><v>{day + EXCEL_EPOCH}</v></c>'


class Workbook:
    """One .xlsx file: open its sheets one after another, in order."""

    def __init__(self, path: Path, sheets: list[str]) -> None:
        self._sheets = sheets
        self._file = zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED, compresslevel=1)
        overrides = "".join(
            f'<Override PartName="/xl/worksheets/sheet{n}.xml" ContentType="{SPREADSHEET}.worksheet+xml"/>'
            for n in range(1, len(sheets) + 1)
        )
        self._write(
            "[Content_Types].xml",
            f'<Types xmlns="{PACKAGE}/content-types">'
            '<Default Extension="rels" '
            'ContentType="application/vnd.openxmlformats-package.relationships+xml"/>'
            '<Default Extension="xml" ContentType="application/xml"/>'
            f'<Override PartName="/xl/workbook.xml" ContentType="{SPREADSHEET}.sheet.main+xml"/>'
            f'<Override PartName="/xl/styles.xml" ContentType="{SPREADSHEET}.styles+xml"/>'
            f"{overrides}</Types>",
        )
        self._write("_rels/.rels", self._relations([("rId1", "officeDocument", "xl/workbook.xml")]))
        named = "".join(
            f'<sheet name="{escape(name)}" sheetId="{n}" r:id="rId{n}"/>' for n, name in enumerate(sheets, 1)
        )
        self._write(
            "xl/workbook.xml",
            f'<workbook xmlns="{MAIN}" xmlns:r="{OFFICE}"><sheets>{named}</sheets></workbook>',
        )
        targets = [(f"rId{n}", "worksheet", f"worksheets/sheet{n}.xml") for n in range(1, len(sheets) + 1)]
        self._write(
            "xl/_rels/workbook.xml.rels",
            self._relations([*targets, (f"rId{len(sheets) + 1}", "styles", "styles.xml")]),
        )
        # style 1 is number format 14, Excel's own short date
        self._write(
            "xl/styles.xml",
            f'<styleSheet xmlns="{MAIN}"><fonts count="1"><font/></fonts>'
            # a fill without its pattern is no fill: openpyxl opens no workbook that has one
            '<fills count="1"><fill><patternFill patternType="none"/></fill></fills>'
            '<borders count="1"><border/></borders><cellStyleXfs count="1"><xf/></cellStyleXfs>'
            '<cellXfs count="2"><xf/><xf numFmtId="14" applyNumberFormat="1"/></cellXfs>'
            '<cellStyles count="1"><cellStyle name="Normal" xfId="0" builtinId="0"/></cellStyles></styleSheet>',
        )

    @contextmanager
    def sheet(self, name: str) -> Iterator["Sheet"]:
        with self._file.open(
            self._info(f"xl/worksheets/sheet{self._sheets.index(name) + 1}.xml"), "w"
        ) as entry:
            entry.write(f'<worksheet xmlns="{MAIN}"><sheetData>'.encode())
            yield Sheet(entry)
            entry.write(b"</sheetData></worksheet>")

    def close(self) -> None:
        self._file.close()

    def _relations(self, rows: list[tuple[str, str, str]]) -> str:
        return (
            f'<Relationships xmlns="{PACKAGE}/relationships">'
            + "".join(
                f'<Relationship Id="{key}" Type="{OFFICE}/{kind}" Target="{target}"/>'
                for key, kind, target in rows
            )
            + "</Relationships>"
        )

    def _write(self, name: str, xml: str) -> None:
        self._file.writestr(self._info(name), f'<?xml version="1.0" encoding="UTF-8"?>{xml}')

    def _info(self, name: str) -> zipfile.ZipInfo:
        info = zipfile.ZipInfo(name, (2024, 1, 1, 0, 0, 0))
        info.compress_type = zipfile.ZIP_DEFLATED
        return info


class Sheet:
    """Takes rows of ready cells (`text_cell`, `number_cell`, `date_cell`)."""

    def __init__(self, entry: IO[bytes]) -> None:
        self._entry = entry

    def write(self, rows: Iterable[Iterable[str]]) -> None:
        xml = "</row><row>".join(map("".join, rows))
        if xml:
            self._entry.write(f"<row>{xml}</row>".encode())
