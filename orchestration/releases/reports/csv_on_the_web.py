"""A report's tables as CSV, with the metadata that describes their columns to a machine (CSVW, W3C)."""

import re
from pathlib import Path

from orchestration.releases.package import LICENCE, write_json
from orchestration.releases.reports import sheets
from orchestration.releases.reports.printed import Number, Printed, Report
from orchestration.releases.reports.sheets import Sheet
from orchestration.spreadsheets import write_csv

CONTEXT = ["http://www.w3.org/ns/csvw", {"@language": "en"}]
# where a reader of CSVW looks for what describes a file, in the file's folder
METADATA = "csv-metadata.json"
PRINTED = {
    "page": "The page that prints the number.",
    "source": "The table it is from: figures, or a table of evidence.",
    "figure_id": "The figure, as in the release's figures; blank for evidence.",
    "place": "The nation, region or force.",
    "period": "The year, quarter or month.",
    "of": "numerator, denominator or percent; for evidence what was counted.",
    "shown": "As it is printed.",
}


def write(folder: Path, report: Report, head: dict) -> None:
    """`table-1.csv`, ... and their metadata: of a `report` whose page is made already."""
    folder.mkdir(parents=True, exist_ok=True)
    tables = sheets.of(report)
    for table in tables:
        rows = [[_text(cell) for cell in row] for row in table.rows]
        write_csv(folder / f"table-{table.number}.csv", table.heads, rows)
    described = {
        "@context": CONTEXT,
        "dc:title": report.title,
        "dc:description": " ".join(sheets.cover(report, head)[:3]),
        "dc:license": {"@id": LICENCE["path"]},
        **({"schema:correction": report.errata} if report.errata else {}),
        "dc:issued": head["created_at"][:10],
        # a sign is no number; what each means is in the title of the page that has it
        "null": [sign for sign in report.signs if sign.startswith("[")],
        "tables": [_described(table) for table in tables],
    }
    write_json(folder / METADATA, described)


def write_printed(path: Path, printed: list[Printed], head: dict) -> None:
    """Every number of every page, and what its columns are."""
    write_csv(path, Printed._fields, printed)
    columns = [
        {"name": name, "titles": name, "dc:description": PRINTED[name], "datatype": "string"}
        for name in Printed._fields
    ]
    described = {
        "@context": CONTEXT,
        "url": path.name,
        "dc:title": f"Every number of the reports of release {head['release']}",
        "dc:license": {"@id": LICENCE["path"]},
        "tableSchema": {"columns": columns},
    }
    write_json(path.with_name(f"{path.name}-metadata.json"), described)


def _described(table: Sheet) -> dict:
    columns = [
        {
            "name": re.sub(r"\W+", "_", head.lower()).strip("_"),
            "titles": head,
            "datatype": _datatype(table, at),
        }
        for at, head in enumerate(table.heads)
    ]
    keys = [column["name"] for column in columns if column["datatype"] == "string"]
    return {
        "url": f"table-{table.number}.csv",
        "dc:title": f"{table.name}: {table.caption}",
        **({"dc:description": " ".join(table.notes)} if table.notes else {}),
        "tableSchema": {"columns": columns, "primaryKey": keys},
    }


def _datatype(table: Sheet, at: int) -> str:
    numbers = [cell for row in table.rows if isinstance(cell := row[at], Number)]
    text = [number for number in numbers if isinstance(number.value, str) and not number.text.startswith("[")]
    if text or not numbers:
        return "string"
    return "decimal" if any(number.is_percent for number in numbers) else "integer"


def _text(cell: str | Number) -> str:
    """A number without its thousands and its per cent, which the heading has."""
    if isinstance(cell, Number) and not isinstance(cell.value, str):
        return cell.text.replace(",", "").rstrip("%")
    return cell if isinstance(cell, str) else cell.text
