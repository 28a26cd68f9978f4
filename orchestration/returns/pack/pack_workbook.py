"""The pack as a workbook: every failing record in one sheet that sorts and filters. Nothing in it is a formula."""

from collections import Counter
from pathlib import Path
from typing import Any

from orchestration import strict_csv
from orchestration.returns.pack.order import in_order
from orchestration.returns.pack.words import status_said, title_of
from orchestration.spreadsheets import workbook

Row = dict[str, Any]

# what a sheet holds is 1,048,576 rows, its heading included
MOST_ROWS = 1_048_575
# and what a cell holds
LONGEST = 32_767
WRAPPED = 30  # letters: what is so wide goes over several lines

_COLUMNS = strict_csv.read(Path(__file__).with_name("sheets.csv"), "sheets.csv").dicts()
# Sheet -> its columns as (key, heading): headings and values are written from the same pairs.
SHEETS = {
    row["sheet"]: [(one["key"], one["heading"]) for one in _COLUMNS if one["sheet"] == row["sheet"]]
    for row in _COLUMNS
}
WIDTHS = {row["key"]: int(row["width"]) for row in _COLUMNS}


def write_workbook(pack: Row, path: Path) -> None:
    """Write `pack.xlsx`; a cell that a spreadsheet would calculate has an apostrophe in front."""
    found = [
        finding | {"place": place, "holds": "yes" if finding["holds"] else None}
        for place, finding in enumerate(in_order([*pack["findings"], *pack["found_by_the_centre"]]), 1)
    ]
    rows: dict[str, list[Row]] = {
        "Return": _summary(pack),
        "Why refused": pack["reasons"],
        "Rules": found,
        "Records": _records(found),
        "Balance": pack["balance"],
        "Left out": (pack["counted"] or {}).get("exclusions", []),
        "Completeness": pack["completeness"],
        "Explanations": pack["explanations"],
    }
    called = {} if pack["status"] == "refused" else {"Why refused": "Remarks"}
    with workbook(path) as book:
        book.set_properties({"title": title_of(pack)})
        head = book.add_format({"bold": True, "bottom": 1, "text_wrap": True, "valign": "top"})
        text = book.add_format({"text_wrap": True, "valign": "top"})
        for name, columns in SHEETS.items():
            # what there is nothing of has no sheet
            if rows[name]:
                _write(
                    book.add_worksheet(called.get(name, name)), columns, rows[name][:MOST_ROWS], head, text
                )


def _write(sheet: Any, columns: list[tuple[str, str]], rows: list[Row], head: Any, text: Any) -> None:
    for column, (key, heading) in enumerate(columns):
        sheet.set_column(column, column, WIDTHS[key])
        sheet.write_string(0, column, heading, head)
        for number, row in enumerate(rows, 1):
            sheet.write(number, column, _cell(row[key]), text if WIDTHS[key] >= WRAPPED else None)
    sheet.freeze_panes(1, 0)
    sheet.autofilter(0, 0, len(rows), len(columns) - 1)


def _cell(value: Any) -> Any:
    # an apostrophe more may come in front
    return value[: LONGEST - 1] if isinstance(value, str) else value


def _summary(pack: Row) -> list[Row]:
    values = {"force": pack["force_name"], "quarter": pack["quarter"]}
    if pack["checked"]:
        values |= {"if it is sent so": status_said(pack), "delivery": pack["checked"]["said"]}
    else:
        values |= {"submission": pack["submission"], "status": status_said(pack)}
    values |= {
        "checked at" if pack["checked"] else "received at": pack["received_at"],
        "layout": pack["layout"],
        "to correct": pack["to_correct"],
        "to correct or explain": pack["to_explain"],
    }
    counted = pack["counted"] or {}
    values |= {f"{name}, if this were final": counted[name] for name in counted if name != "exclusions"}
    return [{"what": what, "value": value} for what, value in values.items()]


def _records(found: list[Row]) -> list[Row]:
    """A row for each cell that a finding is about, and one for a finding about no cell."""
    rules_on = Counter(
        crime
        for finding in found
        for crime in {record["crime_reference"] for record in finding["failing"]}
        if finding["answer"] != "nothing"
    )
    no_cell = {"column": None, "value": None, "allowed": None}
    return [
        finding | record | cell | {"rules_on_crime": rules_on[record["crime_reference"]] or None}
        for finding in found
        for record in finding["failing"]
        for cell in record["values"] or [no_cell]
    ]
