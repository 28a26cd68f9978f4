"""What was received is still there: the archive and the raw files against the hashes in the ledger.

A raw file that is missing or was changed is made again from the archive by the next run, and so are those of returns whose
layout has changed since. The archive cannot be made again: what of it is missing or damaged is named, and comes back from a
backup.
"""

import hashlib
import json
import logging
import shutil
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
from sqlalchemy import Engine

from orchestration import parquet
from orchestration.home import Home
from orchestration.ledger import erasures, snapshots, tables
from orchestration.ledger.opening import open_ledger
from orchestration.ledger.receipts import (
    read_raw_files,
    read_recorded_crime,
    read_submission_files,
    read_submissions,
    record_raw_files,
)
from orchestration.returns import archive, intake, judging, raw, read_ahead, recorded_crime
from orchestration.returns.layouts import all_layouts, forces_of, layout_for
from orchestration.returns.layouts.parts import RECORD_TYPES
from orchestration.returns.reasons import Unreadable
from orchestration.turns import write_whole
from orchestration.verdicts import told

log = logging.getLogger(__name__)

LAYOUTS = (
    "layouts.json"  # in raw/: by name, the fingerprint of each layout as the raw files were last read by it
)

Row = Mapping[str, Any]


class CannotMakeAgain(Exception):
    """Raw files that are missing or were changed, and cannot be made from the archive: a sentence for each."""

    def __init__(self, sentences: list[str]) -> None:
        super().__init__(" ".join(sentences))


def raw_differs(home: Home, engine: Engine) -> list[str]:
    """A sentence for each raw or archived file that is not as in the ledger; none where all are.

    Every byte is read: this is for the gate before a release, of which all that was ever received is a part.
    """
    hashes = read_raw_files(engine)
    accepted = _accepted(engine)
    sentences = []
    for row in accepted:
        name, now = _name(row), dict(raw.hashes_of(home, *_place(row)))
        then = hashes.get(_key(row))
        if then is None:
            sentences.append(
                f"{name}: came before the ledger kept hashes of raw files; run any quarter once: cpai run "
                f"{row['quarter']}."
            )
            continue
        for file in sorted(then.keys() | now.keys()):
            if then.get(file) != now.get(file):
                what = "is missing" if file not in now else "is not what was written when it was received"
                sentences.append(
                    f"{name}: raw/{file} {what}; it is made again from the archive by: cpai run {row['quarter']}."
                )
    sentences += _recorded_crime_differs(home, engine)
    sentences += _nobodys(home, accepted)
    sentences += [
        f"raw/{name} is not what the ledger holds; run any quarter again." for name in _stale(home, engine)
    ]
    return sentences + archive_differs(home, engine, every_byte=True)


def _recorded_crime_differs(home: Home, engine: Engine) -> list[str]:
    """A sentence for each release of police recorded crime whose raw file is not as in the ledger, and for each that is not
    there."""
    of = {row.raw_file: row for row in read_recorded_crime(engine).values() if row.raw_file}
    folder = home.raw / recorded_crime.FOLDER
    sentences = [
        f"recorded crime of {row.published_on}: raw/{folder.name}/{file} is missing or not what was written; it is made "
        "again from the archive by running any quarter."
        for file, row in sorted(of.items())
        if not (folder / file).is_file() or archive.digest(folder / file)[0] != row.raw_sha256
    ]
    none = folder / "none.parquet"
    if none.exists() and not _is_empty(none):
        sentences.append(f"raw/{folder.name}/{none.name} holds records of nobody; remove it.")
    return sentences + [
        f"raw/{folder.name}/{path.name} is of no release in the ledger; run any quarter once."
        for path in sorted(folder.glob("*.parquet"))
        if path.name not in of and path != none
    ]


def archive_differs(home: Home, engine: Engine, every_byte: bool = False) -> list[str]:
    """A sentence for each archived file that is missing or damaged: by its size, or by every byte of it."""
    sentences = []
    for sha256, size, of in archived(engine):
        path = archive.place(home.archive, sha256)
        if not path.exists():
            what = "is missing"
        elif size not in (None, path.stat().st_size) or (every_byte and archive.digest(path)[0] != sha256):
            what = "is damaged: its bytes are not those of its name"
        else:
            continue
        sentences.append(f"{of}: archive/{path.relative_to(home.archive)} {what}; restore it from a backup.")
    return sentences


def make_again(home: Home) -> list[str]:
    """Make raw files that are missing or were changed, or whose layout is another now, again from the archive; a line for each
    submission of which there were any. Of submissions that came before the ledger kept hashes, take those of the files that
    are there.

    Lines too for archived files that are missing or cut short, which nothing needs now. Raises CannotMakeAgain where
    the archive has not what is needed, or what it has reads differently now.
    """
    sentences: list[str] = []
    cannot: list[str] = []
    if not home.root.exists():
        return sentences
    with intake.alone(home):
        engine = open_ledger(home)
        aside = raw.being_read(home)
        try:
            hashes = read_raw_files(engine)
            layouts, noted = _layouts(), _noted(home)
            # of a home that is older than the note nothing is read anew
            changed = {name for name, one in layouts.items() if noted is not None and noted.get(name) != one}
            before_hashes = 0
            for row in _accepted(engine):
                now = dict(raw.hashes_of(home, *_place(row)))
                then = hashes.get(_key(row))
                if then == now:
                    if row["layout"] in changed:
                        sentences += _read_anew(home, engine, row, now, aside, layouts)
                    continue
                if then is None and _has_records(home, row):
                    with engine.begin() as connection:
                        record_raw_files(connection, row, now.items())
                    before_hashes += 1
                    continue
                try:
                    sentences.append(_made_again(home, engine, row, then or {}, now, aside))
                except Unreadable as problem:
                    # as logs may have it: the sentence itself quotes the force
                    asks = " ".join(f"{told(str(reason))}." for reason in problem.reasons)
                    cannot.append(f"{_name(row)}: its raw files cannot be made again: {asks}")
                except (CannotMakeAgain, archive.ArchiveDamaged) as problem:
                    cannot.append(f"{_name(row)}: its raw files cannot be made again: {problem}")
            if before_hashes:
                sentences.append(
                    f"the raw files of {before_hashes} submissions that came before the ledger kept their hashes were "
                    "taken as they are"
                )
            sentences += archive_differs(home, engine)
            # a file of raw/ that is written again is something new to build from
            if not cannot and noted != layouts:
                home.raw.mkdir(exist_ok=True)
                write_whole(home.raw / LAYOUTS, json.dumps(layouts, indent=1))
        finally:
            shutil.rmtree(aside, ignore_errors=True)
            engine.dispose()
    if cannot:
        raise CannotMakeAgain(cannot)
    return sentences


def _layouts() -> dict[str, str]:
    return {name: hashlib.sha256(repr(one).encode()).hexdigest() for name, one in all_layouts().items()}


def _noted(home: Home) -> dict[str, str] | None:
    """The layouts as raw files were last read by them: None where that was not noted, none of them where the note is damaged."""
    file = home.raw / LAYOUTS
    if not file.exists():
        return None
    try:
        told = json.loads(file.read_bytes())
    except ValueError:
        return {}
    return told if isinstance(told, dict) else {}


def _read_anew(
    home: Home, engine: Engine, row: Row, now: Mapping[str, str], aside: Path, layouts: dict[str, str]
) -> list[str]:
    """Read a submission by its layout as it is now. What was read when it came stands where the layout reads another number of
    records: the receipt counts them, and only another delivery may have another. Where its original is damaged the layout is
    taken out of `layouts`, those that are noted as read by: the next run tries again."""
    files = _files(engine, row)
    if _is_erased(engine, files):
        return [f"{_name(row)}: its original was erased; it stays as layout {row['layout']} read it before"]
    try:
        own, read = _read(home, row, files, aside)
    except archive.ArchiveDamaged as problem:
        layouts.pop(row["layout"], None)
        return [
            f"{_name(row)}: layout {row['layout']} has changed, and its files were not read again: {problem}"
        ]
    except (Unreadable, CannotMakeAgain) as problem:
        log.debug("%s by another layout", _name(row), exc_info=problem)
        return [
            f"{_name(row)}: layout {row['layout']} has changed, and does not read its files as they came any more: what was "
            "read when it came stands; have the return sent again"
        ]
    written = _write(home, row, own, read)
    if dict(written) == dict(now):
        return []
    with engine.begin() as connection:
        record_raw_files(connection, row, written)
    return [
        f"{_name(row)}: layout {row['layout']} has changed: its files have been read again from the archive"
    ]


def _made_again(
    home: Home, engine: Engine, row: Row, then: Mapping[str, str], now: Mapping[str, str], aside: Path
) -> str:
    """Read a submission again out of the archive and write its raw files, as they were where nothing else changed."""
    files = _files(engine, row)
    if _is_erased(engine, files):
        return _put_back(home, row, then)
    written = _write(home, row, *_read(home, row, files, aside))
    lost = sum(then.get(file) != now.get(file) for file in then.keys() | now.keys())
    line = f"{_name(row)}: {lost or 'its'} raw files were missing or changed and have been made again from the archive"
    if dict(written) == dict(then):
        return line
    with engine.begin() as connection:
        record_raw_files(connection, row, written)
    return f"{line}; they are not byte for byte what was first written: another version wrote that"


def _files(engine: Engine, row: Row) -> dict[str, str]:
    """The files of a submission by name, with the SHA-256 of their bytes."""
    return read_submission_files(engine, row["quarter"])[row["force"], row["submission"]]


def _is_erased(engine: Engine, files: Mapping[str, str]) -> bool:
    """Whether an original was erased by law, and raw files stand in its place."""
    return bool(erasures.gone(engine, erasures.ARCHIVE).keys() & set(files.values()))


def _read(
    home: Home, row: Row, files: Mapping[str, str], aside: Path
) -> tuple[dict[str, pa.Table], read_ahead.Read]:
    """What the archived `files` of a submission read as, of its force, by record type. Raises CannotMakeAgain where that is
    another number of records."""
    quarter, force, _ = _place(row)
    shutil.rmtree(aside, ignore_errors=True)
    aside.mkdir(parents=True)
    layout = all_layouts().get(row["layout"]) or layout_for(row["delivered_as"], quarter)
    forces = forces_of(row["delivered_as"], quarter)
    kept = {name: archive.take(home.archive, sha256) for name, sha256 in files.items()}
    read = read_ahead.read(judging.record_files(kept), layout, forces, aside)
    own = judging.of_force(read.records, forces[force])
    counts = {kind: own[kind].num_rows for kind in RECORD_TYPES}
    if counts != {kind: row[kind] for kind in RECORD_TYPES}:
        raise CannotMakeAgain(
            [
                f"its files read as {_counted(counts)} now, and as {_counted(row)} when they came: the layout or this "
                "version reads them differently. Restore raw/ from a backup, or have the return sent again."
            ]
        )
    return own, read


def _write(home: Home, row: Row, own: dict[str, pa.Table], read: read_ahead.Read) -> Any:
    """The raw files of a submission: name and SHA-256 of each."""
    quarter, force, number = _place(row)
    raw.remove(home, quarter, force, number)
    return raw.write_submission(home, own, read.notes, read.as_sent / force, quarter, force, number)


def _put_back(home: Home, row: Row, then: Mapping[str, str]) -> str:
    """The raw files of a submission whose original was erased for a record of it: the archive has them in its place."""
    kept = {file: archive.take(home.archive, sha256).path for file, sha256 in then.items()}
    raw.remove(home, *_place(row))
    for file, path in kept.items():
        (home.raw / file).parent.mkdir(parents=True, exist_ok=True)
        aside = (home.raw / file).with_name(f".{Path(file).name}.writing")
        aside.unlink(missing_ok=True)
        shutil.copyfile(path, aside)
        aside.replace(home.raw / file)
    return f"{_name(row)}: its raw files were missing or changed and have been put back from the archive"


def _accepted(engine: Engine) -> list[Row]:
    return [row for row in read_submissions(engine) if row["status"] == "accepted"]


def _key(row: Row) -> tuple[str, str, int]:
    return row["force"], row["quarter"], row["submission"]


def _place(row: Row) -> tuple[str, str, int]:
    return row["quarter"], row["force"], row["submission"]


def _name(row: Row) -> str:
    return f"{row['quarter']} {row['force']} submission {row['submission']}"


def _counted(counts: Row) -> str:
    return ", ".join(f"{counts[kind]} {kind}" for kind in RECORD_TYPES)


def _has_records(home: Home, row: Row) -> bool:
    return all(raw.records_file(home, kind, *_place(row)).exists() for kind in RECORD_TYPES)


def archived(engine: Engine) -> Iterator[tuple[str, int | None, str]]:
    """SHA-256, size (None: not kept) and whose it is, of every file that the archive has to have, once each: every file
    received, but for those that were erased by law, in whose place raw files stand."""
    files = tables.submission_files
    gone = erasures.gone(engine, erasures.ARCHIVE)
    seen, replaced = set(gone), set()
    with engine.connect() as connection:
        for row in connection.execute(
            files.select().order_by(files.c.quarter, files.c.force, files.c.submission, files.c.file)
        ):
            if row.sha256 in gone:
                replaced.add((row.force, row.quarter, row.submission))
            if row.sha256 not in seen:
                seen.add(row.sha256)
                yield row.sha256, row.bytes, _name(row._mapping)
    raw_hashes = read_raw_files(engine)
    for row in _accepted(engine):
        for file, sha256 in raw_hashes.get(_key(row), {}).items() if _key(row) in replaced else ():
            yield sha256, None, f"{_name(row)}: raw/{file}"
    for release in read_recorded_crime(engine).values():
        yield release.sha256, None, f"recorded crime of {release.published_on}"


def _nobodys(home: Home, accepted: list[Row]) -> list[str]:
    """Files that models would read, though no submission has them; and records where there are to be none."""
    known = {
        file
        for row in accepted
        for file in (
            *(raw.records_file(home, kind, *_place(row)) for kind in RECORD_TYPES),
            raw.findings_file(home, *_place(row)),
        )
    }
    sentences = []
    for kind in (*RECORD_TYPES, "intake_findings"):
        for path in sorted((home.raw / kind).glob("*/*.parquet")):
            shown = path.relative_to(home.raw)
            if path.parent.name == "none":
                if path.name != "none.0.parquet" or not _is_empty(path):
                    sentences.append(f"raw/{shown} holds records of nobody; remove it.")
            elif path not in known:
                sentences.append(f"raw/{shown} is of no submission in the ledger; remove it.")
    return sentences


def _is_empty(path: Path) -> bool:
    try:
        return not pq.read_metadata(path).num_rows
    except (pa.ArrowInvalid, OSError):
        return False


def _stale(home: Home, engine: Engine) -> Iterator[str]:
    """Snapshots of the ledger that do not hold what it holds."""
    for name, table in snapshots.of(engine):
        path = home.raw / f"{name}.parquet"
        if not parquet.holds(path, table):
            yield path.name
