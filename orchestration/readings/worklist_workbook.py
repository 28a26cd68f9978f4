"""Worklists as workbooks, for teams without the reading room: the cases held for one reader, and their answers back.

Rows carry their slot; a copy of what may not be changed is compared on the way back, and every refusal names the cell.
"""

import re
from pathlib import Path
from typing import Any

from orchestration.home import file_hash
from orchestration.ledger import log
from orchestration.readings import codebook
from orchestration.readings.answers import ALLOWED, ALSO_ALLOWED, completed, problems
from orchestration.readings.book import NOT_KEPT, Keeps, ReadingsRefused, as_written, kept
from orchestration.readings.desk import Answer, Case, Desk, DeskRefused
from orchestration.readings.room import care
from orchestration.returns import opening
from orchestration.returns.reasons import Unreadable
from orchestration.spreadsheets import column_letters, escaped, workbook

KEYS = ("slot", "force", "crime_reference", "version")
ANSWERS = (*codebook.QUESTIONS, "decided_by", "reason")
CHOICES = {**ALLOWED, **ALSO_ALLOWED}
SHEET = "cases"
# Excel's list of choices may have 255 letters, ours have at most 60
FIRST_ROW = 2


class WorkbookRefused(ReadingsRefused):
    """The workbook was not imported; each of the `problems` begins with the cell's address."""


class NoReadersWorkbook(WorkbookRefused):
    """It is a workbook of something else: of a force's return, for example."""

    code = 2


def export_workbook(
    desk: Desk, file: Path, reader: str, quarter: str, adjudicating: bool = False, cases: int | None = None
) -> int:
    """Hold up to `cases` (the day's cap) of a quarter for a reader and write them; how many there are.

    Only what this reader may see: never another's answer, and both, without names, for an adjudicator.
    """
    queue = desk.queue(reader, adjudicating)
    minutes = desk.policy.workbook_days * 24 * 60
    wanted = min(cases or queue.cap, queue.cap - queue.read_today)
    slots = desk.claim_many(reader, quarter, adjudicating, minutes, wanted)
    given = [desk.case(reader, slot.slot) for slot in slots]
    sets = [({"slot": case.slot, "quarter": quarter}, reader) for case in given]
    log.note_each(desk.engine, "disclosure", f"{log.CASE_SHOWN}workbook", sets)
    _write(file, given, codebook.text(desk.policy.codebook))
    return len(slots)


def _write(file: Path, cases: list[Case], guideline: str) -> None:
    adjudicating = any(case.role == "adjudicator" for case in cases)
    shown = [*(cases[0].fields if cases else ()), "summary", "changed"]
    shown += ["answer A", "answer B"] if adjudicating else []
    headings = [*KEYS, *shown, *ANSWERS]
    with workbook(file) as book:
        bold = book.add_format({"bold": True, "text_wrap": True, "valign": "top"})
        text = book.add_format({"text_wrap": True, "valign": "top", "num_format": "@"})
        open_cell = book.add_format(
            {"locked": False, "valign": "top", "bg_color": "#FFF7D6", "text_wrap": True}
        )
        sheet = book.add_worksheet(SHEET)
        sheet.protect("", {"format_columns": True, "format_rows": True, "sort": False})
        sheet.freeze_panes(1, len(KEYS))
        sheet.set_column(0, len(headings) - 1, 16)
        sheet.set_column(headings.index("summary"), headings.index("summary"), 60)
        sheet.write_row(0, 0, headings, bold)
        for number, case in enumerate(cases, start=1):
            for column, heading in enumerate(headings[: -len(ANSWERS)]):
                sheet.write_string(number, column, _shown(case, heading), text)
            for column in range(len(headings) - len(ANSWERS), len(headings)):
                sheet.write_blank(number, column, None, open_cell)
            if not case.children_asked:
                sheet.write_string(
                    number, headings.index("committed_by_children"), "not_collected", open_cell
                )
        for name, allowed in CHOICES.items():
            column = headings.index(name)
            choices = sorted(value for value in allowed if value)
            rule = {
                "validate": "list",
                "source": choices,
                "error_title": name,
                "error_message": "Choose from the list.",
            }
            sheet.data_validation(1, column, max(len(cases), 1), column, rule)
        rules = book.add_worksheet("codebook")
        rules.protect()
        rules.set_column(0, 0, 130, text)
        support = [f"{one['name']}: {one['contact']}. {one['when']}." for one in care.support()]
        lines = ["# Support, at any time", *support, "", *guideline.splitlines()]
        for number, line in enumerate(lines):
            rules.write_string(number, 0, line, bold if line.startswith("#") else text)


def _shown(case: Case, heading: str) -> str:
    if heading in ("answer A", "answer B"):
        answer = case.answers["AB".index(heading[-1])]
        return "; ".join(f"{name} {value}" for name, value in answer.items() if value not in ("", None, ()))
    if heading == "changed":
        return "; ".join(f"{name} was {_text(was) or 'blank'}" for name, was in case.changed.items())
    if heading == "offence":
        # what the record may describe stands before its summary
        return "\n".join([_text(case.fields["offence"]), *care.warnings(case.fields["offence_code"])])
    if heading == "version":
        return as_written(case.version)
    return _text(case.fields[heading] if heading in case.fields else getattr(case, heading))


def _text(value: Any) -> str:
    """A field in words: a person's are put side by side, one person a line."""
    if isinstance(value, list):
        return "\n".join(
            ", ".join(f"{name.replace('_', ' ')} {cell}" for name, cell in person.items() if cell is not None)
            for person in value
        )
    return "" if value is None else str(value)


def import_workbook(desk: Desk, file: Path, reader: str, keeps: Keeps = kept) -> int:
    """Append the answered rows of a workbook that `reader` was given; rows without any answer stay theirs to read.

    Whole or not at all: raises WorkbookRefused with the address of each cell that is out of list, whose key was
    changed, whose case is no longer the reader's (answered, changed since, or taken by another), or that goes against
    the codebook where `keeps` does not keep it.
    """
    headings, table = _rows(file)
    wrong: list[str] = []
    against: list[str] = []
    rules: set[str] = set()
    answers: dict[int, tuple[int, Answer]] = {}
    for number, row in table:
        row = completed(row)
        if not any(row[name] for name in ANSWERS if name != "committed_by_children"):
            continue
        found, case = _wrong(desk, reader, row, answers)
        wrong += [f"{_address(headings, column, number)}: {sentence}" for column, sentence in found]
        if found or case is None:
            continue
        answers[int(row["slot"])] = (number, _answer(row))
        for rule in codebook.asked(case.codebook, row, codebook.on_record(case.fields["suspects"])):
            rules.add(rule.rule)
            against.append(f"{_address(headings, rule.question, number)}: {rule.sentence}")
    if wrong:
        raise WorkbookRefused(file, wrong)
    if against and not keeps(file, against):
        raise WorkbookRefused(file, [NOT_KEPT, *against])
    try:
        given = {slot: answer for slot, (_, answer) in answers.items()}
        about = {"readings": len(given), "files": [file_hash(file)], "username": reader}
        log.note(desk.engine, "alteration", "readings imported", about)
        desk.answer_many(reader, given, file.name, rules)
    except DeskRefused as refusal:
        raise WorkbookRefused(file, [f"{_address(headings, 'slot', FIRST_ROW)}: {refusal}"]) from refusal
    return len(answers)


def _rows(file: Path) -> tuple[list[str], list[tuple[int, dict[str, str]]]]:
    """The headings of a workbook of cases, and its rows by heading, each with its number."""
    try:
        with opening.workbook(file.name, file) as book:
            if SHEET not in book.names:
                raise NoReadersWorkbook(
                    file, [f"it has no sheet {SHEET}: take the workbook that was exported for this reader"]
                )
            table = book.sheet(SHEET).rows()
    except Unreadable as problem:
        raise WorkbookRefused(file, [reason.sentence for reason in problem.reasons]) from None
    headings = table[0] if table else []
    if missing := [name for name in (*KEYS, *ANSWERS) if headings.count(name) != 1]:
        raise WorkbookRefused(file, [f"A1: heading {', '.join(missing)} is missing or twice: export again"])
    return headings, [
        (number, dict(zip(headings, map(str.strip, cells), strict=False)))
        for number, cells in enumerate(table[1:], start=FIRST_ROW)
    ]


def _wrong(
    desk: Desk, reader: str, row: dict[str, str], answers: dict
) -> tuple[list[tuple[str, str]], Case | None]:
    """Column and sentence for each thing wrong with a row, and its case where there is one."""
    # not isdigit: it takes \u00b2 for a digit, and int does not
    if not re.fullmatch("[0-9]{1,15}", row["slot"]):
        return [("slot", "no slot stands here: export again")], None
    slot = int(row["slot"])
    if slot in answers:
        return [("slot", f"row {answers[slot][0]} answers the same case: keep one")], None
    try:
        case = desk.case(reader, slot)
    except DeskRefused as refusal:
        return [("slot", str(refusal))], None
    changed = [
        name
        for name in KEYS[1:]
        if row[name] not in (_shown(case, name), getattr(case, name), str(escaped(getattr(case, name))))
    ]
    if changed:
        return [(name, "this was changed after the export: export again") for name in changed], case
    return problems({**row, "role": case.role}, case.quarter, case.codebook), case


def _answer(row: dict[str, str]) -> Answer:
    given: dict[str, Any] = {name: row[name] for name in ANSWERS}
    given["offenders_read"] = int(given["offenders_read"]) if given["offenders_read"] else None
    given["decided_by"] = tuple(part.strip() for part in given["decided_by"].split(";") if part.strip())
    return Answer(**given)


def _address(headings: list[str], column: str, row: int) -> str:
    return f"{column_letters(headings.index(column))}{row}"
