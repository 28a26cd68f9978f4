"""Receipts in the ledger: each submission with its files, its folder, its raw files and what its force explains."""

import json
from collections.abc import Iterable, Mapping
from typing import Any

from sqlalchemy import Connection, Engine, select

from orchestration.ledger import evidence, log
from orchestration.ledger.tables import (
    STANDS,
    explanations,
    raw_files,
    recorded_crime_releases,
    submission_files,
    submission_folders,
    submissions,
)
from orchestration.ledger.transactions import now


def received_as(connection: Connection, digests: Iterable[str]) -> list[Any]:
    """The submissions that stand and hold a file of these SHA-256: rows of force, quarter, submission, delivered_as and
    sha256. A replaced submission was a mistake, now corrected: its file may be sent where it belongs.
    """
    later = submissions.alias()
    replaced = (
        select(later.c.submission)
        .where(
            later.c.force == submissions.c.force,
            later.c.quarter == submissions.c.quarter,
            later.c.submission > submissions.c.submission,
            later.c.status.in_(STANDS),
        )
        .exists()
    )
    statement = (
        select(
            submissions.c.force,
            submissions.c.quarter,
            submissions.c.submission,
            submissions.c.delivered_as,
            submission_files.c.sha256,
        )
        .join(submission_files)
        .where(submission_files.c.sha256.in_(list(digests)), submissions.c.status != "refused", ~replaced)
        .order_by(submissions.c.quarter, submissions.c.force, submissions.c.submission)
    )
    return list(connection.execute(statement))


def record_submission(
    connection: Connection,
    submission: Mapping[str, Any],
    files: Iterable[tuple[str, str, int]],
    explained: Iterable[Mapping[str, Any]] = (),
    raw: Iterable[tuple[str, str]] = (),
) -> None:
    """Write one receipt: a row of `submissions` (reasons as a list) with the `folder` it came in, its files (name,
    sha256, bytes), what the force explains (record_number, rule, crime_reference, explanation), and its raw files
    (path in raw/, sha256).
    """
    files = list(files)
    key = {name: submission[name] for name in ("force", "quarter", "submission")}
    cells = {**submission, "reasons": json.dumps(submission["reasons"], ensure_ascii=False)}
    folder = cells.pop("folder", None)
    evidence.insert_rows(connection, submissions, [cells])
    for table, rows in (
        (
            submission_files,
            [{**key, "file": name, "sha256": sha256, "bytes": size} for name, sha256, size in files],
        ),
        (explanations, [{**key, **row} for row in explained]),
        (submission_folders, [{**key, "folder": folder}] if folder is not None else []),
    ):
        if rows:
            evidence.insert_rows(connection, table, rows)
    record_raw_files(connection, key, raw)
    digests = [sha256 for _, sha256, _ in files]
    log.note(connection, "collection", f"submission {submission['status']}", {**key, "files": digests})


def record_folder(connection: Connection, submission: Mapping[str, Any], folder: str) -> None:
    """Add the folder of a submission that was received before folders were kept."""
    key = {name: submission[name] for name in ("force", "quarter", "submission")}
    evidence.insert_rows(connection, submission_folders, [{**key, "folder": folder}])


def record_raw_files(
    connection: Connection, submission: Mapping[str, Any], files: Iterable[tuple[str, str]]
) -> None:
    """Write down the raw files (path in raw/, sha256) of a submission as they now are."""
    key = {name: submission[name] for name in ("force", "quarter", "submission")}
    made_at = now()
    rows = [{**key, "file": file, "sha256": sha256, "made_at": made_at} for file, sha256 in files]
    if rows:
        evidence.insert_rows(connection, raw_files, rows)


def read_raw_files(engine: Engine) -> dict[tuple[str, str, int], dict[str, str]]:
    """(force, quarter, submission) -> path in raw/ -> SHA-256, as each was last written."""
    found: dict[tuple[str, str, int], dict[str, str]] = {}
    with engine.connect() as connection:
        for row in connection.execute(select(raw_files).order_by(raw_files.c.raw_file)):
            found.setdefault((row.force, row.quarter, row.submission), {})[row.file] = row.sha256
    return found


def record_recorded_crime(
    engine: Engine, published_on: str, file: str, sha256: str, raw_file: str = "", raw_sha256: str = ""
) -> None:
    """Write down a release of police recorded crime as it was read, or, without a raw file, that it is withdrawn."""
    names = ("published_on", "file", "sha256", "raw_file", "raw_sha256", "made_at")
    row = dict(zip(names, (published_on, file, sha256, raw_file, raw_sha256, now()), strict=True))
    with engine.begin() as connection:
        evidence.insert_rows(connection, recorded_crime_releases, [row])


def read_recorded_crime(engine: Engine) -> dict[str, Any]:
    """Date of publication -> the release as it was last read; `raw_file` is blank where it is withdrawn."""
    ordered = select(recorded_crime_releases).order_by(recorded_crime_releases.c.read)
    with engine.connect() as connection:
        return {row.published_on: row for row in connection.execute(ordered)}


def read_submissions(engine: Engine, quarter: str | None = None) -> list[dict[str, Any]]:
    """Every submission (of one quarter), by force, quarter and number; reasons as a list, and the folder it came in
    (None: received before that was kept)."""
    statement = (
        select(submissions, submission_folders.c.folder)
        .outerjoin(submission_folders)
        .order_by(submissions.c.force, submissions.c.quarter, submissions.c.submission)
    )
    if quarter:
        statement = statement.where(submissions.c.quarter == quarter)
    with engine.connect() as connection:
        return [{**row._mapping, "reasons": json.loads(row.reasons)} for row in connection.execute(statement)]


def read_submission_files(engine: Engine, quarter: str) -> dict[tuple[str, int], dict[str, str]]:
    """(force, submission) of a quarter -> name of each of its files -> SHA-256."""
    found: dict[tuple[str, int], dict[str, str]] = {}
    with engine.connect() as connection:
        files = select(submission_files).where(submission_files.c.quarter == quarter)
        for row in connection.execute(files):
            found.setdefault((row.force, row.submission), {})[row.file] = row.sha256
    return found


def read_explanations(engine: Engine, force: str, quarter: str) -> list[dict[str, Any]]:
    """What a force explained about a quarter, over all its accepted submissions, oldest first. Only for that force."""
    statement = (
        select(explanations)
        .join(submissions)
        .where(
            explanations.c.force == force,
            explanations.c.quarter == quarter,
            submissions.c.status != "refused",
        )
        .order_by(explanations.c.submission, explanations.c.record_number)
    )
    with engine.connect() as connection:
        return [dict(row._mapping) for row in connection.execute(statement)]
