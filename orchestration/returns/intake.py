"""Intake: what has landed for a quarter, archived, read, checked, written as raw Parquet, with a receipt.

The order makes a run that is killed anywhere and started again end as if it had not been: archive
(write-once), raw files (whole, under the number that the next receipt will have), receipt (one transaction),
snapshot. Until its receipt is there, a raw file belongs to no submission and nothing reads it.
"""

from __future__ import annotations

import hashlib
import logging
import os
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc
from sqlalchemy import Engine

from orchestration import ledger, quarters
from orchestration.home import Home
from orchestration.returns import archive, checks, mapping, raw, reading
from orchestration.returns.layouts import RECORD_TYPES, Layout, LayoutError, delivered, forces_of, layout_for

log = logging.getLogger(__name__)

# What desktops leave in a shared folder; no one sent it.
CLUTTER = ("thumbs.db", "desktop.ini")
BESIDE_THE_RECORDS = (reading.NIL.lower(), reading.MANIFEST, reading.EXPLANATIONS)


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
    """The files of one delivery by name, and what about the folder itself is wrong."""

    files: dict[str, Path]
    problems: list[str] = field(default_factory=list)


def receive(home: Home, quarter: str, delivered_as: str | None = None) -> list[Receipt]:
    """Take in everything landed for `quarter`, or only the folder of one force or joint delivery.

    Returns a receipt for each delivery and force, those of earlier runs too (`new` False). `delivered_as` may
    be a force of a joint delivery: all of that delivery is taken in. A return that does not fit is refused,
    with its reasons, and the others go on.

    Raises ValueError for a quarter that is none, OSError when our own disk fails: started again, the run
    goes on where it stopped.
    """
    quarters.valid(quarter)
    raw.ensure(home)
    engine = ledger.open_ledger(home)
    receipts: list[Receipt] = []
    try:
        for folder in _folders(home.landing / quarter):
            name = folder.name
            if delivered_as in (None, name) or delivered_as in forces_of(name, quarter):
                receipts.extend(_receive_folder(home, engine, quarter, folder))
    finally:
        ledger.snapshot(engine, home)
        engine.dispose()
    return receipts


def _folders(landing: Path) -> list[Path]:
    if not landing.is_dir():
        return []
    return sorted(path for path in landing.iterdir() if not _clutter(path))


def _receive_folder(home: Home, engine: Engine, quarter: str, folder: Path) -> Iterator[Receipt]:
    name = folder.name
    if name not in delivered(quarter):
        reason = (
            f"{folder.parent.name}/{name}: no force or joint return of {quarter} has this name; "
            "rename the folder to the force's name as in seeds/forces.csv."
        )
        # kept, though it is no one's submission yet: renamed, it will be received
        for delivery in _deliveries(folder) if folder.is_dir() and not folder.is_symlink() else ():
            for path in delivery.files.values():
                archive.keep(path, home.archive)
        log.warning("%s: refused: %s", name, reason)
        yield Receipt(name, quarter, 0, "refused", [reason], dict.fromkeys(RECORD_TYPES, 0), True)
        return
    for delivery in _deliveries(folder):
        yield from _receive_delivery(home, engine, quarter, name, delivery)


def _deliveries(folder: Path) -> Iterator[Delivery]:
    """The files of the folder itself, then each of its sub-folders, by name."""
    if folder.is_symlink() or not folder.is_dir():
        yield Delivery({}, [f"{folder.name}: is a link or a file, not a folder; put the files in a folder."])
        return
    paths = sorted(path for path in folder.iterdir() if not _clutter(path))
    subfolders = [path for path in paths if path.is_dir() and not path.is_symlink()]
    yield from _delivery(path for path in paths if path not in subfolders)
    for subfolder in subfolders:
        yield from _delivery(sorted(path for path in subfolder.iterdir() if not _clutter(path)))


def _delivery(paths: Iterator[Path] | list[Path]) -> Iterator[Delivery]:
    files: dict[str, Path] = {}
    problems = []
    for path in paths:
        # A link could name any file of this machine, a pipe would never end: neither is opened.
        if path.is_symlink():
            problems.append(f"{path.name}: is a link, which is not followed; send the file itself.")
        elif path.is_dir():
            problems.append(f"{path.name}: is a folder inside a delivery; put its files one folder up.")
        elif not path.is_file() or not os.access(path, os.R_OK):
            problems.append(
                f"{path.name}: is not a file that can be opened; send the records as plain files."
            )
        elif not path.name.isprintable() or path.name != path.name.encode("utf-8", "replace").decode():
            problems.append(f"{path.name!a}: is not a plain name; rename the file.")
        else:
            files[path.name] = path
    if files or problems:
        yield Delivery(files, problems)


def _clutter(path: Path) -> bool:
    return path.name.startswith((".", "~$")) or path.name.lower() in CLUTTER


def _receive_delivery(
    home: Home, engine: Engine, quarter: str, delivered_as: str, delivery: Delivery
) -> Iterator[Receipt]:
    kept = {name: archive.keep(path, home.archive) for name, path in delivery.files.items()}
    fingerprint = _fingerprint(kept, delivery.problems)
    # a layout row added for a renamed column must let the same bytes in: refusals stand for this layout alone
    if_refused = _under_layout(fingerprint, delivered_as, quarter)
    forces = forces_of(delivered_as, quarter)
    with engine.connect() as connection:
        earlier = {
            force: ledger.submission_with(connection, force, quarter, fingerprint)
            or ledger.submission_with(connection, force, quarter, if_refused)
            for force in forces
        }
        numbers = {force: ledger.next_submission(connection, force, quarter) for force in forces}

    new = [force for force in forces if not earlier[force]]
    layout, status, records, reasons = (
        _judge(delivered_as, quarter, forces, kept, delivery.problems) if new else (None, "", {}, [])
    )
    for force in forces:
        if known := earlier[force]:
            counts = {kind: known[kind] for kind in RECORD_TYPES}
            yield Receipt(
                force,
                quarter,
                known["submission"],
                known["status"],
                known["reasons"],
                counts,
                False,
            )
            continue
        number = numbers[force]
        own = records.get(force, {})
        counts = {kind: own[kind].num_rows if own else 0 for kind in RECORD_TYPES}
        for kind in RECORD_TYPES:
            path = raw.records_file(home, kind, quarter, force, number)
            if own:
                raw.write(_with_origin(own[kind], kind, force, quarter, number), path)
            else:
                # a killed run may have written this number's records for files that have changed since
                path.unlink(missing_ok=True)
        with engine.begin() as connection:
            ledger.record_submission(
                connection,
                {
                    "force": force,
                    "quarter": quarter,
                    "submission": number,
                    "delivered_as": delivered_as,
                    "layout": layout,
                    "status": status,
                    "received_at": ledger.now(),
                    "fingerprint": if_refused if status == "refused" else fingerprint,
                    **counts,
                    "reasons": reasons,
                },
                [(name, file.sha256, file.bytes) for name, file in kept.items()],
            )
        log.info("%s %s submission %s: %s", quarter, force, number, status)
        yield Receipt(force, quarter, number, status, reasons, counts, True)


def _fingerprint(kept: dict[str, archive.Kept], problems: list[str]) -> str:
    """SHA-256 over a delivery's sorted names and digests; what cannot be opened counts by its sentence."""
    lines = sorted(f"{name}\0{file.sha256}" for name, file in kept.items()) + sorted(problems)
    return hashlib.sha256("\n".join(lines).encode("utf-8", "surrogateescape")).hexdigest()


def _under_layout(fingerprint: str, delivered_as: str, quarter: str) -> str:
    """The fingerprint of a delivery as this quarter's layout reads it."""
    try:
        layout = repr(layout_for(delivered_as, quarter))
    except LayoutError as problem:
        layout = str(problem)
    return hashlib.sha256(f"{fingerprint}\n{layout}".encode()).hexdigest()


def _judge(
    delivered_as: str,
    quarter: str,
    forces: dict[str, str],
    kept: dict[str, archive.Kept],
    problems: list[str],
) -> tuple[str | None, str, dict[str, dict[str, pa.Table]], list[str]]:
    """Layout, status, records by force and type, and reasons of a delivery."""
    layout: Layout | None = None
    records: dict[str, dict[str, pa.Table]] = {}
    reasons = list(problems)
    try:
        layout = layout_for(delivered_as, quarter)
        if not reasons:
            if _says_nil(kept, reasons):
                return layout.layout, "nil", {}, []
            if not reasons:
                records, reasons = _read(layout, quarter, forces, kept)
    except reading.Unreadable as problem:
        reasons.extend(problem.reasons)
    except LayoutError as problem:
        reasons.append(f"{problem}.")
    except (OSError, MemoryError):
        # ours, not the force's: a full disk must not refuse a return for good
        raise
    except Exception as problem:
        # The type alone: a message may quote a record.
        log.error("%s %s: could not be read: %s", quarter, delivered_as, type(problem).__name__)
        reasons.append(
            f"The return could not be read ({type(problem).__name__}); compare it with layout "
            f"{layout.layout if layout else '?'} and send it again."
        )
    status = "refused" if reasons else "accepted"
    return layout.layout if layout else None, status, {} if reasons else records, reasons


def _says_nil(kept: dict[str, archive.Kept], reasons: list[str]) -> bool:
    names = {name.lower(): name for name in kept}
    if reading.NIL.lower() not in names:
        return False
    others = [name for lower, name in names.items() if lower not in BESIDE_THE_RECORDS]
    if others:
        reasons.append(
            f"{names[reading.NIL.lower()]}: says that there is nothing to report, but {', '.join(others)} "
            "came with it; send the one or the other."
        )
    return not others


def _read(
    layout: Layout, quarter: str, forces: dict[str, str], kept: dict[str, archive.Kept]
) -> tuple[dict[str, dict[str, pa.Table]], list[str]]:
    beside = {name.lower(): name for name in kept if name.lower() in BESIDE_THE_RECORDS}
    files = {name: file for name, file in kept.items() if name not in beside.values()}
    manifest = beside.get(reading.MANIFEST)

    grids = reading.read({name: file.path for name, file in files.items()}, layout)
    reasons = checks.as_listed(kept[manifest].path if manifest else None, files, grids)
    found = mapping.records(grids)
    if len(forces) > 1:
        reasons += checks.of_the_forces(found, forces)
    records = {force: _of(found, prefix) for force, prefix in forces.items()}
    for force, own in records.items():
        reasons += checks.holds_crimes(own, force)
        reasons += checks.of_the_quarter(own, quarter)
        reasons += checks.of_the_force(own, force)
    return records, list(dict.fromkeys(reasons))


def _of(records: dict[str, pa.Table], prefix: str) -> dict[str, pa.Table]:
    if not prefix:
        return records
    return {
        kind: table.filter(pc.fill_null(pc.starts_with(table["crime_reference"], prefix), False))
        for kind, table in records.items()
    }


def _with_origin(records: pa.Table, kind: str, force: str, quarter: str, submission: int) -> pa.Table:
    count = records.num_rows
    origin = {
        "force": pa.repeat(pa.scalar(force), count),
        "quarter": pa.repeat(pa.scalar(quarter), count),
        "submission": pa.repeat(pa.scalar(submission, pa.int32()), count),
    }
    schema = raw.records_schema(kind)
    return pa.table({**origin, **{name: records[name] for name in records.column_names}}, schema=schema)
