"""What a report's workbooks and CSV files hold, whoever writes them: the cover, the notes, each table as rows."""

from dataclasses import dataclass

from orchestration.releases.reports.printed import NOT_APPLICABLE, Number, Report, Table

NOTES_HEADS = ["Word or sign", "What it means"]


@dataclass(frozen=True)
class Sheet:
    """One table; each of `rows` has a cell for each of `heads`: text, or a number as it is printed."""

    number: int
    caption: str
    notes: list[str]
    heads: list[str]
    rows: list[list[str | Number]]

    def __post_init__(self) -> None:
        for row in self.rows:
            if len(row) != len(self.heads):
                raise ValueError(f"table {self.number}: {len(row)} cells under {len(self.heads)} headings")

    @property
    def name(self) -> str:
        return f"Table {self.number}"

    @property
    def about(self) -> str:
        return " ".join(["One table; signs are explained on the sheet Notes.", *self.notes])


def of(report: Report) -> list[Sheet]:
    """The tables of a `report` whose page is made already: those that the page has, in its order."""
    return [_sheet(table) for table in report.tables]


def cover(report: Report, head: dict) -> list[str]:
    """The lines under the title."""
    return [
        "Made-up data: no real person or crime. Calibrated to published counts.",
        report.tier,
        f"Release {head['release']}. {report.status}",
        f"Signs, definitions{', corrections' if report.errata else ''} and how to read the figures are on the sheet Notes.",
    ]


def notes(report: Report) -> list[list[str]]:
    """What stands under Notes on the page, and its corrections first."""
    corrections = [["Correction", erratum] for erratum in report.errata]
    return corrections + [list(pair) for pair in (report.signs | report.definitions).items()]


def _sheet(table: Table) -> Sheet:
    """A group's heading is a column, so that a row is complete by itself."""
    has_groups = any(heading for heading, _ in table.groups)
    rows = [
        ([heading] if has_groups else []) + [label, *numbers]
        for heading, lines in table.groups
        for label, numbers in lines
    ]
    if table.total:
        label, numbers = table.total
        blank = [NOT_APPLICABLE] * (len(table.heads) - len(numbers))
        rows.append(([label] if has_groups else []) + [label, *numbers, *blank])
    heads = (["Of"] if has_groups else []) + ["Category", *table.heads]
    # a table's columns have different headings
    heads = [head if head not in heads[:place] else f"{head} ({place})" for place, head in enumerate(heads)]
    return Sheet(table.number, table.caption, table.notes, heads, rows)
