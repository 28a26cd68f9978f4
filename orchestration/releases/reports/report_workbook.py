"""A report's tables as XLSX: a cover, the notes, and one table on each sheet, with no formula and nothing hidden."""

from datetime import datetime
from pathlib import Path

from xlsxwriter.worksheet import Worksheet

from orchestration.releases.reports import sheets
from orchestration.releases.reports.printed import Number, Report
from orchestration.releases.reports.sheets import Sheet

CONTENTS_FROM = 7


def write(path: Path, report: Report, head: dict) -> None:
    """Write the workbook of a `report` whose page is made already."""
    import xlsxwriter

    # in memory: it would else write and remove a file for each sheet first, a third of the time
    book = xlsxwriter.Workbook(str(path), {"in_memory": True})
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
    book.close()


def _cover(sheet: Worksheet, report: Report, head: dict, tables: list[Sheet], styles: dict) -> None:
    sheet.set_column(0, 0, 100)
    sheet.write(0, 0, report.title, styles["title"])
    sheet.write_column(1, 0, sheets.cover(report, head), styles["wrap"])
    sheet.write(CONTENTS_FROM - 2, 0, "Contents", styles["bold"])
    sheet.write_url(CONTENTS_FROM - 1, 0, "internal:'Notes'!A1", string="Notes")
    for row, table in enumerate(tables, CONTENTS_FROM):
        sheet.write_url(row, 0, f"internal:'{table.name}'!A1", string=f"{table.name}: {table.caption}")


def _notes(sheet: Worksheet, report: Report, styles: dict) -> None:
    rows = sheets.notes(report)
    sheet.set_column(0, 0, 30, styles["wrap"])
    sheet.set_column(1, 1, 90, styles["wrap"])
    sheet.write(0, 0, "Notes", styles["title"])
    columns = [{"header": head} for head in sheets.NOTES_HEADS]
    sheet.add_table(
        1, 0, 1 + len(rows), 1, {"data": rows, "columns": columns, "autofilter": False, "name": "Notes"}
    )


def _table(sheet: Worksheet, table: Sheet, styles: dict) -> None:
    """Caption, one line about the sheet, the table."""
    sheet.write(0, 0, f"{table.name}: {table.caption}", styles["title"])
    sheet.write(1, 0, table.about)
    columns = [{"header": head} for head in table.heads]
    sheet.add_table(
        2,
        0,
        2 + len(table.rows),
        len(table.heads) - 1,
        {"columns": columns, "autofilter": False, "name": f"Table_{table.number}"},
    )
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
