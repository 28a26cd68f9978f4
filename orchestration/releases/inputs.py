"""What a release is made from: submissions, readings, seeds, code, and one fingerprint over all of them."""

import hashlib
import json
import subprocess
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path, PurePosixPath

from sqlalchemy import Engine

from orchestration import keys
from orchestration.home import DBT_PROJECT, PACKAGE, PROJECT, SEEDS, Home, files_below
from orchestration.ledger import chain, erasures
from orchestration.ledger.opening import ledger_of
from orchestration.ledger.tables import log_entries, readings, submission_files, submissions
from orchestration.quarters import in_period
from orchestration.returns.receipts import RETURNED
from orchestration.statements import Connection, one_file
from orchestration.warehouse.attached import WarehouseStale

SOURCE = {".py", ".sql", ".yml", ".md", ".html", ".css", ".csv", ".toml"}

KINDS = {".csv", ".ods", ".txt", ".xls", ".xlsm", ".xlsx", ".zip"}

# of the inputs of a period, those that a manifest has under their own name
COMPARED = ("submissions", "readings", "recorded_crime", "cancelled_by", "seeds")


@dataclass(frozen=True)
class Inputs:
    """Inputs of one period: `seeds` maps a path to its SHA-256; `readings` has count, last id and SHA-256;
    `recorded_crime` has the file of each release of it, with its date and SHA-256; `cancelled_by` has how many crimes
    of the period each return of a later quarter cancels.

    Out of the fingerprint are `last_of_chain`, the number and hash of the last reading in the ledger, of whatever
    quarter, `last_of_log`, those of the last entry of its log, `key`, the check value of the key that tokens are made with,
    and `beside`: what else the warehouse was built from, which may change a table of the period or may not.
    """

    period: str
    submissions: list[dict]
    readings: dict
    recorded_crime: list[dict]
    cancelled_by: list[dict]
    seeds: dict[str, str]
    code: str
    last_of_chain: dict
    last_of_log: dict
    key: str | None
    beside: dict[str, list[str]]

    @property
    def fingerprint(self) -> str:
        # the git commit stays out: a commit that changes neither source nor seeds makes no new figures
        parts = [self.period, *(getattr(self, name) for name in COMPARED), self.code]
        return hashlib.sha256(json.dumps(parts, sort_keys=True).encode()).hexdigest()

    @property
    def seeds_sha256(self) -> str:
        return hashlib.sha256(json.dumps(self.seeds, sort_keys=True).encode()).hexdigest()


def read(home: Home, period: str, connection: Connection) -> Inputs:
    """The inputs of `period`; `connection` has the warehouse attached, read-only, as `warehouse`.

    Raises WarehouseStale when a submission or reading came in after the warehouse was built.
    """
    quarters = in_period(period)
    current, (last_of_chain, last_of_log), others = _ledger(home, quarters)
    _refuse_stale(connection, quarters, current, last_of_chain["reading_id"])
    readings_read = _readings(home, quarters, connection)
    return Inputs(
        period,
        current,
        readings_read,
        _recorded_crime(quarters, connection),
        _cancelled_by(quarters, connection),
        seed_hashes(),
        code_hash(),
        last_of_chain,
        last_of_log,
        keys.check_value(home),
        {"returns": others, "recorded_crime": _every_recorded_crime(connection)},
    )


def _ledger(home: Home, quarters: list[str]) -> tuple[list[dict], list[dict], list[str]]:
    """The current submission, with its files, of each force-quarter; the last reading and the last entry of the log there
    are; and, in words, every other submission, of whatever quarter: replaced, refused, or beside the period."""
    from sqlalchemy import select

    with ledger_of(home) as engine, engine.connect() as ledger:
        columns = submissions.c
        rows = ledger.execute(
            select(columns.force, columns.quarter, columns.submission, columns.status)
            .where(columns.quarter.in_(quarters), columns.status.in_(RETURNED))
            .order_by(columns.quarter, columns.force, columns.submission)
        )
        latest = {(row.force, row.quarter): dict(row._mapping) | {"files": []} for row in rows}
        counted = {(*key, row["submission"]) for key, row in latest.items()}
        every = ledger.execute(
            select(columns.force, columns.quarter, columns.submission, columns.status).order_by(
                columns.quarter, columns.force, columns.submission
            )
        )
        others = [
            f"{row.force} {row.quarter} submission {row.submission}, {row.status}"
            for row in every
            if tuple(row[:3]) not in counted
        ]
        received = submission_files.c
        for row in ledger.execute(
            select(submission_files)
            .where(received.quarter.in_(quarters))
            .order_by(received.file, received.sha256)
        ):
            submission = latest.get((row.force, row.quarter))
            if submission and submission["submission"] == row.submission:
                name = file_told(row.file, row.sha256)
                file = {"file": name, "sha256": row.sha256, "bytes": row.bytes}
                submission["files"].append(file)
        ends = [chain.head(ledger, table) for table in (readings, log_entries)]
    return list(latest.values()), ends, others


def erased_before(home: Home, quarters: list[str]) -> list[dict]:
    """What had been erased by law of the force-quarters of a release before it was made: number, force, quarter."""
    with ledger_of(home) as engine:
        return [
            {"erasure": row["erasure"], "force": force, "quarter": quarter}
            for row in erasures.read(engine)
            for force, quarter, _ in row["plan"].get("submissions", [])
            if quarter in quarters
        ]


def erased_since(engine: Engine, head: dict) -> list[dict]:
    """The erasures of records that a release was made from, after it was made. `head` is its manifest."""
    before = {row["erasure"] for row in head.get("erased", [])}
    made_from = {(row["force"], row["quarter"]) for row in head["submissions"]}
    return [
        row
        for row in erasures.read(engine)
        if row["erasure"] not in before
        and {(force, quarter) for force, quarter, _ in row["plan"].get("submissions", [])} & made_from
    ]


def file_told(name: str, sha256: str) -> str:
    """What a release calls a file: by its content. The name that a force gave it may be a person's."""
    kind = PurePosixPath(name).suffix.lower()
    return sha256[:12] + (kind if kind in KINDS else "")


def _refuse_stale(
    connection: Connection, quarters: list[str], current: list[dict], last_reading: int
) -> None:
    """Warehouse and ledger must hold the same returns and readings, or the manifest names the wrong ones."""
    built = connection.execute(
        "select force, quarter, submission from warehouse.quality.returns "
        "where quarter in (select unnest(?)) and status in (select unnest(?))",
        [quarters, list(RETURNED)],
    ).fetchall()
    received = {(row["force"], row["quarter"], row["submission"]) for row in current}
    if differ := sorted(received ^ set(built)):
        force, quarter, submission = differ[0]
        raise WarehouseStale(
            f"{len(differ)} submissions differ between ledger and warehouse (first: {force} {quarter} "
            f"submission {submission}): build the warehouse again (cpai run {quarter}), then publish"
        )
    (built_to,) = connection.execute(
        "select coalesce(max(reading_id), 0) from warehouse.intermediate.int_readings"
    ).fetchone()
    if built_to != last_reading:
        raise WarehouseStale(
            f"the ledger has readings up to {last_reading}, the warehouse up to {built_to}: "
            f"build the warehouse again (cpai run {quarters[-1]}), then publish"
        )


def _readings(home: Home, quarters: list[str], connection: Connection) -> dict:
    """Readings of the period's candidates; a reading for another quarter does not make a new release."""
    file = home.raw / "readings.parquet"
    if not file.exists():
        return {"count": 0, "last_reading_id": None, "sha256": None}
    count, last, digest = connection.execute(
        """
        select
            count(*),
            max(readings.reading_id),
            sha256(string_agg(to_json(readings)::varchar, chr(10) order by readings.reading_id))
        from read_parquet(?, hive_partitioning = false) as readings
        where (readings.force, readings.crime_reference) in (
            select (force, crime_reference)
            from warehouse.cocad.cocad_candidates
            where quarter in (select unnest(?))
        )
        """,
        [one_file(file), quarters],
    ).fetchone()
    return {"count": count, "last_reading_id": last, "sha256": digest}


def _recorded_crime(quarters: list[str], connection: Connection) -> list[dict]:
    """The releases that the warehouse compares the period with; one for other quarters makes no new release."""
    rows = connection.execute(
        "select distinct published_on, file, file_sha256 from warehouse.intermediate.int_police_recorded_crime "
        "where quarter in (select unnest(?)) order by all",
        [quarters],
    ).fetchall()
    return [
        {"published_on": published_on, "file": file_told(file, sha256), "sha256": sha256}
        for published_on, file, sha256 in rows
    ]


def _every_recorded_crime(connection: Connection) -> list[str]:
    rows = connection.execute(
        "select distinct published_on, file, file_sha256 from warehouse.intermediate.int_police_recorded_crime order by all"
    ).fetchall()
    return [f"{file_told(file, sha256)} of {published_on}, {sha256}" for published_on, file, sha256 in rows]


def _cancelled_by(quarters: list[str], connection: Connection) -> list[dict]:
    """The returns of later quarters that cancel crimes counted in these, and how many: they lower quarters long closed."""
    rows = connection.execute(
        """
        with cancelled as (
            select force, quarter, crime_reference
            from warehouse.cpai.cpai_classified_crimes
            where quarter in (select unnest(?))
                and exclusion_reason = 'cancelled' and exclusion_reason_as_sent is null
        ),
        by_return as (
            select
                cancelled.force, cancelled.quarter, cancelled.crime_reference,
                max(later.quarter) as by_quarter,
                max_by(later.submission, later.quarter) as by_submission
            from cancelled
            inner join warehouse.cpai.cpai_classified_crimes as later
                on cancelled.force = later.force
                and cancelled.crime_reference = later.crime_reference
                and cancelled.quarter < later.quarter
            where later.status = 'cancelled'
            group by cancelled.force, cancelled.quarter, cancelled.crime_reference
        )
        select force, quarter, by_quarter, by_submission, count(*) as crimes
        from by_return
        group by all
        order by all
        """,
        [quarters],
    ).fetchall()
    names = ("force", "quarter", "by_quarter", "by_submission", "crimes")
    return [dict(zip(names, row, strict=True)) for row in rows]


def cancellation(row: dict) -> str:
    """A row of `cancelled_by` as a sentence."""
    return (
        f"{row['force']} {row['by_quarter']} submission {row['by_submission']} cancels {row['crimes']:,} "
        f"crime{'s' if row['crimes'] > 1 else ''} of {row['quarter']}"
    )


def seed_hashes() -> dict[str, str]:
    """SHA-256 of every seed by its path below seeds/."""
    return {
        name: hashlib.sha256(file.read_bytes()).hexdigest()
        for name, file in files_below(SEEDS)
        if file.suffix == ".csv"
    }


def code_hash() -> str:
    """SHA-256 over the source of the dbt project, the orchestration and the expectations."""
    expectations = Path(import_module("expectations").__path__[0])
    digest = hashlib.sha256()
    for folder in (DBT_PROJECT, PACKAGE, expectations):
        for name, file in files_below(folder):
            built = {"target", "logs", "__pycache__", "project"} & set(name.split("/")[:-1])
            if file.suffix in SOURCE and not built:
                digest.update(f"{folder.name}/{name}".encode())
                digest.update(hashlib.sha256(file.read_bytes()).digest())
    return digest.hexdigest()


def git_commit() -> str | None:
    """The commit of the checkout, `+changes` when files differ from it; that of a wheel; None where neither is known."""
    if not (PROJECT / ".git").exists():
        made_from = PACKAGE / "commit"
        return made_from.read_text().strip() if made_from.exists() else None
    git = ["git", "-C", str(PROJECT)]
    try:
        head = subprocess.run([*git, "rev-parse", "HEAD"], capture_output=True, text=True, check=True)  # noqa: S603
        status = subprocess.run(  # noqa: S603
            [*git, "status", "--porcelain", "--untracked-files=no"],
            capture_output=True,
            text=True,
            check=True,
        )
    except (OSError, subprocess.CalledProcessError):
        return None
    return head.stdout.strip() + ("+changes" if status.stdout.strip() else "")
