"""The hostile returns: a sound one spoilt in one way each, and the check code that has to meet it.

Every record holds a canary in its summary and references: no reason, log or finding may repeat it.
"""

from __future__ import annotations

import dataclasses
import os
import re
import stat
import struct
import zipfile
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from pathlib import Path

import workbooks
import xlsxwriter
from written import crime, suspect, victim, write_return

from orchestration.returns.layouts import all_layouts
from orchestration.returns.layouts.parts import Layout

CANARY = "Zebulon"
LAYOUTS = all_layouts()
# force -> the layout its folder is written in, and its references
NATIONAL, NICHE, CONNECT, ATHENA = "metropolitan", "surrey", "lancashire", "kent"
WRITTEN = {
    NATIONAL: ("national", "70012{}/23"),
    NICHE: ("niche", "4523000{}"),
    CONNECT: ("connect", "04/12{}/23"),
    ATHENA: ("athena", "46/12{}/23"),
}


@dataclass(frozen=True)
class Kind:
    """`make` fills the force's folder. `refused` by these codes, or accepted with these `found`."""

    name: str
    force: str
    make: Callable[[Path], None]
    refused: tuple[str, ...] = ()
    found: tuple[str, ...] = ()
    crimes: int | None = None
    """how many crimes an accepted return has to have"""
    holds: tuple[tuple[str, str | None], ...] = ()
    """(column, text) that the first crime of an accepted return has to hold"""
    layout: Layout | None = None


def records(force: str, count: int = 3, **cells: str | None) -> dict[str, list]:
    crimes = [
        crime(number, WRITTEN[force][1], summary=f"{CANARY} {number}", **(cells if not number else {}))
        for number in range(count)
    ]
    return {
        "crimes": crimes,
        "victims": [victim(one) for one in crimes],
        "suspects": [suspect(crimes[0], surname=CANARY)] if crimes else [],
    }


def sound(folder: Path, force: str, **cells: str | None) -> dict[str, Path]:
    return write_return(folder, LAYOUTS[WRITTEN[force][0]], records(force, **cells))


# ways to spoil it ------------------------------------------------------------------------------------------


def bytes_of(force: str, change: Callable[[bytes], bytes], file: str = "crime") -> Callable[[Path], None]:
    """Spoil the bytes of the file whose name holds `file`."""

    def make(folder: Path) -> None:
        files = sound(folder, force)
        path = next(path for name, path in files.items() if file in name or len(files) == 1)
        path.write_bytes(change(path.read_bytes()))

    return make


def cells_of(force: str, **cells: str | None) -> Callable[[Path], None]:
    """Other cells in the first crime."""
    return lambda folder: sound(folder, force, **cells)


def replaced(
    old: str | bytes, new: str | bytes, count: int = -1, force: str = NATIONAL
) -> Callable[[Path], None]:
    old, new = (text.encode() if isinstance(text, str) else text for text in (old, new))

    def change(data: bytes) -> bytes:
        assert old in data
        return data.replace(old, new, count)

    return bytes_of(force, change)


def table(change: Callable[[list[str]], list[str]]) -> Callable[[bytes], bytes]:
    """Change a CSV line by line (the made records have no line breaks in cells)."""
    return lambda data: "\r\n".join([*change(data.decode().split("\r\n")[:-1]), ""]).encode()


def connect_rows(**cells: str | None) -> list[list[str]]:
    """Headings and three rows of a CONNECT sheet, as texts."""
    from written import part_rows

    part = LAYOUTS["connect"].parts[0]
    return [list(part.headings), *part_rows(part, records(CONNECT, **cells))]


def book(**options) -> Callable[[Path], None]:
    """A CONNECT workbook from XML; `table` or `rows` replace its sheet."""

    def make(folder: Path) -> None:
        folder.mkdir(parents=True)
        chosen = dict(options)
        rows = chosen.pop("rows", None) or workbooks.rows_xml(connect_rows())
        workbooks.xlsx(folder / "return.xlsx", rows, **chosen)

    return make


def written_book(
    write: Callable[[xlsxwriter.Workbook, xlsxwriter.workbook.Worksheet], None], **options
) -> Callable[[Path], None]:
    """A CONNECT workbook as a spreadsheet program writes it, then `write` on its sheet."""

    def make(folder: Path) -> None:
        folder.mkdir(parents=True)
        made = xlsxwriter.Workbook(folder / "return.xlsx", options)
        made.add_worksheet("Cover")
        sheet = made.add_worksheet("Data")
        for number, row in enumerate(connect_rows()):
            for column, text in enumerate(row):
                if text:
                    sheet.write_string(number, column, text)
        write(made, sheet)
        made.close()

    return make


def at(heading: str) -> int:
    return LAYOUTS["connect"].parts[0].headings.index(heading)


def _date_cell(made, sheet, day=date(1971, 8, 1), heading="[HO Code]"):
    sheet.write_datetime(1, at(heading), day, made.add_format({"num_format": "dd/mm/yyyy"}))


def entries(change: Callable[[zipfile.ZipFile], None], force: str = CONNECT) -> Callable[[Path], None]:
    """A sound workbook with something added to its ZIP."""

    def make(folder: Path) -> None:
        path = next(iter(sound(folder, force).values()))
        with zipfile.ZipFile(path, "a", zipfile.ZIP_DEFLATED) as packed:
            change(packed)

    return make


def zipped(
    change: Callable[[zipfile.ZipFile, dict[str, bytes]], None] | None = None,
) -> Callable[[Path], None]:
    """A national return in one ZIP; `change` may add to it."""

    def make(folder: Path) -> None:
        files = {name: path.read_bytes() for name, path in sound(folder / "..packed", NATIONAL).items()}
        for path in (folder / "..packed").iterdir():
            path.unlink()
        (folder / "..packed").rmdir()
        with zipfile.ZipFile(folder / "return.zip", "w", zipfile.ZIP_DEFLATED) as packed:
            for name, data in files.items():
                packed.writestr(f"my return/{name}", data)
            if change:
                change(packed, files)

    return make


def spoilt_zip(change: Callable[[bytes], bytes]) -> Callable[[Path], None]:
    def make(folder: Path) -> None:
        zipped()(folder)
        path = folder / "return.zip"
        path.write_bytes(change(path.read_bytes()))

    return make


def _link(packed: zipfile.ZipFile, files: dict[str, bytes]) -> None:
    entry = zipfile.ZipInfo("victims_link.csv")
    entry.external_attr = (stat.S_IFLNK | 0o777) << 16
    packed.writestr(entry, "/etc/passwd")


def _encrypted(data: bytes) -> bytes:
    """The flag of encryption in each entry's local header and in the directory."""
    for mark, place in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        start = data.find(mark)
        while start >= 0:
            data = data[: start + place] + bytes([data[start + place] | 1]) + data[start + place + 1 :]
            start = data.find(mark, start + 1)
    return data


def other(form: str, name: str) -> Layout:
    """The national workbook's crimes sheet alone, in another format."""
    layout = LAYOUTS["national-workbook"]
    parts = tuple(
        dataclasses.replace(part, format=form, file_pattern=f"{part.part}.{form}") for part in layout.parts
    )
    return dataclasses.replace(layout, layout=name, parts=parts)


def with_alias(column: str, heading: str) -> Layout:
    """The national layout with a second heading for one column of crimes."""
    layout = LAYOUTS["national"]
    crimes, *others = layout.parts
    known = next(one for one in crimes.columns if one.column == column)
    columns = (*crimes.columns, dataclasses.replace(known, heading=heading))
    return dataclasses.replace(layout, parts=(dataclasses.replace(crimes, columns=columns), *others))


def in_format(form: str, write: Callable, **options) -> Callable[[Path], None]:
    """A national return as one workbook a table, by one of the writers of `workbooks`."""

    def make(folder: Path) -> None:
        folder.mkdir(parents=True)
        made = records(NATIONAL)
        for part in LAYOUTS["national"].parts:
            rows = [[row.get(name) or "" for name in part.headings] for row in made[part.part]]
            extra = options if part.part == "crimes" else {}
            write(folder / f"{part.part}.{form}", [list(part.headings), *rows], sheet=part.part, **extra)

    return make


def after(make: Callable[[Path], None], then: Callable[[Path], None]) -> Callable[[Path], None]:
    def both(folder: Path) -> None:
        make(folder)
        then(folder)

    return both


def _xls_cell_far_away(folder: Path) -> None:
    """The first LABEL of row 2 moves to row 60,000, column 60,000: 3.6 billion cells to be filled up."""
    path = folder / "crimes.xls"
    label = re.compile(rb"(?<=\x04\x02..)\x01\x00.\x00", re.DOTALL)
    data, moved = label.subn(struct.pack("<HH", 60_000, 60_000), path.read_bytes(), count=1)
    assert moved == 1
    path.write_bytes(data)


def _xls_sectors_without_size(folder: Path) -> None:
    path = folder / "crimes.xls"
    data = path.read_bytes()
    path.write_bytes(data[:30] + b"\xcf\xac" + data[32:])


def _ods_cut(folder: Path) -> None:
    path = folder / "crimes.ods"
    path.write_bytes(path.read_bytes()[:200])


def _overwritten() -> str:
    """The second record's row has the first's number: a parser lays one over the other."""
    return workbooks.rows_xml(connect_rows()).replace('r="3"', 'r="2"').replace('3" t="inl', '2" t="inl')


LAUGHS = '<?xml version="1.0"?><!DOCTYPE x [<!ENTITY a "ha"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;&a;&a;">]>'
TEXT_SHEET = workbooks.rows_xml([["x"]])

KINDS = [
    # bytes and encodings
    Kind(
        "utf-16 instead of utf-8",
        NATIONAL,
        bytes_of(NATIONAL, lambda d: d.decode().encode("utf-16")),
        ("FL27",),
    ),
    Kind(
        "utf-16 without a mark",
        NATIONAL,
        bytes_of(NATIONAL, lambda d: d.decode().encode("utf-16-le")),
        ("FL25",),
    ),
    Kind("cp1252 in utf-8", NATIONAL, replaced("Zebulon 1", b"Zebulon\x92s"), ("FL26",)),
    Kind(
        "two encodings in a utf-8 file", NATIONAL, replaced("Zebulon 1", "£ é ".encode() + b"\xa3"), ("FL26",)
    ),
    Kind("utf-8 instead of cp1252", NICHE, replaced("Zebulon 1", "Zo\u00eb", force=NICHE), ("FL26",)),
    Kind(
        "utf-8 with a mark instead of cp1252",
        NICHE,
        bytes_of(NICHE, lambda d: b"\xef\xbb\xbf" + d),
        ("FL27",),
    ),
    Kind(
        "two encodings in a cp1252 file",
        NICHE,
        bytes_of(
            NICHE, lambda d: d.replace(b"Zebulon 1", "Zo\u00eb".encode()).replace(b"Zebulon 2", b"\xa35")
        ),
        found=("RP62",),
        crimes=3,
    ),
    Kind("byte that cp1252 has not", NICHE, replaced("Zebulon 1", b"\x81", force=NICHE), ("FL26",)),
    Kind("characters lost before", NATIONAL, replaced("Zebulon 1", "Zo\ufffd"), found=("RP62",), crimes=3),
    Kind("zero byte", NATIONAL, replaced("Zebulon 1", b"Zebulon\0"), ("FL25",)),
    Kind(
        "mark of utf-8 is no heading", NATIONAL, bytes_of(NATIONAL, lambda d: b"\xef\xbb\xbf" + d), crimes=3
    ),
    Kind("empty file", NATIONAL, bytes_of(NATIONAL, lambda d: b""), ("FL24",)),
    Kind("line breaks alone", NATIONAL, bytes_of(NATIONAL, lambda d: b"\r\n\r\n\r\n"), ("FL24",)),
    Kind("a byte order mark alone", NATIONAL, bytes_of(NATIONAL, lambda d: b"\xef\xbb\xbf"), ("FL24",)),
    # lines, quotation marks, separators
    Kind("lone carriage return in a cell", NATIONAL, replaced("Zebulon 1", "Zebu\rlon"), ("ST22",)),
    Kind("carriage returns alone end every line", NATIONAL, replaced("\r\n", "\r"), crimes=3),
    Kind("quoted line breaks", NATIONAL, replaced("Zebulon 0", '"Zeb\r\nu\rlon\n"'), crimes=3),
    Kind("quotation mark open at the end", NATIONAL, replaced("Zebulon 2", '"Zebulon'), ("ST14",)),
    Kind(
        "two open quotation marks join records",
        NATIONAL,
        bytes_of(
            NATIONAL, lambda d: d.replace(b"Zebulon 0", b'"Zebulon').replace(b"Zebulon 1", b'5" Zebulon')
        ),
        ("ST14",),
    ),
    Kind("inches in a cell", NATIONAL, replaced("Zebulon 0", 'a 5" Zebulon'), crimes=3),
    Kind(
        "semicolons instead of commas",
        NATIONAL,
        bytes_of(NATIONAL, lambda d: d.replace(b",", b";")),
        ("ST12",),
    ),
    Kind(
        "short rows for the first thousand",
        NATIONAL,
        bytes_of(NATIONAL, table(lambda rows: [rows[0], *["700/23,19E,2023-02-03"] * 1000, *rows[1:]])),
        ("ST13",),
    ),
    Kind("one cell too many", NATIONAL, replaced("Zebulon 1", "Zebulon,1"), ("ST13",)),
    Kind("end of file mark of DOS", NATIONAL, bytes_of(NATIONAL, lambda d: d + b"\x1a"), ("ST13",)),
    Kind("a cell of 100 MB", NATIONAL, replaced("Zebulon 1", b"x" * 100_000_000), ("ST15",)),
    Kind(
        "16,385 columns",
        NATIONAL,
        bytes_of(NATIONAL, lambda d: d.replace(b"summary", b"summary" + b"," * 16_363, 1)),
        ("FL22",),
    ),
    # headings, files, whose and when
    Kind("renamed heading", NATIONAL, replaced("cse_flag", "cse_marker"), ("ST07",)),
    Kind("heading twice", NATIONAL, replaced("csa_flag", "cse_flag"), ("ST08", "ST09")),
    Kind(
        "two names of one column",
        NATIONAL,
        bytes_of(
            NATIONAL, table(lambda rows: [f"{row},{'Y' if n else 'CSE'}" for n, row in enumerate(rows)])
        ),
        ("ST10",),
        layout=with_alias("cse_flag", "CSE"),
    ),
    Kind(
        "headings in another order",
        NATIONAL,
        bytes_of(NATIONAL, table(lambda rows: [",".join(reversed(row.split(","))) for row in rows])),
        crimes=3,
        holds=(("offence_code", "19E"), ("recorded_on", "2023-02-03")),
    ),
    Kind("heading blank over text", NATIONAL, replaced(",summary", ","), ("ST08", "ST11")),
    Kind("no heading row", NATIONAL, bytes_of(NATIONAL, table(lambda rows: rows[1:])), ("ST12",)),
    Kind("headings only", NATIONAL, bytes_of(NATIONAL, table(lambda rows: rows[:1])), ("ST18",)),
    Kind(
        "banner above the headings", NATIONAL, bytes_of(NATIONAL, lambda d: b"CSAE return\r\n" + d), ("ST12",)
    ),
    Kind(
        "heading row cut off a flat file",
        ATHENA,
        bytes_of(ATHENA, lambda d: d.split(b"\r\n", 1)[1]),
        ("ST12",),
    ),
    Kind(
        "totals row",
        NATIONAL,
        bytes_of(NATIONAL, lambda d: d + b"Grand total" + b"," * 21 + b"3\r\n"),
        found=("RP56",),
        crimes=4,
    ),
    # four rows of the flat file: 2023-02-03 is 3 February in another format
    Kind(
        "every date in another format", ATHENA, replaced("2023-02-03", "03/02/2023", force=ATHENA), ("ST23",)
    ),
    Kind("wrong force", ATHENA, replaced("46/", "47/", force=ATHENA), ("ST20",)),
    Kind("last quarter's file", NATIONAL, replaced("2023-02-03", "2022-11-03"), ("ST19",)),
    Kind(
        "two files for one table",
        ATHENA,
        after(cells_of(ATHENA), lambda f: (f / "again.csv").write_bytes((f / "return.csv").read_bytes())),
        ("ST03",),
    ),
    Kind(
        "a file that no layout has",
        NATIONAL,
        after(cells_of(NATIONAL), lambda f: (f / "x.docx").write_text("x")),
        ("ST01",),
    ),
    Kind(
        "a table missing",
        NATIONAL,
        after(cells_of(NATIONAL), lambda f: (f / "victims.csv").unlink()),
        ("ST02",),
    ),
    Kind(
        "a name for two tables",
        NICHE,
        after(cells_of(NICHE), lambda f: next(f.glob("*victim*")).rename(f / "crime victims.csv")),
        ("ST02", "ST04"),
    ),
    # texts
    Kind(
        "NA is a text",
        NATIONAL,
        cells_of(NATIONAL, location_type="NA"),
        crimes=3,
        holds=(("location_type", "NA"),),
    ),
    Kind(
        "None is a text",
        NATIONAL,
        cells_of(NATIONAL, location_type="None"),
        crimes=3,
        holds=(("location_type", "None"),),
    ),
    Kind(
        "NULL is a text",
        NATIONAL,
        cells_of(NATIONAL, location_type="NULL"),
        crimes=3,
        holds=(("location_type", "NULL"),),
    ),
    Kind(
        "NULL is blank where the layout says so",
        ATHENA,
        cells_of(ATHENA, location_type="NULL"),
        crimes=3,
        holds=(("location_type", None),),
    ),
    Kind(
        "leading zeros stay",
        NATIONAL,
        cells_of(NATIONAL, offence_code="01905"),
        crimes=3,
        holds=(("offence_code", "01905"),),
    ),
    Kind(
        "exponents stay",
        NATIONAL,
        cells_of(NATIONAL, offence_code="1E5"),
        crimes=3,
        holds=(("offence_code", "1E5"),),
    ),
    Kind(
        "zero width space in a code",
        NATIONAL,
        cells_of(NATIONAL, offence_code="19\u200bE"),
        found=("RP06",),
        holds=(("offence_code", "19E"),),
    ),
    Kind(
        "right-to-left mark in a reference",
        NATIONAL,
        cells_of(NATIONAL, crime_reference="\u202e7001/23"),
        found=("RP06",),
        holds=(("crime_reference", "7001/23"),),
    ),
    Kind(
        "right-to-left text stays in a summary",
        NATIONAL,
        cells_of(NATIONAL, incident_reference="\u05d0\u05d1"),
        crimes=3,
        holds=(("incident_reference", "\u05d0\u05d1"),),
    ),
    Kind(
        "spreadsheet error in a text file",
        NATIONAL,
        cells_of(NATIONAL, outcome_code="#REF!"),
        found=("RP55",),
        crimes=3,
    ),
    Kind(
        "a formula is a text",
        NATIONAL,
        cells_of(NATIONAL, incident_reference="=1+1"),
        crimes=3,
        holds=(("incident_reference", "=1+1"),),
    ),
    # dates
    Kind(
        "a date of two readings",
        NATIONAL,
        cells_of(NATIONAL, reported_on="03/02/2023"),
        found=("RP61",),
        holds=(("reported_on", "03/02/2023"),),
    ),
    Kind(
        "29 February of no leap year",
        NATIONAL,
        replaced(",2023-02-03,,", ",2023-02-03,2023-02-29,", 1),
        found=("RP65",),
        holds=(("reported_on", "2023-02-29"),),
    ),
    Kind(
        "29 February of a leap year",
        NATIONAL,
        cells_of(NATIONAL, committed_from="2020-02-29"),
        crimes=3,
        holds=(("committed_from", "2020-02-29"),),
    ),
    Kind(
        "31 February in the layout's format",
        NICHE,
        replaced("03/02/2023", "31/02/2023", 1, NICHE),
        found=("RP65",),
        holds=(("recorded_on", "31/02/2023"),),
    ),
    Kind(
        "year 0202",
        NATIONAL,
        replaced(",2023-02-03,,,", ",2023-02-03,,0202-01-05,", 1),
        found=("RP64",),
        holds=(("committed_from", "0202-01-05"),),
    ),
    Kind(
        "day number in a text file",
        NATIONAL,
        cells_of(NATIONAL, reported_on="44960"),
        found=("RP54",),
        holds=(("reported_on", "44960"),),
    ),
    Kind(
        "time of day with a date",
        NATIONAL,
        cells_of(NATIONAL, reported_on="2023-02-01T10:00"),
        crimes=3,
        holds=(("reported_on", "2023-02-01"),),
    ),
    # what a spreadsheet did
    Kind(
        "code became a day",
        NATIONAL,
        cells_of(NATIONAL, offence_code="19-Aug"),
        found=("RP01",),
        holds=(("offence_code", "19/8"),),
    ),
    Kind(
        "code became a month",
        NATIONAL,
        cells_of(NATIONAL, offence_code="Aug-71"),
        found=("RP01",),
        holds=(("offence_code", "8/71"),),
    ),
    Kind(
        "code became the number of a month's first day",
        NATIONAL,
        cells_of(NATIONAL, offence_code="26146"),
        found=("RP01",),
        holds=(("offence_code", "8/71"),),
    ),
    Kind(
        "code became a day that is no code",
        NATIONAL,
        cells_of(NATIONAL, offence_code="31-Dec"),
        crimes=3,
        holds=(("offence_code", "31-Dec"),),
    ),
    Kind(
        "code became a date cell",
        CONNECT,
        written_book(_date_cell),
        found=("RP01",),
        holds=(("offence_code", "8/71"),),
    ),
    Kind(
        "reference became a float",
        NATIONAL,
        cells_of(NATIONAL, incident_reference="12345.0"),
        found=("RP03",),
        holds=(("incident_reference", "12345"),),
    ),
    Kind(
        "number became a float",
        NATIONAL,
        cells_of(NATIONAL, offenders_stated="2.0"),
        found=("RP03",),
        holds=(("offenders_stated", "2"),),
    ),
    Kind(
        "scientific with every digit",
        NATIONAL,
        cells_of(NATIONAL, incident_reference="2.3000000001E+10"),
        found=("RP04",),
        holds=(("incident_reference", "23000000001"),),
    ),
    Kind(
        "scientific with digits lost",
        NATIONAL,
        cells_of(NATIONAL, incident_reference="2.3E+10"),
        found=("RP51",),
        holds=(("incident_reference", "2.3E+10"),),
    ),
    Kind(
        "reference became a date",
        NATIONAL,
        cells_of(NATIONAL, incident_reference="2023-12-10"),
        found=("RP52",),
        holds=(("incident_reference", "2023-12-10"),),
    ),
    Kind(
        "reference lost the force's zero",
        CONNECT,
        cells_of(CONNECT, crime_reference="4/123456/23"),
        found=("RP05",),
        holds=(("crime_reference", "04/123456/23"),),
    ),
    Kind(
        "more digits than a spreadsheet keeps",
        CONNECT,
        written_book(lambda b, s: s.write_number(1, at("[Incident Number]"), 12345678901234567)),
        found=("RP53",),
        crimes=3,
    ),
    Kind(
        "day number in a workbook",
        CONNECT,
        written_book(lambda b, s: s.write_number(1, at("[Date Reported]"), 44960)),
        found=("RP02",),
        holds=(("reported_on", "2023-02-03"),),
    ),
    Kind(
        "days from 1904",
        CONNECT,
        written_book(lambda b, s: _date_cell(b, s, date(2023, 2, 1), "[Date Reported]"), date_1904=True),
        found=("RP60",),
        holds=(("reported_on", "2023-02-01"),),
    ),
    Kind(
        "day number from 1904",
        CONNECT,
        written_book(lambda b, s: s.write_number(1, at("[Date Reported]"), 43498), date_1904=True),
        found=("RP02", "RP60"),
        holds=(("reported_on", "2023-02-03"),),
    ),
    Kind(
        "formula with its result",
        CONNECT,
        written_book(lambda b, s: s.write_formula(1, at("[Offender Count]"), "=1+1", None, 2)),
        crimes=3,
        holds=(("offenders_stated", "2"),),
    ),
    Kind(
        "formula without its result",
        CONNECT,
        book(
            rows=workbooks.rows_xml(connect_rows())
            .replace("</row>", '<c r="AR2"><f>1+1</f></c></row>', 2)
            .replace('<c r="AR2"><f>1+1</f></c>', "", 1)
        ),
        found=("RP63",),
        crimes=3,
    ),
    Kind(
        "spreadsheet error in a workbook",
        CONNECT,
        written_book(lambda b, s: s.write_formula(1, at("[Offender Count]"), "=1/0", None, "#DIV/0!")),
        found=("RP55",),
        crimes=3,
    ),
    Kind(
        "hidden rows",
        CONNECT,
        written_book(lambda b, s: s.set_row(2, None, None, {"hidden": True})),
        found=("RP58",),
        crimes=3,
    ),
    Kind("hidden sheet", CONNECT, written_book(lambda b, s: s.hide()), found=("RP59",), crimes=3),
    Kind(
        "merged cells",
        CONNECT,
        written_book(lambda b, s: s.merge_range(2, at("[Summary]"), 3, at("[Summary]"), "both")),
        found=("RP57",),
        crimes=3,
    ),
    # workbooks that are something else
    Kind("the sheet is missing", CONNECT, book(cover=False), ("ST05",)),
    Kind("an empty sheet", CONNECT, book(rows=" "), ("ST06",)),
    Kind("text named as workbook", CONNECT, bytes_of(CONNECT, lambda d: b"a,b\r\n1,2\r\n"), ("FL10",)),
    Kind(
        "web page named as workbook",
        CONNECT,
        bytes_of(CONNECT, lambda d: b"<html><table><tr><td>1"),
        ("FL10",),
    ),
    Kind("workbook named as text", NATIONAL, bytes_of(NATIONAL, lambda d: b"PK\x03\x04" + d), ("FL10",)),
    Kind("PDF named as text", NATIONAL, bytes_of(NATIONAL, lambda d: b"%PDF-1.7\n" + d), ("FL10",)),
    Kind(
        "web page named as text", NATIONAL, bytes_of(NATIONAL, lambda d: b"<!DOCTYPE html><html>"), ("FL10",)
    ),
    Kind(
        "ZIP without a workbook's parts",
        CONNECT,
        after(zipped(), lambda f: (f / "return.zip").rename(f / "return.xlsx")),
        ("FL10",),
    ),
    Kind(
        "old workbook named as new",
        CONNECT,
        bytes_of(CONNECT, lambda d: workbooks.compound({"Workbook": b""})),
        ("FL10",),
    ),
    Kind(
        "workbook with a password",
        CONNECT,
        bytes_of(CONNECT, lambda d: workbooks.compound({"EncryptedPackage": b""})),
        ("FL07",),
    ),
    Kind("workbook cut short", CONNECT, bytes_of(CONNECT, lambda d: d[: len(d) // 2]), ("FL09",)),
    Kind(
        "workbook with a damaged part",
        CONNECT,
        bytes_of(CONNECT, lambda d: d[:400] + bytes(400) + d[800:]),
        ("FL09",),
    ),
    Kind("macros", CONNECT, entries(lambda z: z.writestr("xl/vbaProject.bin", b"x")), ("FL08",)),
    Kind(
        "macros of Excel 4",
        CONNECT,
        entries(lambda z: z.writestr("xl/macrosheets/sheet1.xml", b"<x/>")),
        ("FL08",),
    ),
    Kind(
        "links to other files",
        CONNECT,
        entries(lambda z: z.writestr("xl/externalLinks/externalLink1.xml", b"<x/>")),
        ("FL20",),
    ),
    Kind(
        "data connections", CONNECT, entries(lambda z: z.writestr("xl/connections.xml", b"<x/>")), ("FL20",)
    ),
    Kind("billion laughs", CONNECT, book(prolog=LAUGHS), ("FL19",)),
    Kind(
        "document type in a side part",
        CONNECT,
        entries(lambda z: z.writestr("docProps/x.xml", LAUGHS + "<x/>")),
        ("FL19",),
    ),
    Kind(
        "bomb in a workbook", CONNECT, entries(lambda z: z.writestr("xl/x.bin", b"0" * 60_000_000)), ("FL13",)
    ),
    Kind(
        "a thousand entries",
        CONNECT,
        entries(lambda z: [z.writestr(f"xl/{n}.bin", b"") for n in range(1001)]),
        ("FL14",),
    ),
    Kind(
        "one cell at the far end",
        CONNECT,
        book(
            rows=workbooks.rows_xml(connect_rows()) + '<row r="1048576"><c r="XFD1048576"><v>1</v></c></row>'
        ),
        ("FL21",),
    ),
    Kind(
        "far cell out of its row's order",
        CONNECT,
        book(
            rows=workbooks.rows_xml(connect_rows()).replace(
                "</row>", '<c r="XFD1048576"><v>1</v></c></row>', 1
            )
        ),
        ("FL21",),
    ),
    Kind(
        "16,385 columns in a workbook",
        CONNECT,
        book(rows=workbooks.rows_xml(connect_rows()).replace("</row>", '<c r="XFE1"><v>1</v></c></row>', 1)),
        ("FL22",),
    ),
    Kind(
        "a row of 40 MB",
        CONNECT,
        book(
            rows=workbooks.rows_xml([*connect_rows(), ["x" * 40_000_000]]),
            extra={"xl/x.bin": os.urandom(300_000)},
        ),
        ("FL23",),
    ),
    Kind("one row laid over another", CONNECT, book(rows=_overwritten()), ("ST16",)),
    Kind(
        "rows and cells without places",
        CONNECT,
        book(rows=workbooks.rows_xml(connect_rows()).replace(' r="1"', "").replace(' r="2"', "")),
        crimes=3,
    ),
    # ZIP
    Kind("a return in a ZIP", NATIONAL, zipped(), crimes=3),
    Kind(
        "a way out of the folder",
        NATIONAL,
        zipped(lambda z, f: z.writestr("../../victims.csv", f["victims.csv"])),
        ("FL15",),
    ),
    Kind("an absolute name", NATIONAL, zipped(lambda z, f: z.writestr("/etc/cron.d/x.csv", b"x")), ("FL15",)),
    Kind("a drive's name", NATIONAL, zipped(lambda z, f: z.writestr("C:\\x.csv", b"x")), ("FL15",)),
    Kind("a link in a ZIP", NATIONAL, zipped(_link), ("FL16",)),
    Kind("a ZIP in a ZIP", NATIONAL, zipped(lambda z, f: z.writestr("more.zip", b"PK")), ("FL17",)),
    Kind(
        "the same name twice in a ZIP",
        NATIONAL,
        zipped(lambda z, f: z.writestr("other/crimes.csv", f["crimes.csv"])),
        ("FL18",),
    ),
    Kind("a ZIP with a password", NATIONAL, spoilt_zip(_encrypted), ("FL07",)),
    Kind("a ZIP cut short", NATIONAL, spoilt_zip(lambda d: d[: len(d) - 80]), ("FL09",)),
    Kind(
        "a ZIP with damaged bytes", NATIONAL, spoilt_zip(lambda d: d[:60] + b"\xff" * 40 + d[100:]), ("FL09",)
    ),
    Kind("a bomb in a ZIP", NATIONAL, zipped(lambda z, f: z.writestr("x.csv", b"0" * 60_000_000)), ("FL13",)),
    Kind("an empty ZIP", NATIONAL, spoilt_zip(lambda d: b"PK\x05\x06" + b"\0" * 18), ("FL24",)),
    Kind("text named as ZIP", NATIONAL, spoilt_zip(lambda d: b"crimes"), ("FL10",)),
    # other formats
    Kind(
        "an ODS workbook",
        NATIONAL,
        in_format("ods", workbooks.ods),
        crimes=3,
        layout=other("ods", "national-ods"),
    ),
    Kind(
        "hidden rows in an ODS",
        NATIONAL,
        in_format("ods", workbooks.ods, hidden=(3,)),
        found=("RP58",),
        crimes=3,
        layout=other("ods", "national-ods"),
    ),
    Kind(
        "an ODS cut short",
        NATIONAL,
        after(in_format("ods", workbooks.ods), _ods_cut),
        ("FL09",),
        layout=other("ods", "national-ods"),
    ),
    Kind(
        "an XLS workbook",
        NATIONAL,
        in_format("xls", workbooks.xls),
        crimes=3,
        layout=other("xls", "national-xls"),
    ),
    Kind(
        "an XLS with a password",
        NATIONAL,
        in_format("xls", workbooks.xls, password=True),
        ("FL07",),
        layout=other("xls", "national-xls"),
    ),
    Kind(
        "an XLS with macros",
        NATIONAL,
        after(
            in_format("xls", workbooks.xls),
            lambda f: (f / "crimes.xls").write_bytes(workbooks.compound({"_VBA_PROJECT": b""})),
        ),
        ("FL08",),
        layout=other("xls", "national-xls"),
    ),
    Kind(
        "an XLS with a cell where the format has none",
        NATIONAL,
        after(in_format("xls", workbooks.xls), _xls_cell_far_away),
        ("FL09",),
        layout=other("xls", "national-xls"),
    ),
    Kind(
        "an XLS whose sectors have no size",
        NATIONAL,
        after(in_format("xls", workbooks.xls), _xls_sectors_without_size),
        ("FL09",),
        layout=other("xls", "national-xls"),
    ),
    Kind(
        "an XLS cut short",
        NATIONAL,
        after(
            in_format("xls", workbooks.xls),
            lambda f: (f / "crimes.xls").write_bytes((f / "crimes.xls").read_bytes()[:2000]),
        ),
        ("FL09",),
        layout=other("xls", "national-xls"),
    ),
    # the folder
    Kind(
        "a link",
        NATIONAL,
        after(cells_of(NATIONAL), lambda f: (f / "x.csv").symlink_to("/etc/passwd")),
        ("FL03",),
    ),
    Kind("a pipe", NATIONAL, after(cells_of(NATIONAL), lambda f: os.mkfifo(f / "x.csv")), ("FL05",)),
    Kind("a folder in a delivery", NATIONAL, lambda f: sound(f / "later" / "deeper", NATIONAL), ("FL04",)),
    Kind(
        "a name that is none",
        NATIONAL,
        after(cells_of(NATIONAL), lambda f: (f / "a\nb.csv").write_text("x")),
        ("FL06",),
    ),
    Kind(
        "a download not ended",
        NATIONAL,
        after(cells_of(NATIONAL), lambda f: (f / "victims.csv").rename(f / "victims.csv.crdownload")),
        ("FL11",),
    ),
    Kind(
        "NIL and records",
        NATIONAL,
        after(cells_of(NATIONAL), lambda f: (f / "NIL").write_text("A. Person 2023-04-01")),
        ("FL32",),
    ),
    Kind(
        "manifest of other files",
        NATIONAL,
        after(
            cells_of(NATIONAL),
            lambda f: (f / "manifest.csv").write_text("file,sha256,records\ncrimes.csv,,\n"),
        ),
        ("FL29",),
    ),
    Kind(
        "manifest of other bytes",
        NATIONAL,
        after(
            cells_of(NATIONAL),
            lambda f: (f / "manifest.csv").write_text(
                "file,sha256,records\ncrimes.csv,00,\nvictims.csv,,\nsuspects.csv,,\n"
            ),
        ),
        ("FL30",),
    ),
    Kind(
        "manifest of more records",
        NATIONAL,
        after(
            cells_of(NATIONAL),
            lambda f: (f / "manifest.csv").write_text(
                "file,sha256,records\ncrimes.csv,,9\nvictims.csv,,\nsuspects.csv,,\n"
            ),
        ),
        ("FL31",),
    ),
    Kind(
        "manifest that is none",
        NATIONAL,
        after(cells_of(NATIONAL), lambda f: (f / "manifest.csv").write_bytes(b"\xff\xfe")),
        ("FL28",),
    ),
]
