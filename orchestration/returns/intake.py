"""Intake: what has landed for a quarter, archived, read, checked, written as raw Parquet, with a receipt.

A force's folder holds deliveries: the files in it are one, each sub-folder is one. Sub-folders `part-1-of-2` and
`part-2-of-2` (or `later-part-1-of-2`, …) are one delivery together, refused until all its parts are there.
Of deliveries that are new at one look the later is found by the folders' names, else by their files' times; where neither
shows it, they are refused. What is new after others were received is later than they, whatever its folder's name.
A file `NIL` or `MISSING` alone, holding a name and a date, declares that there is nothing to report,
or that the return will not come (in time).

The order makes a run that is killed anywhere and started again end as if it had not been: archive
(write-once), raw files (whole, under the number that the next receipt will have), receipt (one transaction),
snapshot. Until its receipt is there, a raw file belongs to no submission and nothing reads it.
"""

import logging
import shutil
from collections.abc import Iterable, Iterator, Mapping
from concurrent.futures import Executor, ThreadPoolExecutor
from contextlib import contextmanager, nullcontext
from dataclasses import replace
from typing import Any

try:
    import fcntl
except ImportError:  # Windows, where one person checks one return
    fcntl = None

from sqlalchemy import Engine

from orchestration import quarters
from orchestration.home import Home
from orchestration.ledger import erasures, snapshots
from orchestration.ledger.opening import open_ledger
from orchestration.ledger.receipts import (
    read_submission_files,
    read_submissions,
    record_folder,
    record_submission,
)
from orchestration.ledger.tables import STANDS
from orchestration.ledger.transactions import now
from orchestration.progress import over
from orchestration.returns import archive, checks, erased, landing, parsing, raw, read_ahead
from orchestration.returns.arrivals import (
    Arrival,
    Receipt,
    arrived,
    deliveries_in,
    sender_of,
    shown_folder,
    with_fingerprints,
)
from orchestration.returns.judging import Judged, base_name, judge, record_files
from orchestration.returns.layouts import delivered, forces_of
from orchestration.returns.layouts.parts import RECORD_TYPES, Layout
from orchestration.returns.reasons import Reason, ended_reasons

log = logging.getLogger(__name__)


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
    has it, and not as the seeds do (the trial of a draft).

    Raises ValueError for what is not a quarter, OSError when our own disk fails: started again, the run
    goes on where it stopped.
    """
    quarters.valid(quarter)
    receipts: list[Receipt] = []
    with alone(home):
        raw.ensure(home)
        aside = raw.being_read(home)
        shutil.rmtree(aside, ignore_errors=True)  # what a killed run had read
        aside.mkdir(parents=True)
        engine = open_ledger(home)
        try:
            with nullcontext(readers) if readers else ThreadPoolExecutor(read_ahead.COUNT) as readers:
                files = read_submission_files(engine, quarter)
                submissions = Submissions(read_submissions(engine, quarter), files)
                arrivals = _arrivals(home, engine, submissions, quarter, delivered_as, readers, layout)
                landed = len(landing.inside(home.landing / quarter))
                for arrival in over(f"receiving {quarter}", read_ahead.ahead(arrivals), landed, sender_of):
                    receipts.extend(_settle(home, engine, submissions, quarter, arrival))
            for line in erased.take_out_what_came_again(home, engine):
                log.warning(line)
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
            record_folder(connection, row, folder)
    for row, folder in adopted:
        submissions.adopt(row, folder)


def _in_order(submissions: Submissions, quarter: str, arrivals: list[Arrival]) -> Iterator[Arrival]:
    """The deliveries of a force, new ones in the order of their folders; with a problem where these have none."""
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
        elif known and landing.is_named_earlier(name):
            sentence = (
                f"{name}/: it is named as replaced, but it came after {shown_folder(known[-1])}; take it out of "
                "the folder, or name it by its date if it is to stand."
            )
            problem = Reason("FL45", sentence)
        if problem:
            new[name] = looked_up(with_fingerprints(replace(arrival, problems=[*arrival.problems, problem])))
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
        f"{', '.join(map(shown_folder, new))}: came together, and neither their names nor the times of their files show "
        "which is the later; name the folders in their order (1, 2) or by date (2023-06-01), or leave one alone there."
    )
    return Reason("FL45", sentence)


def _remarks(
    submissions: Submissions, quarter: str, forces: Iterable[str], arrival: Arrival, known: list[str]
) -> list[Reason]:
    """Remarks on a delivery that is taken: received after one that its name puts later; sent before."""
    remarks = []
    if later := [name for name in known if landing.sorts_before(arrival.folder, name, quarter)]:
        sentence = (
            f"{shown_folder(arrival.folder)}: came after {shown_folder(later[-1])} had been received, and so stands over it, "
            "though its name is that of an earlier one; if that was not meant, send the right one in a new folder."
        )
        remarks.append(Reason("FL46", sentence))
    if same := [row for force in forces if (row := submissions.with_bytes_of(force, arrival))]:
        sentence = (
            f"{shown_folder(arrival.folder)}: holds what came as submission {same[0]['submission']}, byte for byte, and was "
            "sent again: it stands anew; if that was not meant, send the right one in a new folder."
        )
        remarks.append(Reason("FL47", sentence))
    return remarks


def _begin_to_read(home: Home, quarter: str, arrival: Arrival, readers: Executor) -> Arrival:
    """Let `readers` begin to read a delivery, unless it has been received before or is wrong already."""
    forces = forces_of(arrival.delivered_as, quarter)
    if arrival.problems or not arrival.layout or len(arrival.received) == len(forces):
        return arrival
    kept = arrival.kept
    files = record_files(kept)
    listed = any(base_name(name) == parsing.MANIFEST for name in kept)
    under_way = readers.submit(read_ahead.read, files, arrival.layout, forces, raw.being_read(home), listed)
    return replace(arrival, reading=under_way)


def _settle(
    home: Home, engine: Engine, submissions: Submissions, quarter: str, arrival: Arrival | Receipt
) -> Iterator[Receipt]:
    """Check a delivery, write its records and its receipts: one at a time, in the order of arrival."""
    if isinstance(arrival, Receipt):
        yield arrival
        return
    delivered_as, kept = arrival.delivered_as, arrival.kept
    forces = forces_of(delivered_as, quarter)
    new = [force for force in forces if force not in arrival.received]
    judged = judge(engine, quarter, forces, arrival) if new else Judged("")
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
        if own and judged.as_sent:
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
            "received_at": now(),
            "fingerprint": arrival.if_refused if judged.status == "refused" else arrival.fingerprint,
            **counts,
            "reasons": reasons,
            "said": judged.said,
            "folder": arrival.folder,
        }
        with engine.begin() as connection:
            record_submission(
                connection,
                submission,
                [(name, file.sha256, file.bytes) for name, file in kept.items()],
                checks.explained_by(judged.explained, forces[force]),
                written,
            )
        submissions.note(submission, {name: file.sha256 for name, file in kept.items()})
        log.info("%s %s submission %s: %s", quarter, force, number, judged.status)
        yield Receipt(force, quarter, number, judged.status, reasons, counts, True)


def _arrivals(
    home: Home,
    engine: Engine,
    submissions: Submissions,
    quarter: str,
    delivered_as: str | None,
    readers: Executor,
    layout: Layout | None,
) -> Iterator[Arrival | Receipt]:
    """Each delivery, archived and being read; a refusal at once for a folder of no force."""
    gone = erasures.gone(engine, erasures.ARCHIVE)
    for folder in landing.inside(home.landing / quarter):
        name = folder.name
        if delivered_as not in (None, name) and delivered_as not in forces_of(name, quarter):
            continue
        if name in delivered(quarter):
            arrivals = [
                arrived(home, quarter, name, delivery, layout, gone) for delivery in deliveries_in(folder)
            ]
            _adopt(engine, submissions, arrivals)
            for arrival in _in_order(submissions, quarter, arrivals):
                yield _begin_to_read(home, quarter, arrival, readers)
            continue
        why = landing.nobodys(folder, f"no force or joint return of {quarter}")
        reason = str(Reason("FL01", f"{quarter}/{name}: {why}"))
        # kept, though it is no one's submission yet: renamed, it will be received
        if folder.is_dir() and not folder.is_symlink():
            files = [path for delivery in deliveries_in(folder) for path in delivery.files.values()]
        else:
            files = [folder] if folder.is_file() and not folder.is_symlink() else []
        for path in files:
            if not gone or archive.digest(path)[0] not in gone:
                archive.keep(path, home.archive)
        log.warning("%s: something is no force's: refused (FL01)", quarter)
        yield Receipt(name, quarter, 0, "refused", [reason], dict.fromkeys(RECORD_TYPES, 0), True)
