"""The readings file in and out: a worklist for readers, and their answers into the ledger, append-only.

The columns and allowed values are the readings file of the design; a file is taken whole or not at all.
"""

import csv
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from orchestration import quarters, warehouse
from orchestration.home import Home, seed_rows
from orchestration.ledger import now, open_ledger, readings, snapshot
from orchestration.returns.file_safety import escape_formula

COLUMNS = [
    "force",
    "crime_reference",
    "version",
    "role",
    "reader",
    "read_at",
    "group_based",
    "network_definition",
    "offenders_read",
    "criterion",
    "runner_up",
    "committed_by_children",
    "confidence",
    "reason",
]
CRITERIA = {"cse", "familial", "institutional", "ritualistic", "other", "unknown"}
ALLOWED = {
    "role": {"first", "second", "adjudicator"},
    "group_based": {"yes", "no", "cannot_tell"},
    "network_definition": {"yes", "no", "cannot_tell"},
    "criterion": {"", *CRITERIA},
    "runner_up": {"", *CRITERIA},
    "committed_by_children": {"yes", "no", "not_collected"},
    "confidence": {"high", "medium", "low"},
}
SHOWN = 20  # problems named in one refusal; the rest are counted


class ReadingsRefused(ValueError):
    """The file was not imported; `problems` names row, column and what to do, never a cell's content."""

    def __init__(self, file: Path, problems: list[str]):
        shown = problems[:SHOWN] + ([f"and {len(problems) - SHOWN} more"] if len(problems) > SHOWN else [])
        super().__init__(f"{file.name} was not imported; nothing of it was kept:\n" + "\n".join(shown))
        self.problems = problems


@dataclass(frozen=True)
class Imported:
    added: int
    already: int


def export_worklist(home: Home, file: Path, quarter: str) -> int:
    """Write the unread candidates of `quarter` for a reader: their case, then the answer columns blank.

    The summary is the only free text that leaves staging, and only here. Cells that a spreadsheet would
    take for a formula are escaped. Returns the number of candidates.
    """
    rows = warehouse.query(
        home,
        """
        select
            unread.force,
            unread.crime_reference,
            candidate.version,
            crime.offence_code,
            candidate.reason as candidate_because,
            candidate.suspect_rows,
            candidate.offenders_stated,
            summaries.summary
        from cocad.cocad_unread as unread
        join cocad.cocad_candidates as candidate using (force, quarter, crime_reference)
        join cpai.cpai_crimes as crime using (force, quarter, crime_reference)
        left join staging.stg_summaries as summaries using (force, quarter, crime_reference)
        where unread.quarter = ?
        order by unread.force, unread.crime_reference
        """,
        [quarters.valid(quarter)],
    )
    case = ["offence_code", "candidate_because", "suspect_rows", "offenders_stated", "summary"]
    with file.open("w", newline="", encoding="utf-8") as handle:
        writer = csv.DictWriter(handle, [*COLUMNS, *case], restval="", lineterminator="\n")
        writer.writeheader()
        for row in rows:
            writer.writerow({name: escape_formula(value) for name, value in row.items()})
    return len(rows)


def import_readings(home: Home, file: Path) -> Imported:
    """Check a readings file and append it to the ledger; the same reading again is counted, not added.

    Raises ReadingsRefused, with a sentence a row, when any row is out of list, names no candidate, answers
    an old version of one, or answers a slot (crime, version, role) that already has a different answer.
    """
    rows = _rows(file)
    candidates = {
        (row["force"], row["crime_reference"]): row
        for row in warehouse.query(
            home, "select force, quarter, crime_reference, version from cocad.cocad_candidates"
        )
    }
    collected_from = min(row["children_collected_from"] for row in seed_rows("criteria.csv"))
    problems: list[str] = []
    checked: dict[tuple, tuple[int, dict]] = {}
    for number, row in enumerate(rows, start=2):
        wrong = _problems(row, candidates, collected_from)
        if not wrong:
            slot = tuple(row[name] for name in ("force", "crime_reference", "version", "role"))
            if slot in checked and _answer(checked[slot][1]) != _answer(row):
                wrong = [
                    f"a second answer by the {row['role']} reader; row {checked[slot][0]} has the first: keep one"
                ]
            checked.setdefault(slot, (number, row))
        problems += [f"row {number}: {sentence}" for sentence in wrong]
    engine = open_ledger(home)
    with engine.begin() as connection:
        known = _known(connection)
        fresh = []
        for slot, (number, row) in checked.items():
            if slot not in known:
                fresh.append(row)
            elif known[slot] != _answer(row):
                problems.append(
                    f"row {number}: the {row['role']} reading of this crime is already in the ledger with another "
                    "answer; a correction is an adjudicator's reading"
                )
        if problems:
            raise ReadingsRefused(file, problems)
        if fresh:
            imported_at = now()
            connection.execute(
                readings.insert(),
                [
                    {
                        **{name: row[name] for name in COLUMNS},
                        "offenders_read": int(row["offenders_read"]) if row["offenders_read"] else None,
                        "imported_at": imported_at,
                        "source_file": file.name,
                    }
                    for row in fresh
                ],
            )
    if fresh:
        snapshot(engine, home)
    return Imported(added=len(fresh), already=len(checked) - len(fresh))


def _rows(file: Path) -> list[dict[str, str]]:
    """The file's rows as text by column; ReadingsRefused when it is no readings file."""
    if file.suffix.lower() == ".csv":
        try:
            with file.open(newline="", encoding="utf-8-sig") as handle:
                table = list(csv.reader(handle, strict=True))
        except (UnicodeDecodeError, csv.Error) as problem:
            raise ReadingsRefused(
                file, [f"it cannot be read as CSV in UTF-8 ({type(problem).__name__})"]
            ) from problem
    else:
        from python_calamine import CalamineError, CalamineWorkbook

        try:
            sheet = CalamineWorkbook.from_path(file).get_sheet_by_index(0)
        except CalamineError as problem:
            raise ReadingsRefused(file, ["it is neither a CSV nor a workbook that can be read"]) from problem
        table = [[_text(cell) for cell in row] for row in sheet.to_python()]
    headings = [cell.strip() for cell in table[0]] if table else []
    missing = [name for name in COLUMNS if name not in headings]
    if missing or len(set(headings)) < len(headings):
        raise ReadingsRefused(
            file, [f"headings: {', '.join(missing) or 'one'} missing or twice; expected {', '.join(COLUMNS)}"]
        )
    short = [
        number for number, cells in enumerate(table[1:], start=2) if cells and len(cells) != len(headings)
    ]
    if short:
        raise ReadingsRefused(file, [f"row {number}: not as many cells as headings" for number in short])
    at = {name: headings.index(name) for name in COLUMNS}
    return [{name: _sent(cells[at[name]].strip()) for name in COLUMNS} for cells in table[1:] if any(cells)]


def _sent(cell: str) -> str:
    """A cell without the apostrophe that the worklist put before what a spreadsheet would calculate."""
    return cell[1:] if cell.startswith("'") and escape_formula(cell[1:]) == cell else cell


def _text(cell: object) -> str:
    return str(int(cell)) if isinstance(cell, float) and cell.is_integer() else str(cell)


def _problems(row: dict[str, str], candidates: dict[tuple, dict], collected_from: str) -> list[str]:
    """What is wrong with one row; fills in its version when it is blank."""
    wrong = [
        f"{name} must be one of {', '.join(sorted(value or 'blank' for value in allowed))}"
        for name, allowed in ALLOWED.items()
        if row[name] not in allowed
    ]
    if not row["reader"]:
        wrong.append("reader is blank: say who read it")
    if row["offenders_read"] and not (row["offenders_read"].isdigit() and len(row["offenders_read"]) < 5):
        wrong.append("offenders_read must be a whole number or blank")
    if (row["group_based"] == "yes") != bool(row["criterion"]):
        wrong.append("criterion is given when group_based is yes, and blank otherwise")
    if row["role"] == "adjudicator" and not row["reason"]:
        wrong.append("an adjudicator must give a reason")
    try:
        datetime.fromisoformat(row["read_at"])
    except ValueError:
        wrong.append("read_at must be a date or time like 2023-05-01T10:30")
    candidate = candidates.get((row["force"], row["crime_reference"]))
    if candidate is None:
        return [*wrong, "no candidate of that force and crime_reference; take the rows of `cpai read export`"]
    row["version"] = row["version"] or candidate["version"]
    if row["version"] != candidate["version"]:
        wrong.append("an old version of this candidate: export the worklist again and read it as it is now")
    if (row["committed_by_children"] == "not_collected") != (candidate["quarter"] < collected_from):
        wrong.append(
            f"committed_by_children is collected from {collected_from}: yes or no from then, not_collected before"
        )
    return wrong


def _answer(row: dict[str, str]) -> tuple[str, ...]:
    return tuple(str(row[name]) for name in COLUMNS[4:])


def _known(connection) -> dict[tuple, tuple]:
    """The answers in the ledger by slot."""
    known = {}
    for row in connection.execute(readings.select()).mappings():
        text = {name: "" if row[name] is None else str(row[name]) for name in COLUMNS}
        known[tuple(text[name] for name in ("force", "crime_reference", "version", "role"))] = _answer(text)
    return known
