"""The readings file in and out: a worklist for readers, and their answers into the ledger, append-only.

The columns and allowed values are the readings file of the design; a file is taken whole or not at all.
"""

import json
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from operator import itemgetter
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, select

from orchestration import quarters, schemes, strict_csv, warehouse
from orchestration.home import Home, file_hash
from orchestration.ledger import log
from orchestration.ledger.chain import append
from orchestration.ledger.opening import ledger_of
from orchestration.ledger.tables import readings, worklist
from orchestration.ledger.transactions import now, writing
from orchestration.readings import codebook
from orchestration.readings.answers import completed, outside_scheme
from orchestration.readings.answers import problems as answer_problems
from orchestration.readings.policy import Policy, read_policy, read_twice_because
from orchestration.readings.room import care
from orchestration.readings.worklist import GONE, settle, suspects_of
from orchestration.returns import opening
from orchestration.returns.reasons import Unreadable, ended
from orchestration.spreadsheets import restored, write_csv

COLUMNS = [
    "force", "crime_reference", "version", "role", "reader", "read_at", "group_based", "network_definition",
    "offenders_read", "criterion", "runner_up", "committed_by_children", "confidence", "reason",
]  # fmt: skip
# a team that asks for them adds these headings; the readings file of old has none of them
ALSO = ["facilitator_present", "decided_by", "codebook", "scheme"]
SLOT = COLUMNS[:4]
_slot, _answers = itemgetter(*SLOT), itemgetter(*COLUMNS[len(SLOT) :])
ROLES = {"first", "second", "adjudicator"}


class ReadingsRefused(ValueError):
    """The file was not imported; `problems` has a sentence each: row or cell and what to do, never a cell's content."""

    code = 1

    def __init__(self, file: Path, problems: list[str]) -> None:
        super().__init__(
            f"{file.name} was not imported; nothing of it was kept:\n" + "\n".join(ended(problems))
        )
        self.problems = problems


class NoReadings(ReadingsRefused):
    """It is a table of something else: of a force's return, for example."""

    code = 2

    def __init__(self, file: Path) -> None:
        self.problems = [
            f"{file.name} holds no readings, its headings are others: take the file of `cpai read export`; a force's return "
            "goes into landing/<quarter>/<force>/ and is received by `cpai run <quarter>`"
        ]
        ValueError.__init__(self, *self.problems)


@dataclass(frozen=True)
class Imported:
    """`plain`: crimes of the file whose first answer asks for no second; `plain_twice`: those that have one, as a
    readings file brings its own second readings and nobody draws them at the desk. `against`: readings added that go
    against a rule of the codebook and were kept."""

    added: int
    already: int
    plain: int = 0
    plain_twice: int = 0
    against: int = 0


NOT_KEPT = "these answers go against the codebook: correct them, or import the file again and keep them"
# asked before readings are kept that go against the codebook: the file and a sentence for each
Keeps = Callable[[Path, list[str]], bool]


def export_worklist(home: Home, file: Path, quarter: str) -> int:
    """Write the unread candidates of `quarter` for a reader: their case, then the answer columns blank.

    Why each is a candidate is not in it: a reader who recognised the recall sample would read it as a control group.
    The summary is the only free text that leaves staging, and only here. Cells that a spreadsheet would
    take for a formula are escaped. Returns the number of candidates.
    """
    log.note(home, "disclosure", log.WORKLIST_TAKEN, {"quarter": quarter}, to="readers")
    rows = warehouse.query(
        home,
        """
        select
            unread.force,
            unread.crime_reference,
            candidate.version,
            crime.offence_code,
            candidate.suspect_rows,
            candidate.offenders_stated,
            summaries.summary
        from cocad.cocad_unread as unread
        join cocad.cocad_candidates as candidate using (force, quarter, crime_reference)
        join cpai.cpai_crimes as crime using (force, quarter, crime_reference)
        left join intermediate.int_summaries as summaries using (force, quarter, crime_reference)
        where unread.quarter = ?
        order by unread.force, unread.crime_reference
        """,
        [quarters.valid(quarter)],
    )
    case = ["offence_code", "suspect_rows", "offenders_stated", "warning", "summary"]
    for row in rows:
        row["warning"] = " ".join(care.warnings(row["offence_code"] or ""))
        row["version"] = as_written(row["version"])
    write_csv(file, [*COLUMNS, *case], rows)
    return len(rows)


# what a spreadsheet makes of an identifier that it takes for a number: 6.9513E+15, and of sixteen digits the last is 0
AS_A_NUMBER = re.compile(r"[0-9]+([.,][0-9]+)?(E[+-]?[0-9]+)?", re.IGNORECASE)
AS_A_DATE = re.compile(r"[0-9]{1,4}[/.-]([0-9]{1,2}|[A-Z]{3})[/.-][0-9]{1,4}( [0-9:]+)?", re.IGNORECASE)


def as_written(version: str) -> str:
    """A version as it goes out to readers: with a letter before it, or a spreadsheet makes 6.9513E+15 of one that is
    all digits."""
    return f"v{version}"


def kept(_file: Path, _sentences: list[str]) -> bool:
    """The answer where there is no terminal to ask at: an unusual answer can be right, and stays with its reading."""
    return True


def import_readings(home: Home, file: Path, keeps: Keeps = kept) -> Imported:
    """One file of `import_files`. Raises ReadingsRefused where it is refused."""
    ((_, imported),) = import_files(home, [file], keeps)
    if isinstance(imported, ReadingsRefused):
        raise imported
    return imported


def import_files(
    home: Home, files: Iterable[Path], keeps: Keeps = kept
) -> Iterator[tuple[Path, Imported | ReadingsRefused]]:
    """Check readings files and append them to the ledger, one after the other, each whole or not at all: what became
    of each, once it is written. The same reading again is counted, not added; a refused file leaves the others be.

    A file brings its own assignment: who reads first and who second was decided outside. Its answers may still
    ask for a second reader or an adjudicator, who then stand on the worklist.

    A file is refused, with a sentence a row, when any row is out of list, names no candidate, answers
    an old version of one, or answers a slot (crime, version, role) that already has a different answer. So it is when
    new rows go against a rule of the codebook that can be right all the same, and `keeps` does not keep them.
    """
    candidates = {
        (row["force"], row["crime_reference"]): row
        for row in warehouse.query(
            home, "select force, quarter, crime_reference, version from cocad.cocad_candidates"
        )
    }
    policy = read_policy()
    known = _Known()
    with ledger_of(home) as engine:
        for file in files:
            try:
                checked, problems = _checked(_rows(file), candidates, policy)
                with engine.connect() as connection:
                    known.follow(connection)
                against = _against(home, checked, candidates, policy, known)
                # before the transaction: a person may think about it for a while
                if against and not problems and not keeps(file, against):
                    raise ReadingsRefused(file, [NOT_KEPT, *against])
                # the file is read and checked before: the desk waits only while readings are written
                with writing(engine) as connection:
                    fresh = _fresh(connection, file, checked, problems, known)
                    moment = now()
                    known.add(append(connection, [_to_append(row, file, moment) for row in fresh]))
                    about = {"readings": len(fresh), "files": [file_hash(file)]}
                    log.note(connection, "alteration", "readings imported", about)
                    _settle(connection, policy, moment, fresh, candidates)
            except ReadingsRefused as refusal:
                yield file, refusal
                continue
            plain = [
                slot[:3]
                for slot, (_, row) in checked.items()
                if row["role"] == "first"
                and not read_twice_because(policy, {**row, "slot": None}, drawn=False, new_reader=False)
            ]
            twice = sum((*crime, "second") in known.answers for crime in plain)
            kept_against = sum(row["checks"] is not None for row in fresh)
            yield file, Imported(len(fresh), len(checked) - len(fresh), len(plain), twice, kept_against)


class _Known:
    """The answers in the ledger by slot, each with its round: readings are only added, so each is looked at once."""

    def __init__(self) -> None:
        self.answers: dict[tuple, list[tuple[int, tuple]]] = {}
        self._last = 0

    def follow(self, connection: Connection) -> None:
        """Add what others wrote since."""
        columns = [readings.c[name] for name in ("reading_id", "round", *COLUMNS)]
        since = select(*columns).where(readings.c.reading_id > self._last).order_by(readings.c.reading_id)
        self.add(connection.execute(since).mappings())

    def add(self, rows: Iterable[Mapping[str, Any]]) -> None:
        for row in rows:
            self.answers.setdefault(_slot(row), []).append((row["round"], _answers(row)))
            self._last = row["reading_id"]


def _checked(
    rows: list[tuple[int, dict[str, str]]], candidates: dict[tuple, dict], policy: Policy
) -> tuple[dict[tuple, tuple[int, dict]], list[str]]:
    """The rows that are well by themselves, with their number, by slot; what is wrong with the others."""
    problems: list[str] = []
    checked: dict[tuple, tuple[int, dict]] = {}
    for number, row in rows:
        wrong = _problems(row, candidates, policy)
        if not wrong:
            slot = _slot(row)
            before, first = checked.setdefault(slot, (number, row))
            if first is not row and _answers(first) != _answers(row):
                wrong = [f"a second answer by the {row['role']} reader; row {before} has the first: keep one"]
        problems += [f"row {number}: {sentence}" for sentence in wrong]
    return checked, problems


def _against(
    home: Home,
    checked: dict[tuple, tuple[int, dict]],
    candidates: dict[tuple, dict],
    policy: Policy,
    known: _Known,
) -> list[str]:
    """A sentence for each rule of the codebook that a row goes against, unless it is in the ledger already; every row
    has the rules in its cell `checks`."""
    sentences = []
    records: dict[str, Mapping[tuple, str]] = {}
    for slot, (number, row) in checked.items():
        crime = (row["force"], row["crime_reference"])
        quarter = candidates[crime]["quarter"]
        if quarter not in records:
            records[quarter] = suspects_of(home, quarter)
        suspects = records[quarter].get((*crime, row["version"]))
        record = codebook.on_record(json.loads(suspects)) if suspects else None
        rules = codebook.asked(policy.codebook, row, record)
        row["checks"] = ";".join(rule.rule for rule in rules) or None
        if slot not in known.answers:
            sentences += [f"row {number}: {rule.sentence}" for rule in rules]
    return sentences


def _fresh(
    connection: Connection,
    file: Path,
    checked: dict[tuple, tuple[int, dict]],
    problems: list[str],
    known: _Known,
) -> list[dict]:
    """The rows that the ledger has not yet, each with its round. Raises ReadingsRefused for these and `problems`."""
    known.follow(connection)
    rounds = _rounds(connection)
    fresh = []
    for slot, (number, row) in checked.items():
        of = rounds.get(slot[:3], 1)
        there = known.answers.get(slot, [])
        if there and any(_in_text(answer) == _answers(row) for _, answer in there):
            continue
        if all(number_of_round != of for number_of_round, _ in there):
            fresh.append({**row, "round": of})
        else:
            problems.append(
                f"row {number}: the {row['role']} reading of this crime is already in the ledger with another "
                "answer; a correction is an adjudicator's reading"
            )
        first = (*slot[:3], "first")
        if row["role"] == "second" and first not in known.answers and first not in checked:
            problems.append(f"row {number}: a second reading without a first: import the first with it")
    if problems:
        raise ReadingsRefused(file, problems)
    return fresh


def _to_append(row: dict, file: Path, moment: str) -> dict[str, Any]:
    return {
        **{name: row[name] for name in COLUMNS},
        **{name: row[name] or None for name in (*ALSO, "checks")},
        "offenders_read": int(row["offenders_read"]) if row["offenders_read"] else None,
        "round": row["round"],
        "imported_at": moment,
        "source_file": file.name,
    }


def _settle(connection: Connection, policy: Policy, moment: str, fresh: list[dict], candidates: dict) -> None:
    """Open what is still due of each item that was read."""
    crimes: dict[str, set[tuple]] = {}
    for row in fresh:
        crime = (row["force"], row["crime_reference"])
        crimes.setdefault(candidates[crime]["quarter"], set()).add(crime)
    for quarter, of in crimes.items():
        known = select(worklist.c.item, worklist.c.force, worklist.c.crime_reference)
        rows = connection.execute(known.where(worklist.c.quarter == quarter, worklist.c.state.not_in(GONE)))
        settle(
            connection,
            policy,
            moment,
            [row.item for row in rows if (row.force, row.crime_reference) in of],
            quarter,
        )


def _rows(file: Path) -> list[tuple[int, dict[str, str]]]:
    """The file's rows as text by column, each with its number; ReadingsRefused when it is no readings file."""
    try:
        if file.suffix.lower() == ".csv":
            table = strict_csv.read(file, file.name)
            headings, rows = table.headings, table.rows
        else:
            with opening.workbook(file.name, file) as book:
                cells = book.sheet(book.names[0]).rows() if book.names else []
            headings, rows = (cells or [[]])[0], list(enumerate(cells, start=1))[1:]
    except (Unreadable, strict_csv.NotRead) as problem:
        reasons = getattr(problem, "reasons", None)
        raise ReadingsRefused(
            file, [one.sentence for one in reasons] if reasons else [str(problem)]
        ) from None
    headings = [heading.strip() for heading in headings]
    missing = [name for name in COLUMNS if name not in headings]
    twice = [name for name in (*COLUMNS, *ALSO) if headings.count(name) > 1]
    # a return has one or two of them
    if len(missing) > len(COLUMNS) / 2:
        raise NoReadings(file)
    if missing or twice:
        raise ReadingsRefused(
            file,
            [f"headings: {', '.join(missing or twice)} missing or twice; expected {', '.join(COLUMNS)}"],
        )
    at = {name: headings.index(name) for name in (*COLUMNS, *ALSO) if name in headings}
    blank = dict.fromkeys(ALSO, "")
    return [
        (number, blank | {name: restored(cells[column].strip()) for name, column in at.items()})
        for number, cells in rows
        if any(cell.strip() for cell in cells)
    ]


def _problems(row: dict[str, str], candidates: dict[tuple, dict], policy: Policy) -> list[str]:
    """What is wrong with one row; fills in its version when it is blank, and what follows from its first answer."""
    row.update(completed(row))
    wrong = [sentence for _, sentence in answer_problems(row, None, policy.codebook)]
    if row["role"] not in ROLES:
        wrong.append(f"role must be one of {', '.join(sorted(ROLES))}")
    if not row["reader"]:
        wrong.append("reader is blank: write who read it")
    try:
        datetime.fromisoformat(row["read_at"])
    except ValueError:
        wrong.append("read_at must be a date or time like 2023-05-01T10:30")
    candidate = candidates.get((row["force"], row["crime_reference"]))
    if candidate is None:
        eaten = AS_A_NUMBER.fullmatch(row["crime_reference"]) or AS_A_DATE.fullmatch(row["crime_reference"])
        why = (
            "; a spreadsheet may have made a number or a date of it: format its column as text"
            if eaten
            else ""
        )
        return [
            *wrong,
            f"no candidate of that force and crime_reference; take the rows of `cpai read export`{why}",
        ]
    wrong += _version(row, candidate["version"])
    is_said = row["committed_by_children"] != "not_collected"
    collected_from = schemes.children_collected_from()
    is_asked = candidate["quarter"] >= collected_from
    if is_said != is_asked and (is_said or row["group_based"] == "yes"):
        wrong.append(
            f"committed_by_children is collected from {collected_from}: yes or no from then, not_collected before"
        )
    return wrong + [sentence for _, sentence in outside_scheme(row, candidate["quarter"])]


def _version(row: dict[str, str], version: str) -> list[str]:
    """Whether the row is of the candidate's `version`, as it goes out now or as it did before; fills it in."""
    written, row["version"] = row["version"], version
    if written in ("", version, as_written(version)):
        return []
    # a version of before is 16 hexadecimal digits: all digits, it is one that a spreadsheet may have rounded
    whole = re.fullmatch("[0-9a-f]{16}", written) and not AS_A_NUMBER.fullmatch(version)
    if AS_A_NUMBER.fullmatch(written) and not whole:
        return [
            "a spreadsheet has made a number of its version: leave version blank in this row, which means the crime as it "
            "is now, or export the worklist again and keep its column version as text"
        ]
    return ["an old version of this candidate: export the worklist again and read it as it is now"]


def _in_text(answer: tuple) -> tuple[str, ...]:
    """A stored answer as the cells of a readings file."""
    return tuple("" if cell is None else str(cell) for cell in answer)


def _rounds(connection: Connection) -> dict[tuple, int]:
    """The round of each item that is being read anew."""
    columns = [worklist.c[name] for name in (*SLOT[:3], "round")]
    return {
        tuple(row)[:3]: row.round for row in connection.execute(select(*columns).where(worklist.c.round > 1))
    }
