"""The pack as a workbook: every failing record in one sheet that sorts and filters. Nothing in it is a formula."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from orchestration.returns.file_safety import escape_formula

# what a sheet holds is 1,048,576 rows, its heading included
MOST_ROWS = 1_048_575
RECORDS = {
    "code": "Rule",
    "answer": "Answer",
    "record_type": "Records",
    "crime_reference": "Crime reference",
    "person_reference": "Person",
    "file": "File",
    "sheet": "Sheet",
    "row": "Row",
    "found": "Found",
    "column": "Column",
    "value": "As sent",
    "allowed": "Allowed",
    "what_to_do": "What to do",
}
WIDTHS = {
    "What to do": 60,
    "What should hold": 60,
    "What is wrong, and where": 80,
    "Allowed": 30,
    "Explanation": 60,
}


def write_workbook(pack: dict[str, Any], path: Path) -> None:
    """Write `pack.xlsx`; a cell that a spreadsheet would calculate has an apostrophe in front."""
    import xlsxwriter

    options = {"strings_to_formulas": False, "strings_to_urls": False, "strings_to_numbers": False}
    with xlsxwriter.Workbook(str(path), options) as book:
        book.set_properties({"title": f"Return pack: {pack['force_name']}, {pack['quarter']}"})
        head = book.add_format({"bold": True, "bottom": 1, "text_wrap": True, "valign": "top"})

        def sheet(name: str, headings: list[str], rows: list[list[Any]]) -> None:
            page = book.add_worksheet(name)
            page.write_row(0, 0, headings, head)
            for number, row in enumerate(rows[:MOST_ROWS], 1):
                page.write_row(number, 0, [escape_formula(cell) for cell in row])
            page.freeze_panes(1, 0)
            if rows:
                page.autofilter(0, 0, len(rows), len(headings) - 1)
            for column, heading in enumerate(headings):
                page.set_column(column, column, WIDTHS.get(heading, 18))

        sheet("Return", ["What", "Value"], _summary(pack))
        if pack["reasons"]:
            sheet(
                "Why refused",
                ["Check", "What is wrong, and where", "What to do"],
                [[row["code"], row["said"], row["what_to_do"]] for row in pack["reasons"]],
            )
        found = [*pack["findings"], *pack["found_by_the_centre"]]
        sheet(
            "Rules",
            ["Rule", "Answer", "Records", "Of", "Holds the release", "What should hold", "What to do"],
            [
                [row[name] for name in ("code", "answer", "records", "statement", "what_to_do")]
                for row in found
            ],
        )
        sheet("Records", list(RECORDS.values()), _records(found))
        sheet("Balance", *_table(pack["balance"]))
        sheet("Left out", *_table((pack["counted"] or {}).get("exclusions", [])))
        sheet("Completeness", *_table(pack["completeness"]))
        sheet("Explanations", *_table(pack["explanations"]))


def _summary(pack: dict[str, Any]) -> list[list[Any]]:
    names = (
        "force_name",
        "quarter",
        "submission",
        "status",
        "received_at",
        "layout",
        "to_mend",
        "to_explain",
    )
    rows = [[name.replace("_", " "), pack[name]] for name in names]
    counted = {name: count for name, count in (pack["counted"] or {}).items() if name != "exclusions"}
    return rows + [[f"{name}, if this were final", count] for name, count in counted.items()]


def _records(found: list[dict[str, Any]]) -> list[list[Any]]:
    """A row for each cell that a finding is about, and one for a finding about no cell."""
    rows = []
    for finding in found:
        for record in finding["failing"]:
            for cell in record["values"] or [{}]:
                told = finding | record | cell
                rows.append([told.get(name) for name in RECORDS])
    return rows


def _table(rows: list[dict[str, Any]]) -> tuple[list[str], list[list[Any]]]:
    headings = [name.replace("_", " ").capitalize() for name in rows[0]] if rows else ["None"]
    return headings, [list(row.values()) for row in rows]
