"""Whether a delivery is received: its records, or the statement that stands for them."""

import logging
import re
from collections.abc import Iterator
from concurrent.futures import BrokenExecutor
from dataclasses import dataclass, field, replace
from pathlib import Path, PurePosixPath

import pyarrow as pa
import pyarrow.compute as pc
from sqlalchemy import Engine

from orchestration.returns import archive, checks, grids, parsing
from orchestration.returns.arrivals import BESIDE_THE_RECORDS, Arrival
from orchestration.returns.reasons import Reason
from orchestration.returns.repairs import Note

log = logging.getLogger(__name__)
MISSING = "MISSING"
# A file that is the whole delivery, by name (`.txt` or not), and the status it gives.
STATEMENTS = {grids.NIL.lower(): "nil", MISSING.lower(): "missing"}
LONGEST_STATEMENT = 1_000  # bytes: a name and a date


@dataclass(frozen=True)
class Judged:
    """What a delivery is: its records by force and record type, or why it has none."""

    status: str
    layout: str | None = None
    records: dict[str, dict[str, pa.Table]] = field(default_factory=dict)
    reasons: list[Reason] = field(default_factory=list)
    said: str | None = None
    explained: list[dict] = field(default_factory=list)
    as_sent: Path | None = None
    notes: list[Note] = field(default_factory=list)


def judge(engine: Engine, quarter: str, forces: dict[str, str], arrival: Arrival) -> Judged:
    """Stage by stage: the files, their structure, the records together, what came earlier. Where one stage finds the
    return wrong the next is not asked: it would find what follows from that.
    """
    layout = arrival.layout.layout if arrival.layout else None
    try:
        if arrival.problems:
            return Judged("refused", layout, reasons=arrival.problems)
        if statement := _statement(arrival.kept):
            return replace(statement, layout=layout)
        return _judge_records(engine, quarter, forces, arrival)
    except parsing.Unreadable as problem:
        reasons = problem.reasons
    except (OSError, MemoryError, BrokenExecutor):
        # ours, not the force's: a full disk, or a reader that was killed, must not refuse a return for good
        raise
    except Exception as problem:
        # The type alone: a message may quote a record.
        log.error("%s %s: could not be read: %s", quarter, arrival.delivered_as, type(problem).__name__)
        sentence = (
            f"The return could not be read ({type(problem).__name__}); compare it with layout {layout} and send it "
            "again."
        )
        reasons = [Reason("FL33", sentence)]
    return Judged("refused", layout, reasons=reasons)


def record_files(kept: dict[str, archive.Kept]) -> dict[str, Path]:
    """Where the files of a delivery are that hold its records."""
    return {name: file.path for name, file in kept.items() if base_name(name) not in BESIDE_THE_RECORDS}


def _judge_records(engine: Engine, quarter: str, forces: dict[str, str], arrival: Arrival) -> Judged:
    assert arrival.layout and arrival.reading, "a delivery without a problem has a layout and is being read"
    layout, kept = arrival.layout.layout, arrival.kept
    files = {name: kept[name] for name in record_files(kept)}
    manifests = {name: file for name, file in kept.items() if base_name(name) == parsing.MANIFEST}
    explaining = {name: file.path for name, file in kept.items() if base_name(name) == parsing.EXPLANATIONS}
    read = arrival.reading.result()
    records = {force: of_force(read.records, prefix) for force, prefix in forces.items()}

    def structure() -> Iterator[Reason]:
        for name, manifest in manifests.items():
            yield from checks.as_listed(
                manifest.path, files, read.tables, name.removesuffix(PurePosixPath(name).name)
            )
        if len(forces) > 1:
            yield from checks.of_the_forces(read.records, forces)
        for force, own in records.items():
            yield from checks.holds_crimes(own, force)
            unusable = checks.usable_crimes(own)
            # dates that cannot be read are of no quarter: one fault, one sentence
            yield from unusable or checks.of_the_quarter(own, quarter)
            yield from checks.of_the_force(own, force, quarter)

    def across_records() -> Iterator[Reason]:
        for own in records.values():
            yield from checks.persons_of_its_crimes(own)

    def earlier() -> Iterator[Reason]:
        with_crimes = {table.file for table in read.tables if table.rows and "crimes" in table.contains}
        holding = {name: file for name, file in files.items() if any(f.startswith(name) for f in with_crimes)}
        with engine.connect() as connection:
            yield from checks.not_received_before(connection, holding, arrival.delivered_as, quarter)

    remarks: list[Reason] = []
    for stage in (structure, across_records, earlier):
        reasons = list(dict.fromkeys(stage()))
        if refusing := list(filter(checks.refuses, reasons)):
            return Judged("refused", layout, reasons=refusing)
        remarks += reasons
    explained, unusable = checks.explanations(explaining)
    return Judged(
        "accepted",
        layout,
        records,
        remarks + unusable,
        explained=explained,
        as_sent=read.as_sent,
        notes=read.notes,
    )


def base_name(name: str) -> str:
    """A file's name without its part's folder, in lower case."""
    return PurePosixPath(name).name.lower()


def _statement(kept: dict[str, archive.Kept]) -> Judged | None:
    """What a NIL or MISSING file declares, where there is one. Raises Unreadable where it does not stand alone."""
    found = {name: STATEMENTS.get(base_name(name).removesuffix(".txt")) for name in kept}
    name, status = next(((name, status) for name, status in found.items() if status), ("", ""))
    if not status:
        return None
    others = [other for other in kept if other != name and base_name(other) not in BESIDE_THE_RECORDS]
    if others:
        says = "there is nothing to report" if status == "nil" else "the return does not come"
        sentence = (
            f"{name}: declares that {says}, but {', '.join(others)} came with it; send the one or the other."
        )
        raise parsing.Unreadable(Reason("FL32", sentence))
    said = _said(kept[name].path)
    if not said:
        sentence = f"{name}: does not hold a name and a date; write both into the file."
        raise parsing.Unreadable(Reason("FL35", sentence))
    return Judged(status, said=said)


def _said(path: Path) -> str:
    """The text of a statement in one line, blank unless it has a letter and a digit: a name and a date."""
    with path.open("rb") as file:
        data = file.read(LONGEST_STATEMENT)
    encoding = "utf-16" if data.startswith((b"\xff\xfe", b"\xfe\xff")) else "utf-8-sig"
    text = " ".join(data.decode(encoding, "replace").split())
    return text if re.search(r"[^\W\d_]", text) and re.search(r"\d", text) and text.isprintable() else ""


def of_force(records: dict[str, pa.Table], prefix: str) -> dict[str, pa.Table]:
    """The records of one force of a delivery, by the prefix of its references; all of them for none."""
    if not prefix:
        return records
    return {
        kind: table.filter(pc.fill_null(pc.starts_with(table["crime_reference"], prefix), False))
        for kind, table in records.items()
    }
