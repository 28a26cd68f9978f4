"""Returns written by hand for the tests, in any layout: headings and dialects come from the layout seeds."""

from __future__ import annotations

import csv
import io
from contextlib import suppress
from datetime import date
from itertools import product
from pathlib import Path

import xlsxwriter

from orchestration.returns.layouts.parts import Column, Layout, Part

Record = dict[str, str | None]
Records = dict[str, list[Record]]

NAMES = {"*.csv": "return.csv", "*.xlsx": "return.xlsx"}


def crime(number: int = 1, reference: str = "46/{}/23", **cells: str | None) -> Record:
    return {
        "crime_reference": reference.format(1000 + number),
        "offence_code": "19E",
        "recorded_on": "2023-02-03",
        "status": "recorded",
        **cells,
    }


def victim(of: Record, number: int = 1, **cells: str | None) -> Record:
    return {
        "crime_reference": of["crime_reference"],
        "victim_reference": f"V{number}",
        "gender": "F",
        **cells,
    }


def suspect(of: Record, number: int = 1, **cells: str | None) -> Record:
    return {
        "crime_reference": of["crime_reference"],
        "suspect_reference": f"S{number}",
        "gender": "M",
        **cells,
    }


def write_return(
    folder: Path, layout: Layout, records: Records, banner: str = "Extract", examples: bool = True
) -> dict[str, Path]:
    """Write records (by type) into `folder` as `layout` has them: file name -> path."""
    folder.mkdir(parents=True, exist_ok=True)
    files: dict[str, Path] = {}
    books: dict[str, list[tuple[Part, list[list[str]]]]] = {}
    for part in layout.parts:
        name = NAMES.get(part.file_pattern, part.file_pattern.replace("*", ""))
        rows = part_rows(part, records)
        example = [["example"] * len(part.headings)] * (part.example_rows if examples else 0)
        table = [[banner]] * part.banner_rows + [list(part.headings)] + example + rows
        if part.format == "csv":
            text = io.StringIO()
            csv.writer(text, delimiter=part.delimiter).writerows(table)
            (folder / name).write_bytes(text.getvalue().encode(part.encoding))
            files[name] = folder / name
        else:
            books.setdefault(name, []).append((part, table))
    for name, sheets in books.items():
        files[name] = write_workbook(folder / name, sheets)
    return files


def write_workbook(path: Path, sheets: list[tuple[Part, list[list[str]]]]) -> Path:
    book = xlsxwriter.Workbook(path)
    for part, table in sheets:
        position = int(part.sheet) if part.sheet.isdigit() else 0
        while len(book.worksheets()) < position - 1:
            book.add_worksheet()
        sheet = book.add_worksheet(None if position else part.sheet)
        for number, row in enumerate(table):
            for column, cell in enumerate(row):
                sheet.write_string(number, column, cell)
    book.close()
    return path


def part_rows(part: Part, records: Records) -> list[list[str]]:
    """The rows of one part; a flat part has one for each crime x victim x suspect that it holds."""
    if len(part.contains) == 1:
        return [_row(part, {part.contains[0]: record}) for record in records[part.contains[0]]]
    rows = []
    kinds = [kind for kind in ("victims", "suspects") if kind in part.contains]
    for record in records["crimes"]:
        persons = []
        for kind in kinds:
            on_crime = [one for one in records[kind] if one["crime_reference"] == record["crime_reference"]]
            persons.append(on_crime or [None])
        for combination in product(*persons):
            rows.append(_row(part, {"crimes": record, **dict(zip(kinds, combination, strict=True))}))
    return rows


def _row(part: Part, of: dict[str, Record | None]) -> list[str]:
    cells = []
    for heading in part.headings:
        columns = [column for column in part.columns if column.heading == heading]
        texts = [_cell(column, (of.get(column.record_type) or {}).get(column.column)) for column in columns]
        separator = columns[0].separator
        if separator and len(columns) > 1:
            cells.append(separator.join(texts) if any(texts) else "")
        elif separator and texts[0]:
            cells.append(f"{texts[0]}{separator}described")
        else:
            cells.append(next(filter(None, texts), ""))
    return cells


def _cell(column: Column, value: str | None) -> str:
    if value and column.date_format and len(value) == 10 and value[4] == "-":
        with suppress(ValueError):  # any text may look like a day
            return date.fromisoformat(value).strftime(column.date_format)
    return value or ""
