"""The pack as one HTML page: readable offline and printed, without a script or anything from elsewhere."""

from pathlib import Path
from typing import Any

from orchestration import pages
from orchestration.returns.pack.order import in_order
from orchestration.returns.pack.words import status_said, title_of

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


def page(pack: dict[str, Any], fill_in: bool) -> str:
    """HTML of one pack; `fill_in`: whether `explanations.csv` comes with it."""
    counted = pack["counted"] or {}
    of_the_centre = {finding["code"] for finding in pack["found_by_the_centre"]}
    return (
        pages.environment(Path(__file__).parent)
        .get_template("pack.html")
        .render(
            pack=pack,
            title=title_of(pack),
            status=status_said(pack),
            fill_in=fill_in,
            found=[
                finding | {"place": place, "only_the_centre": finding["code"] in of_the_centre}
                for place, finding in enumerate(
                    in_order([*pack["findings"], *pack["found_by_the_centre"]]), 1
                )
            ],
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
        ("crime_is", "The crime is", ""),
    ]
    columns = [column for column in columns if any(row[column[0]] for row in shown)]
    if any(cell["allowed"] for row in shown for cell in row["values"]):
        columns.append(("values", "Allowed", "allowed"))
    return columns


def _shown_of(finding: dict[str, Any]) -> str:
    if finding["records"] <= MOST_SHOWN:
        return f"Records that break {finding['code']}"
    return (
        f"{MOST_SHOWN} of {finding['records']:,} records that break {finding['code']}, those that matter most; "
        "all are in the workbook"
    )
