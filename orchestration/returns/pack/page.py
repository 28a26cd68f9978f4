"""The pack as one HTML page: readable offline and printed, without a script or anything from elsewhere."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from orchestration.releases import pages

# Enough to see what is meant; all of them are in the workbook, which sorts and filters.
MOST_SHOWN = 25
COUNTED = {
    "crimes": "Crimes received",
    "cpai": "In the CPAI",
    "images": "of which images",
    "contact": "of which contact",
    "candidates": "of which candidates, to be read",
}
COMPLETENESS = [
    ("field", "Field", "words"),
    ("known", "Recorded", "number"),
    ("of", "Of", "number"),
    ("percent", "This quarter", "percent"),
    ("last_quarter", "Last quarter", "percent"),
    ("national", "All forces", "percent"),
]


def page(pack: dict[str, Any]) -> str:
    """HTML of one pack."""
    counted = pack["counted"] or {}
    return (
        pages.environment(Path(__file__).parent)
        .get_template("pack.html")
        .render(
            pack=pack | {"found_by_the_centre": [_in_words(each) for each in pack["found_by_the_centre"]]},
            counted=[{"label": label, "crimes": counted.get(name)} for name, label in COUNTED.items()],
            # a force that checks alone has neither last quarter nor the others beside it
            completeness_columns=[
                column
                for column in COMPLETENESS
                if any(row[column[0]] is not None for row in pack["completeness"])
            ],
            columns_of=_columns_of,
            most_shown=MOST_SHOWN,
            shown_of=_shown_of,
        )
    )


def _columns_of(finding: dict[str, Any]) -> list[tuple[str, str, str]]:
    """Columns of the table of failing records: those that any of the shown has something in."""
    shown = finding["failing"][:MOST_SHOWN]
    columns = [
        ("crime_reference", "Crime reference", "code"),
        ("person_reference", "Person", "code"),
        ("file", "File", ""),
        ("sheet", "Sheet", ""),
        ("row", "Row", ""),
        ("found", "Found", "words"),
        ("values", "As sent", "values"),
    ]
    columns = [column for column in columns if any(row[column[0]] for row in shown)]
    if any(cell["allowed"] for row in shown for cell in row["values"]):
        columns.append(("values", "Allowed", "allowed"))
    return columns


def _shown_of(finding: dict[str, Any]) -> str:
    if finding["records"] <= MOST_SHOWN:
        return f"Records that break {finding['code']}"
    return (
        f"The first {MOST_SHOWN} of {finding['records']:,} records that break {finding['code']}; "
        "all are in the workbook"
    )


def _in_words(finding: dict[str, Any]) -> dict[str, Any]:
    words = dict.fromkeys((row["found"] or "").replace("_", " ") for row in finding["failing"])
    return finding | {"words": ", ".join(words)}
