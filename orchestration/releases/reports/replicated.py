"""Page by page, what the year's publication prints, beside what a report prints, and where in it that stands."""

from collections.abc import Iterable, Mapping, Sequence
from itertools import groupby
from operator import itemgetter

from orchestration import schemes
from orchestration.releases.disclosure import cells
from orchestration.releases.figures import label
from orchestration.releases.reports.numbers import Figure, Key
from orchestration.releases.reports.printed import NOT_APPLICABLE, Number, Report, Table

PARTS = {
    "numerator": "published_numerator",
    "denominator": "published_denominator",
    "percent": "printed_percent",
}
HEADS = [
    "Printed",
    "Printed, of",
    "Printed, per cent",
    "Ours",
    "Ours, of",
    "Ours, per cent",
    "Where in this report",
    "Verdict",
]
NOWHERE = "nowhere"


def table(report: Report) -> Table | None:
    """Every number of the publication, made after all else of the report; None where there is none."""
    found = _published(report)
    if not found:
        return None
    keys = _keys(report)
    standing = _standing(report, keys)
    source = f"replication_{report.numbers.period}"
    groups = []
    for page, rows in groupby(found, key=itemgetter("page")):
        lines = []
        for row in rows:
            key = keys[row["figure_id"], report.numbers.period]
            wanted = [
                part
                for of, name in PARTS.items()
                if row[name] is not None
                for part in _cells(report, key, of)
            ]
            where = next((name for name, there in standing.items() if there.issuperset(wanted)), NOWHERE)
            lines.append(
                (
                    report.cell(source, "figure", label(key._asdict())),
                    [
                        *(_printed(report, source, row, of) for of in PARTS),
                        *(report.shown(key, of) for of in PARTS),
                        report.cell(source, "stands in", where),
                        report.cell(source, "verdict", row["status"].removeprefix("agrees, publication ")),
                    ],
                )
            )
        groups.append((report.cell(source, "page", f"Page {page}"), lines))
    return report.table(
        f"What the publication of {report.numbers.name} prints, and this report", HEADS, groups
    )


def errata(report: Report) -> list[tuple[Number, Number]]:
    """Figures that the publication prints against its own counts, or differently from us, each with the reason."""
    source, keys = f"replication_{report.numbers.period}", _keys(report)
    return [
        (
            report.cell(source, "figure", label(keys[row["figure_id"], report.numbers.period]._asdict())),
            report.cell(source, "reason", row["explanation"]),
        )
        for row in _published(report)
        if row["status"] not in ("agrees", "percent only")
    ]


def _published(report: Report) -> list[dict]:
    return report.numbers.evidence["replication"] if report.place.kind == "national" else []


def _keys(report: Report) -> dict[tuple, Key]:
    """By figure and period, of this place and in the scheme of 2023, which the publication is of."""
    return {
        (figure.figure_id, key.period): key
        for key, figure in report.numbers.figures.items()
        if key.scheme == schemes.first() and key.place == report.place.place
    }


def _standing(report: Report, keys: dict[tuple, Key]) -> dict[str, set[tuple]]:
    """By part of the report (a table, else its text), the counts and shares that it prints."""

    def of(sources: Iterable[Mapping]) -> set[tuple]:
        found = (
            _cells(report, keys[at], source["of"])
            for source in sources
            if source["place"] == report.place.place and (at := (source["figure"], source["period"])) in keys
        )
        return {cell for cells_of in found for cell in cells_of}

    def numbers(table: Table) -> list[Number]:
        rows = [row for _, rows in table.groups for row in rows] + ([table.total] if table.total else [])
        return [number for _, cells_of in rows for number in cells_of]

    tables = {
        f"Table {table.number}": of(number.source for number in numbers(table) if "figure" in number.source)
        for table in report.tables
    }
    listed = [
        printed._asdict() | {"figure": printed.figure_id} for printed in report.printed if printed.figure_id
    ]
    return tables | {"the text": of(listed)}


def _cells(report: Report, key: Key, of: str) -> Sequence:
    """What a number counts, whatever figure prints it: its cell, or of a percentage both."""
    figure: Figure = report.numbers.figures[key]
    is_part = "quarter" if "Q" in key.period else "month" if "-" in key.period else "year"
    at = key._asdict() | {"place_type": report.place.kind, "period_type": is_part}
    part, base = cells.numerator(at), cells.denominator(at | {"percent_rounding": figure.percent_rounding})
    return {"numerator": [part], "denominator": [base], "percent": [(part, base)]}[of]


def _printed(report: Report, source: str, row: dict, of: str) -> Number:
    value = row[PARTS[of]]
    if value is None:
        return report.cell(source, f"printed {of}", NOT_APPLICABLE)
    return report.cell(source, f"printed {of}", f"{float(value):g}%" if of == "percent" else value)
