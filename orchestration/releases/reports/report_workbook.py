"""A report's tables as XLSX: a cover, the notes, and one table on each sheet, with no formula and nothing hidden."""

from datetime import datetime
from pathlib import Path

from orchestration.releases.reports import sheets
from orchestration.releases.reports.printed import Number, Report
from orchestration.spreadsheets import Book, Sheet, workbook

CONTENTS_FROM = 7


def write(path: Path, report: Report, head: dict) -> None:
    """Write the workbook of a `report` whose page is made already."""
    # in memory: it would else write and remove a file for each sheet first, a third of the time
    with workbook(path, in_memory=True) as book:
        _fill(book, report, head)


def _fill(book: Book, report: Report, head: dict) -> None:
    # the day of the release, not today: the same release gives the same bytes
    made = datetime.fromisoformat(head["created_at"]).replace(tzinfo=None)
    book.set_properties({"title": report.title, "created": made})
    styles = {
        "title": book.add_format({"bold": True, "font_size": 14}),
        "bold": book.add_format({"bold": True}),
        "wrap": book.add_format({"text_wrap": True, "valign": "top"}),
        "sign": book.add_format({"align": "right"}),
        "count": book.add_format({"num_format": "#,##0"}),
        "0": book.add_format({"num_format": "0%"}),
        "1": book.add_format({"num_format": "0.0%"}),
    }
    tables = sheets.of(report)
    _cover(book.add_worksheet("Cover"), report, head, tables, styles)
    _notes(book.add_worksheet("Notes"), report, styles)
    for table in tables:
        _table(book.add_worksheet(table.name), table, styles)


def _cover(sheet: Sheet, report: Report, head: dict, tables: list[sheets.Sheet], styles: dict) -> None:
    sheet.set_column(0, 0, 100)
    sheet.write(0, 0, report.title, styles["title"])
    sheet.write_column(1, 0, sheets.cover(report, head), styles["wrap"])
    sheet.write(CONTENTS_FROM - 2, 0, "Contents", styles["bold"])
    sheet.write_link(CONTENTS_FROM - 1, 0, "'Notes'!A1", "Notes")
    for row, table in enumerate(tables, CONTENTS_FROM):
        sheet.write_link(row, 0, f"'{table.name}'!A1", f"{table.name}: {table.caption}")


def _notes(sheet: Sheet, report: Report, styles: dict) -> None:
    rows = sheets.notes(report)
    sheet.set_column(0, 0, 30, styles["wrap"])
    sheet.set_column(1, 1, 90, styles["wrap"])
    sheet.write(0, 0, "Notes", styles["title"])
    sheet.add_table((1, 0, 1 + len(rows), 1), "Notes", sheets.NOTES_HEADS, rows)


def _table(sheet: Sheet, table: sheets.Sheet, styles: dict) -> None:
    """Caption, one line about the sheet, the table."""
    sheet.write(0, 0, f"{table.name}: {table.caption}", styles["title"])
    sheet.write(1, 0, table.about)
    place = (2, 0, 2 + len(table.rows), len(table.heads) - 1)
    sheet.add_table(place, f"Table_{table.number}", table.heads)
    for at, row in enumerate(table.rows, 3):
        for column, cell in enumerate(row):
            if isinstance(cell, Number) and not isinstance(cell.value, str):
                style = str(cell.decimals) if cell.is_percent else "count"
                sheet.write_number(at, column, cell.value, styles[style])
            else:
                text = cell.text if isinstance(cell, Number) else cell
                sheet.write_string(at, column, text, styles["sign"] if text.startswith("[") else None)
    sheet.set_column(0, 0, 34)
    sheet.set_column(1, len(table.heads) - 1, 22)
    sheet.freeze_panes(3, 0)
