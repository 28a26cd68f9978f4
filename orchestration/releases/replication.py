"""The replication report: each printed figure beside ours, from `marts.replication_<year>`."""

# ruff: noqa: S608 - table names come from dbt's manifest, never from a user

import csv
from itertools import groupby
from pathlib import Path

from orchestration.home import seed_rows
from orchestration.statements import Connection, rows_of


def read(connection: Connection, period: str) -> list[dict]:
    """The report's rows in the publication's order. Each has `note`, and `erratum` where it prints against its own counts."""
    rows = rows_of(
        connection, f'select * from target.main."replication_{int(period)}" order by page, figure_id'
    )
    printed = {figure_id: number for number, figure_id in enumerate(_printed(period))}
    rows.sort(key=lambda row: (row["page"], printed.get(row["figure_id"], len(printed)), row["figure_id"]))
    before = None
    for row in rows:
        row["erratum"] = "errat" in (row["status"] or "")
        source_note = row.get("source_note")
        # four quarters of one chart have one note: shown once
        source = "read as the figure before" if source_note and source_note == before else source_note
        before = source_note
        row["note"] = " ".join(map(_sentence, filter(None, [row["explanation"], source])))
    return rows


def _printed(period: str) -> list[str]:
    return [row["figure_id"] for row in seed_rows(f"published_{period}.csv")]


def _sentence(text: str) -> str:
    return text[0].upper() + text[1:].rstrip(".") + "."


def by_page(rows: list[dict]) -> list[tuple[int, list[dict]]]:
    return [(page, list(group)) for page, group in groupby(rows, key=lambda row: row["page"])]


def summary(rows: list[dict]) -> dict:
    """How much agrees: rows with a published count, rows with a percentage only, and errata."""
    counted = [row for row in rows if row["published_numerator"] is not None]
    return {
        "counts": len(counted),
        "counts_agree": sum(bool(row["counts_agree"]) for row in counted),
        "percent_only": len(rows) - len(counted),
        "percent_only_agree": sum(
            bool(row["percent_agrees_with_print"]) for row in rows if row["published_numerator"] is None
        ),
        "errata": sum(row["erratum"] for row in rows),
    }


def sentence(file: Path) -> str:
    """`74 of 74 counts, 1 percent-only`, from a release's report/replication_<year>.csv."""
    with file.open(newline="", encoding="utf-8") as opened:
        rows = [{name: value or None for name, value in row.items()} for row in csv.DictReader(opened)]
    counted = [row for row in rows if row["published_numerator"] is not None]
    agree = sum(row["counts_agree"] == "true" for row in counted)
    return f"{agree} of {len(counted)} counts, {len(rows) - len(counted)} percent-only"
