"""A report's tables as a workbook: a cover, the notes, and one table on each sheet, with no formula and nothing hidden."""

from datetime import datetime
from pathlib import Path

from orchestration.releases.reports.printed import NOT_APPLICABLE, Number, Report, Table

CONTENTS_FROM = 7


def write(path: Path, report: Report, head: dict) -> None:
    """Write the workbook of a `report` whose page is made already: its tables are those that the page has."""
    import xlsxwriter

    book = xlsxwriter.Workbook(str(path))
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
    _cover(book.add_worksheet("Cover"), report, head, styles)
    _notes(book.add_worksheet("Notes"), report, styles)
    for table in report.tables:
        _table(book.add_worksheet(f"Table {table.number}"), table, styles)
    book.close()


def _cover(sheet, report: Report, head: dict, styles: dict) -> None:
    lines = [
        "Made-up data: no real person or crime. Calibrated to published counts.",
        report.tier,
        f"Release {head['release']}.",
        "Signs, definitions and how to read the figures are on the sheet Notes.",
    ]
    sheet.set_column(0, 0, 100)
    sheet.write(0, 0, report.title, styles["title"])
    sheet.write_column(1, 0, lines, styles["wrap"])
    sheet.write(CONTENTS_FROM - 2, 0, "Contents", styles["bold"])
    sheet.write_url(CONTENTS_FROM - 1, 0, "internal:'Notes'!A1", string="Notes")
    for table in report.tables:
        name = f"Table {table.number}"
        sheet.write_url(
            CONTENTS_FROM - 1 + table.number, 0, f"internal:'{name}'!A1", string=f"{name}: {table.caption}"
        )


def _notes(sheet, report: Report, styles: dict) -> None:
    rows = [list(pair) for pair in (report.signs | report.definitions).items()]
    sheet.set_column(0, 0, 30, styles["wrap"])
    sheet.set_column(1, 1, 90, styles["wrap"])
    sheet.write(0, 0, "Notes", styles["title"])
    columns = [{"header": "Word or sign"}, {"header": "What it means"}]
    sheet.add_table(
        1, 0, 1 + len(rows), 1, {"data": rows, "columns": columns, "autofilter": False, "name": "Notes"}
    )


def _table(sheet, table: Table, styles: dict) -> None:
    """Caption, one line about the sheet, the table; a group's heading is a column, so that a row says all."""
    has_groups = any(heading for heading, _ in table.groups)
    rows = [
        ([heading] if has_groups else []) + [label, *numbers]
        for heading, lines in table.groups
        for label, numbers in lines
    ]
    if table.total:
        label, numbers = table.total
        rows.append([label, *numbers, *[NOT_APPLICABLE] * (len(table.heads) - len(numbers))])
    heads = (["Of"] if has_groups else []) + ["Category", *table.heads]
    # a table's columns are told apart by their headings
    named = [head if head not in heads[:place] else f"{head} ({place})" for place, head in enumerate(heads)]
    sheet.write(0, 0, f"Table {table.number}: {table.caption}", styles["title"])
    sheet.write(1, 0, " ".join(["One table; signs are explained on the sheet Notes.", *table.notes]))
    columns = [{"header": name} for name in named]
    sheet.add_table(
        2,
        0,
        2 + len(rows),
        len(heads) - 1,
        {"columns": columns, "autofilter": False, "name": f"Table_{table.number}"},
    )
    for at, row in enumerate(rows, 3):
        for column, cell in enumerate(row):
            if isinstance(cell, Number) and isinstance(cell.value, float | int):
                style = "count" if isinstance(cell.value, int) else str(len(cell.text.partition(".")[2][:-1]))
                sheet.write_number(at, column, cell.value, styles[style])
            else:
                text = cell.text if isinstance(cell, Number) else cell
                sheet.write_string(at, column, text, styles["sign"] if text.startswith("[") else None)
    sheet.set_column(0, 0, 34)
    sheet.set_column(1, len(heads) - 1, 22)
    sheet.freeze_panes(3, 0)
