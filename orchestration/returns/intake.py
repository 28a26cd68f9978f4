"""Intake: what has landed for a quarter, archived, read, checked, written as raw Parquet, with a receipt.

A force's folder holds deliveries: the files in it are one, each sub-folder is one. Sub-folders `part-1-of-2` and
`part-2-of-2` (or `later-part-1-of-2`, …) are one delivery together, refused until all its parts are there.
Of deliveries that are new at one look the later is told by the folders' names, else by their files' times; where neither
tells, they are refused. What is new after others were received is later than they, whatever its folder's name.
A file `NIL` or `MISSING` alone, holding the name and date of who says so, says that there is nothing to report,
or that the return will not come (in time).

The order makes a run that is killed anywhere and started again end as if it had not been: archive
(write-once), raw files (whole, under the number that the next receipt will have), receipt (one transaction),
snapshot. Until its receipt is there, a raw file belongs to no submission and nothing reads it.
"""

from __future__ import annotations

import hashlib
import logging
import os
import re
import shutil
from collections.abc import Iterable, Iterator, Mapping
from concurrent.futures import BrokenExecutor, Executor, Future, ThreadPoolExecutor
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass, field, replace
from pathlib import Path, PurePosixPath
from typing import Any

try:
    import fcntl
except ImportError:  # Windows, where one person checks one return
    fcntl = None

import pyarrow as pa
import pyarrow.compute as pc
from sqlalchemy import Engine

from orchestration import ledger, quarters
from orchestration.home import Home
from orchestration.ledger import snapshots
from orchestration.ledger.tables import STANDS
from orchestration.progress import over
from orchestration.returns import archive, checks, file_safety, grids, landing, parsing, raw, read_ahead
from orchestration.returns.layouts import delivered, forces_of, layout_for
from orchestration.returns.layouts.parts import RECORD_TYPES, Layout, LayoutError
from orchestration.returns.reasons import Reason, ended_reasons
from orchestration.returns.repairs import Note

log = logging.getLogger(__name__)

BESIDE_THE_RECORDS = (parsing.MANIFEST, parsing.EXPLANATIONS)
MISSING = "MISSING"
# A file that is the whole delivery, by name (`.txt` or not), and the status it gives.
STATEMENTS = {grids.NIL.lower(): "nil", MISSING.lower(): "missing"}
LONGEST_STATEMENT = 1_000  # bytes: a name and a date
PART = re.compile(r"(?P<of>.*?)part-(?P<number>\d{1,2})-of-(?P<parts>\d{1,2})", re.IGNORECASE)


@dataclass(frozen=True)
class Receipt:
    """What became of one delivery for one force. Submission 0: refused before it could be anyone's."""

    force: str
    quarter: str
    submission: int
    status: str
    reasons: list[str]
    counts: dict[str, int]
    new: bool


@dataclass(frozen=True)
class Delivery:
    """The folder of one delivery, its files by name, with its part's folder where it came in parts, and what is wrong
    with them."""

    folder: str
    files: dict[str, Path]
    problems: list[Reason] = field(default_factory=list)


@dataclass(frozen=True)
class Arrival:
    """A delivery in the archive: what is wrong with its files, what tells it apart, the submissions that it has been
    received as, and its records being read. `remarks` refuse nothing; `changed_at`: the time of its newest file."""

    delivered_as: str
    folder: str
    layout: Layout | None
    kept: dict[str, archive.Kept]
    problems: list[Reason]
    fingerprint: str
    if_refused: str
    changed_at: float | None = None
    received: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    remarks: list[Reason] = field(default_factory=list)
    reading: Future | None = None


class Submissions:
    """The submissions of a quarter, each noted as its receipt is written: looked up in the ledger for each delivery,
    they took a fifth of the time of taking a quarter in."""

    def __init__(
        self, rows: Iterable[Mapping[str, Any]], files: Mapping[tuple[str, int], Mapping[str, str]]
    ) -> None:
        self._rows: list[Mapping[str, Any]] = []
        self._of_folder: dict[tuple[str, str, str], Mapping[str, Any]] = {}
        self._last: dict[str, int] = {}
        self._last_answer: dict[str, int] = {}
        self._files: dict[tuple[str, int], Mapping[str, str]] = {}
        for row in rows:
            self.note(row, files.get((row["force"], row["submission"]), {}))

    def note(self, row: Mapping[str, Any], files: Mapping[str, str]) -> None:
        """Take up a submission and its files (name -> SHA-256)."""
        self._rows.append(row)
        self._files[row["force"], row["submission"]] = files
        self._last[row["force"]] = row["submission"]
        if row["status"] in STANDS:
            self._last_answer[row["force"]] = row["submission"]
        if row["folder"] is not None:
            self._of_folder[row["force"], row["delivered_as"], row["folder"]] = row

    def received(self, force: str, arrival: Arrival) -> Mapping[str, Any] | None:
        """The force's submission that this folder, with the bytes now in it, has been received as; a refused one only
        under the same layout, unless a later one stands: read anew it would replace what came after it. The same
        bytes in another folder, or in this one after others, are sent anew."""
        row = self._of_folder.get((force, arrival.delivered_as, arrival.folder))
        if not row or row["fingerprint"] in (arrival.fingerprint, arrival.if_refused):
            return row
        replaced = self._last_answer.get(force, 0) > row["submission"]
        return row if replaced and row["status"] == "refused" and self.holds(row, arrival) else None

    def holds(self, row: Mapping[str, Any], arrival: Arrival) -> bool:
        """Whether a submission has the files of an arrival, byte for byte."""
        files = {name: file.sha256 for name, file in arrival.kept.items()}
        return self._files[row["force"], row["submission"]] == files

    def before_folders_were_kept(self, delivered_as: str) -> list[Mapping[str, Any]]:
        """The submissions of a delivery whose folder is not known; none once one is."""
        rows = [row for row in self._rows if row["delivered_as"] == delivered_as]
        return rows if all(row["folder"] is None for row in rows) else []

    def adopt(self, row: Mapping[str, Any], folder: str) -> None:
        """Note the folder of a submission that was received before folders were kept."""
        self._of_folder[row["force"], row["delivered_as"], folder] = row
        self._rows[self._rows.index(row)] = {**row, "folder": folder}

    def folders_received(self, delivered_as: str) -> list[str]:
        """The folders of a delivery that something has been received from and accepted."""
        return [
            folder
            for (_force, name, folder), row in self._of_folder.items()
            if name == delivered_as and row["status"] != "refused"
        ]

    def with_bytes_of(self, force: str, arrival: Arrival) -> Mapping[str, Any] | None:
        """The last submission of a force, refused ones left out, that had these bytes in whatever folder."""
        same = [
            row for row in self._rows if row["force"] == force and row["fingerprint"] == arrival.fingerprint
        ]
        return same[-1] if same else None

    def next_number(self, force: str) -> int:
        """1 for the first submission of a force, then 2, …"""
        return self._last.get(force, 0) + 1


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


def receive(
    home: Home,
    quarter: str,
    delivered_as: str | None = None,
    readers: Executor | None = None,
    layout: Layout | None = None,
) -> list[Receipt]:
    """Take in everything landed for `quarter`, or only the folder of one force or joint delivery.

    Returns a receipt for each delivery and force, those of earlier runs too (`new` False). `delivered_as` may
    be a force of a joint delivery: all of that delivery is taken in. A return that does not fit is refused,
    with its reasons, and the others go on. Deliveries are read by `readers`, else by threads. `layout`: read as it
    says, and not as the seeds do (the trial of a draft).

    Raises ValueError for a quarter that is none, OSError when our own disk fails: started again, the run
    goes on where it stopped.
    """
    quarters.valid(quarter)
    receipts: list[Receipt] = []
    with alone(home):
        raw.ensure(home)
        aside = raw.being_read(home)
        shutil.rmtree(aside, ignore_errors=True)  # what a killed run had read
        aside.mkdir(parents=True)
        engine = ledger.open_ledger(home)
        try:
            with nullcontext(readers) if readers else ThreadPoolExecutor(read_ahead.COUNT) as readers:
                files = ledger.read_submission_files(engine, quarter)
                submissions = Submissions(ledger.read_submissions(engine, quarter), files)
                arrivals = _arrivals(home, engine, submissions, quarter, delivered_as, readers, layout)
                landed = len(landing.inside(home.landing / quarter))
                for arrival in over(f"receiving {quarter}", read_ahead.ahead(arrivals), landed, _sender):
                    receipts.extend(_settle(home, engine, submissions, quarter, arrival))
        finally:
            shutil.rmtree(aside, ignore_errors=True)
            snapshots.write(engine, home)
            engine.dispose()
    return receipts


@contextmanager
def alone(home: Home) -> Iterator[None]:
    """Wait for any other intake into this home: two would give one number to two submissions."""
    home.root.mkdir(parents=True, exist_ok=True)
    with (home.root / "intake.lock").open("w") as lock:
        if fcntl:
            fcntl.flock(lock, fcntl.LOCK_EX)  # let go when this process ends, however it ends
        yield


def _sender(arrival: Arrival | Receipt) -> str:
    return arrival.delivered_as if isinstance(arrival, Arrival) else arrival.force


def _arrivals(
    home: Home,
    engine: Engine,
    submissions: Submissions,
    quarter: str,
    delivered_as: str | None,
    readers: Executor,
    layout: Layout | None,
) -> Iterator[Arrival | Receipt]:
    """Each delivery, archived and being read; a refusal at once for a folder that is nobody's."""
    for folder in landing.inside(home.landing / quarter):
        name = folder.name
        if delivered_as not in (None, name) and delivered_as not in forces_of(name, quarter):
            continue
        if name in delivered(quarter):
            arrivals = [_arrival(home, quarter, name, delivery, layout) for delivery in _deliveries(folder)]
            _adopt(engine, submissions, arrivals)
            for arrival in _in_order(submissions, quarter, arrivals):
                yield _begin_to_read(home, quarter, arrival, readers)
            continue
        why = landing.nobodys(folder, f"no force or joint return of {quarter}")
        reason = str(Reason("FL01", f"{quarter}/{name}: {why}"))
        # kept, though it is no one's submission yet: renamed, it will be received
        if folder.is_dir() and not folder.is_symlink():
            files = [path for delivery in _deliveries(folder) for path in delivery.files.values()]
        else:
            files = [folder] if folder.is_file() and not folder.is_symlink() else []
        for path in files:
            archive.keep(path, home.archive)
        log.warning("%s: refused: %s", name, reason)
        yield Receipt(name, quarter, 0, "refused", [reason], dict.fromkeys(RECORD_TYPES, 0), True)


def _deliveries(folder: Path) -> Iterator[Delivery]:
    """The files of the folder itself, then each of its sub-folders, by name; those of one return in parts as one."""
    if folder.is_symlink() or not folder.is_dir():
        sentence = f"{folder.name}: is a link or a file, not a folder; put the files in a folder."
        yield Delivery("", {}, [Reason("FL02", sentence)])
        return
    paths = landing.inside(folder)
    subfolders = [path for path in paths if path.is_dir() and not path.is_symlink()]
    yield from _delivery("", {"": [path for path in paths if path not in subfolders]})
    together: dict[tuple[str, ...], list[Path]] = {}
    for subfolder in subfolders:
        part = PART.fullmatch(subfolder.name)
        together.setdefault((part["of"], part["parts"]) if part else (subfolder.name,), []).append(subfolder)
    for which, folders in together.items():
        if len(which) == 1:
            yield from _delivery(which[0], {"": landing.inside(folders[0])})
        else:
            of, parts = which
            yield from _delivery(
                f"{of}part-*-of-{parts}",
                {f"{part.name}/": landing.inside(part) for part in folders},
                _all_parts(folders, int(parts)),
            )


def _all_parts(folders: list[Path], parts: int) -> list[Reason]:
    """A return in parts is one return: half of it must not pass for all of it."""
    have = sorted(int(PART.fullmatch(folder.name)["number"]) for folder in folders)
    if have == list(range(1, parts + 1)):
        return []
    sentence = (
        f"{folders[0].name}: of the {parts} parts of this return {', '.join(map(str, have))} came; put every part once "
        f"beside it, in folders named part-1-of-{parts} to part-{parts}-of-{parts}."
    )
    return [Reason("FL36", sentence)]


def _delivery(
    folder: str, parts: dict[str, list[Path]], problems: list[Reason] | None = None
) -> Iterator[Delivery]:
    files: dict[str, Path] = {}
    problems = list(problems or ())
    for part, paths in parts.items():
        for path in paths:
            # A link could name any file of this machine, a pipe would never end: neither is opened.
            name = f"{part}{file_safety.plain_name(path.name)}"
            if path.is_symlink():
                problems.append(
                    Reason("FL03", f"{name}: is a link, which is not followed; send the file itself.")
                )
            elif path.is_dir():
                sentence = f"{name}: is a folder inside a delivery; put its files one folder up."
                problems.append(Reason("FL04", sentence))
            elif not path.is_file() or not os.access(path, os.R_OK):
                sentence = f"{name}: is not a file that can be opened; send the records as plain files."
                problems.append(Reason("FL05", sentence))
            elif not name.isprintable() or name != name.encode("utf-8", "replace").decode():
                problems.append(Reason("FL06", f"{name!a}: is not a plain name; rename the file."))
            elif name in files:
                sentence = (
                    f"{name}: two files have this name but for the kind of their spaces; keep one of them."
                )
                problems.append(Reason("FL18", sentence))
            else:
                files[name] = path
    if files or problems:
        yield Delivery(folder, files, problems)


def _arrival(
    home: Home, quarter: str, delivered_as: str, delivery: Delivery, layout: Layout | None = None
) -> Arrival:
    """Archive a delivery, and say what tells it apart."""
    kept: dict[str, archive.Kept] = {}
    times: list[float] = []
    problems = list(delivery.problems)
    for name, path in delivery.files.items():
        before = path.stat()
        times.append(before.st_mtime)
        kept[name] = archive.keep(path, home.archive)
        if file_safety.still_being_written(name, before, path.stat()):
            sentence = f"{name}: is still being written; it is read again once it has settled."
            problems.append(Reason("FL11", sentence))
    read_as = ""
    try:
        layout = layout or layout_for(delivered_as, quarter)
    except LayoutError as problem:
        read_as = str(problem)
    arrival = Arrival(delivered_as, delivery.folder, layout, kept, problems, "", "", max(times, default=None))
    arrival = _told_apart(arrival, read_as)
    return replace(arrival, problems=problems or [Reason("ST17", f"{read_as}.")]) if read_as else arrival


def _told_apart(arrival: Arrival, read_as: str = "") -> Arrival:
    """An arrival with its fingerprints, as its files and what is wrong with them now are."""
    fingerprint = _fingerprint(arrival.kept, arrival.problems)
    # a layout row added for a renamed column must let the same bytes in: refusals stand for this layout alone
    text = f"{fingerprint}\n{read_as or repr(arrival.layout)}"
    return replace(arrival, fingerprint=fingerprint, if_refused=hashlib.sha256(text.encode()).hexdigest())


def _adopt(engine: Engine, submissions: Submissions, arrivals: list[Arrival]) -> None:
    """Give each folder the submission that it was received as before folders were kept, all at once: what is left
    over then is in no folder any more, and the same bytes are sent anew."""
    adopted: list[tuple[Mapping[str, Any], str]] = []
    left = submissions.before_folders_were_kept(arrivals[0].delivered_as) if arrivals else []
    if not left:
        return
    for arrival in arrivals:
        forces = set()
        for row in list(left):
            if submissions.holds(row, arrival) and row["force"] not in forces:
                forces.add(row["force"])
                left.remove(row)
                adopted.append((row, arrival.folder))
    with engine.begin() as connection:
        for row, folder in adopted:
            ledger.record_folder(connection, row, folder)
    for row, folder in adopted:
        submissions.adopt(row, folder)


def _in_order(submissions: Submissions, quarter: str, arrivals: list[Arrival]) -> Iterator[Arrival]:
    """The deliveries of a force, new ones in the order that their folders tell; with a problem where they tell none."""
    forces = forces_of(arrivals[0].delivered_as, quarter) if arrivals else {}

    def looked_up(arrival: Arrival) -> Arrival:
        found = {force: submissions.received(force, arrival) for force in forces}
        return replace(arrival, received={force: row for force, row in found.items() if row})

    arrivals = [looked_up(arrival) for arrival in arrivals]
    new = {arrival.folder: arrival for arrival in arrivals if len(arrival.received) < len(forces)}
    known = submissions.folders_received(arrivals[0].delivered_as) if arrivals else []
    ordered = landing.in_order({name: arrival.changed_at for name, arrival in new.items()}, quarter)
    for name, arrival in new.items():
        problem = None
        if ordered is None:
            problem = _no_order(new)
        elif known and landing.says_earlier(name):
            sentence = (
                f"{name}/: its name says that it was replaced, but it came after {_shown(known[-1])}; take it out of "
                "the folder, or name it by its date if it is to stand."
            )
            problem = Reason("FL45", sentence)
        if problem:
            new[name] = looked_up(_told_apart(replace(arrival, problems=[*arrival.problems, problem])))
        else:
            # not of a force whose receipt a killed run has written: that one is this delivery itself
            left = [force for force in forces if force not in arrival.received]
            new[name] = replace(arrival, remarks=_remarks(submissions, quarter, left, arrival, known))
    # in the places of the new ones, the new ones in their order
    following = iter(ordered or list(new))
    for arrival in arrivals:
        yield new[next(following)] if arrival.folder in new else arrival


def _no_order(new: Mapping[str, Arrival]) -> Reason:
    sentence = (
        f"{', '.join(map(_shown, new))}: came together, and neither their names nor the times of their files tell "
        "which is the later; name the folders in their order (1, 2) or by date (2023-06-01), or leave one alone there."
    )
    return Reason("FL45", sentence)


def _remarks(
    submissions: Submissions, quarter: str, forces: Iterable[str], arrival: Arrival, known: list[str]
) -> list[Reason]:
    """What should be said of a delivery that is taken: received after one that its name puts later; sent before."""
    remarks = []
    if later := [name for name in known if landing.sorts_before(arrival.folder, name, quarter)]:
        sentence = (
            f"{_shown(arrival.folder)}: came after {_shown(later[-1])} had been received, and so stands over it, "
            "though its name is that of an earlier one; if that was not meant, send the right one in a new folder."
        )
        remarks.append(Reason("FL46", sentence))
    if same := [row for force in forces if (row := submissions.with_bytes_of(force, arrival))]:
        sentence = (
            f"{_shown(arrival.folder)}: holds what came as submission {same[0]['submission']}, byte for byte, and was "
            "sent again: it stands anew; if that was not meant, send the right one in a new folder."
        )
        remarks.append(Reason("FL47", sentence))
    return remarks


def _shown(folder: str) -> str:
    return f"{folder}/" if folder else "the force's own folder"


def _begin_to_read(home: Home, quarter: str, arrival: Arrival, readers: Executor) -> Arrival:
    """Let `readers` begin to read a delivery, unless it has been received before or is wrong already."""
    forces = forces_of(arrival.delivered_as, quarter)
    if arrival.problems or len(arrival.received) == len(forces):
        return arrival
    kept = arrival.kept
    files = record_files(kept)
    listed = any(_base(name) == parsing.MANIFEST for name in kept)
    under_way = readers.submit(read_ahead.read, files, arrival.layout, forces, raw.being_read(home), listed)
    return replace(arrival, reading=under_way)


def _settle(
    home: Home, engine: Engine, submissions: Submissions, quarter: str, arrival: Arrival | Receipt
) -> Iterator[Receipt]:
    """Judge a delivery, write its records and its receipts: one at a time, in the order of arrival."""
    if isinstance(arrival, Receipt):
        yield arrival
        return
    delivered_as, kept = arrival.delivered_as, arrival.kept
    forces = forces_of(delivered_as, quarter)
    new = [force for force in forces if force not in arrival.received]
    judged = _judge(engine, quarter, forces, arrival) if new else Judged("")
    remarks = [] if judged.status == "refused" else arrival.remarks
    reasons = [str(reason) for reason in ended_reasons([*judged.reasons, *remarks])]
    for force in forces:
        if known := arrival.received.get(force):
            counts = {kind: known[kind] for kind in RECORD_TYPES}
            yield Receipt(
                force, quarter, known["submission"], known["status"], known["reasons"], counts, False
            )
            continue
        number = submissions.next_number(force)
        own = judged.records.get(force, {})
        counts = {kind: own[kind].num_rows if own else 0 for kind in RECORD_TYPES}
        # a killed run may have written this number's records for files that have changed since
        raw.remove(home, quarter, force, number)
        written: list[tuple[str, str]] = []
        if own:
            written = raw.write_submission(
                home, own, judged.notes, judged.as_sent / force, quarter, force, number
            )
        submission = {
            "force": force,
            "quarter": quarter,
            "submission": number,
            "delivered_as": delivered_as,
            "layout": judged.layout,
            "status": judged.status,
            "received_at": ledger.now(),
            "fingerprint": arrival.if_refused if judged.status == "refused" else arrival.fingerprint,
            **counts,
            "reasons": reasons,
            "said": judged.said,
            "folder": arrival.folder,
        }
        with engine.begin() as connection:
            ledger.record_submission(
                connection,
                submission,
                [(name, file.sha256, file.bytes) for name, file in kept.items()],
                checks.explained_by(judged.explained, forces[force]),
                written,
            )
        submissions.note(submission, {name: file.sha256 for name, file in kept.items()})
        log.info("%s %s submission %s: %s", quarter, force, number, judged.status)
        yield Receipt(force, quarter, number, judged.status, reasons, counts, True)


def _fingerprint(kept: dict[str, archive.Kept], problems: list[Reason]) -> str:
    """SHA-256 over a delivery's sorted names and digests; what cannot be opened counts by its sentence."""
    lines = sorted(f"{name}\0{file.sha256}" for name, file in kept.items())
    lines += sorted(problem.sentence for problem in problems)
    return hashlib.sha256("\n".join(lines).encode("utf-8", "surrogateescape")).hexdigest()


def _judge(engine: Engine, quarter: str, forces: dict[str, str], arrival: Arrival) -> Judged:
    """Stage by stage: the files, their structure, the records together, what came earlier. Where one stage finds the
    return wrong the next is not asked: it would complain of what follows from that.
    """
    layout = arrival.layout.layout if arrival.layout else None
    try:
        if arrival.problems:
            return Judged("refused", layout, reasons=arrival.problems)
        if statement := _statement(arrival.kept):
            return replace(statement, layout=layout)
        return _judge_records(engine, layout, quarter, forces, arrival)
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
    return {name: file.path for name, file in kept.items() if _base(name) not in BESIDE_THE_RECORDS}


def _judge_records(
    engine: Engine, layout: str, quarter: str, forces: dict[str, str], arrival: Arrival
) -> Judged:
    kept = arrival.kept
    files = {name: kept[name] for name in record_files(kept)}
    manifests = {name: file for name, file in kept.items() if _base(name) == parsing.MANIFEST}
    explaining = {name: file.path for name, file in kept.items() if _base(name) == parsing.EXPLANATIONS}
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


def _base(name: str) -> str:
    """A file's name without its part's folder, in lower case."""
    return PurePosixPath(name).name.lower()


def _statement(kept: dict[str, archive.Kept]) -> Judged | None:
    """What a NIL or MISSING file says, where there is one. Raises Unreadable where it does not stand alone."""
    found = {name: STATEMENTS.get(_base(name).removesuffix(".txt")) for name in kept}
    statements = [name for name, status in found.items() if status]
    if not statements:
        return None
    name = statements[0]
    others = [other for other in kept if other != name and _base(other) not in BESIDE_THE_RECORDS]
    if others:
        says = "there is nothing to report" if found[name] == "nil" else "the return does not come"
        sentence = (
            f"{name}: says that {says}, but {', '.join(others)} came with it; send the one or the other."
        )
        raise parsing.Unreadable(Reason("FL32", sentence))
    said = _said(kept[name].path)
    if not said:
        sentence = f"{name}: does not hold the name and date of who says so; write both into the file."
        raise parsing.Unreadable(Reason("FL35", sentence))
    return Judged(found[name], said=said)


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
