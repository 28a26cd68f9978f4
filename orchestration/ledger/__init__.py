"""The ledger: receipts, readings and releases, for ever. SQLite, or PostgreSQL by CPAI_LEDGER_URL.

The tables below are what the newest revision in `migrations/` makes; a test compares them. Nothing heavy is
imported here: `cpai status` reads the ledger and has to answer within a second.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from sqlalchemy import (
    BigInteger,
    Boolean,
    CheckConstraint,
    Column,
    Connection,
    Engine,
    Executable,
    ForeignKey,
    ForeignKeyConstraint,
    Index,
    Integer,
    MetaData,
    Subquery,
    Table,
    Text,
    UniqueConstraint,
    and_,
    create_engine,
    event,
    insert,
    inspect,
    literal_column,
    make_url,
    or_,
    select,
)
from sqlalchemy.exc import DatabaseError

if TYPE_CHECKING:
    import pyarrow as pa

    from orchestration.home import Home
from orchestration.stopping import Stopped

HEAD = "0007"  # the newest revision in migrations/versions
metadata = MetaData()

# Stored as decided on arrival. `superseded` and `accepted_with_rejections` follow from later submissions and
# from staging: stored here they would have to be changed, and a receipt never is.
# `missing`: the force says so itself. `said`: the name and date in its NIL or MISSING file, for `cpai status` alone.
submissions = Table(
    "submissions",
    metadata,
    Column("force", Text, primary_key=True),
    Column("quarter", Text, primary_key=True),
    Column("submission", Integer, primary_key=True, autoincrement=False),
    Column("delivered_as", Text, nullable=False),
    Column("layout", Text),
    Column("status", Text, nullable=False),
    Column("received_at", Text, nullable=False),
    Column("fingerprint", Text, nullable=False),
    Column("crimes", Integer, nullable=False, default=0),
    Column("victims", Integer, nullable=False, default=0),
    Column("suspects", Integer, nullable=False, default=0),
    Column("reasons", Text, nullable=False, default="[]"),
    Column("said", Text),
    CheckConstraint("status in ('accepted', 'refused', 'nil', 'missing')", name="submission_status"),
)

submission_files = Table(
    "submission_files",
    metadata,
    Column("force", Text, primary_key=True),
    Column("quarter", Text, primary_key=True),
    Column("submission", Integer, primary_key=True, autoincrement=False),
    Column("file", Text, primary_key=True),
    Column("sha256", Text, nullable=False),
    Column("bytes", BigInteger, nullable=False),
    ForeignKeyConstraint(
        ["force", "quarter", "submission"],
        [submissions.c.force, submissions.c.quarter, submissions.c.submission],
    ),
)

# Where in landing/<quarter>/<delivered_as>/ a submission came: blank for that folder itself. The same bytes in another
# folder are another act: a return sent again after a mistaken one. None for what came before this was kept, until it
# is next looked at.
submission_folders = Table(
    "submission_folders",
    metadata,
    Column("force", Text, primary_key=True),
    Column("quarter", Text, primary_key=True),
    Column("submission", Integer, primary_key=True, autoincrement=False),
    Column("folder", Text, nullable=False),
    ForeignKeyConstraint(
        ["force", "quarter", "submission"],
        [submissions.c.force, submissions.c.quarter, submissions.c.submission],
    ),
)

# The raw files of each submission (path in raw/) as they were written. Of a file that was made again the newest counts.
raw_files = Table(
    "raw_files",
    metadata,
    Column("raw_file", Integer, primary_key=True),
    Column("force", Text, nullable=False),
    Column("quarter", Text, nullable=False),
    Column("submission", Integer, nullable=False),
    Column("file", Text, nullable=False),
    Column("sha256", Text, nullable=False),
    Column("made_at", Text, nullable=False),
    ForeignKeyConstraint(
        ["force", "quarter", "submission"],
        [submissions.c.force, submissions.c.quarter, submissions.c.submission],
    ),
    Index("raw_files_of", "force", "quarter", "submission"),
)

# What a force says about findings of an earlier submission. Free text, which may name a person: here and in the
# force's own return pack, nowhere else.
explanations = Table(
    "explanations",
    metadata,
    Column("force", Text, primary_key=True),
    Column("quarter", Text, primary_key=True),
    Column("submission", Integer, primary_key=True, autoincrement=False),
    Column("record_number", Integer, primary_key=True, autoincrement=False),
    Column("rule", Text, nullable=False),
    Column("crime_reference", Text),
    Column("explanation", Text, nullable=False),
    ForeignKeyConstraint(
        ["force", "quarter", "submission"],
        [submissions.c.force, submissions.c.quarter, submissions.c.submission],
    ),
)

readings = Table(
    "readings",
    metadata,
    Column("reading_id", Integer, primary_key=True),
    Column("force", Text, nullable=False),
    Column("crime_reference", Text, nullable=False),
    Column("version", Text, nullable=False),
    Column("role", Text, nullable=False),
    Column("reader", Text),
    Column("read_at", Text),
    Column("group_based", Text),
    Column("network_definition", Text),
    Column("offenders_read", Integer),
    Column("criterion", Text),
    Column("runner_up", Text),
    Column("committed_by_children", Text),
    Column("confidence", Text),
    Column("reason", Text),
    Column("imported_at", Text, nullable=False),
    Column("source_file", Text),
    Column("facilitator_present", Text),
    Column("decided_by", Text),
    Column("codebook", Text),
    Column("scheme", Text),
    Column("started_at", Text),
    Column("slot", Integer),
    Column("round", Integer, nullable=False, server_default="1"),
    Column("corrects", Integer),
    Column("previous_hash", Text),
    Column("hash", Text),
    # the rules of the codebook that it goes against and was kept against, by semicolons
    Column("checks", Text),
    UniqueConstraint("corrects", name="reading_corrected_once"),
    # two readings after one and the same would be two histories
    UniqueConstraint("previous_hash", name="reading_chain"),
)
_key = [readings.c[name] for name in ("force", "crime_reference", "version", "role", "round")]
# a gold item is read by everyone, once each
for _name, _columns, _of in (
    ("reading_once", _key, readings.c.role != literal_column("'gold'")),
    ("gold_reading_once", [*_key, readings.c.reader], readings.c.role == literal_column("'gold'")),
):
    _where = and_(readings.c.corrects.is_(None), _of)
    Index(_name, *_columns, unique=True, sqlite_where=_where, postgresql_where=_where)
Index("reading_of_slot", readings.c.slot)
Index("reading_by", readings.c.reader, readings.c.imported_at)

# An item is a candidate at a version: what a reader judges. A slot is one reading due of it; a round is a reading
# from the start, the second after a record said more about a crime that was settled as unknown.
items = Table(
    "items",
    metadata,
    Column("item", Integer, primary_key=True, autoincrement=False),
    Column("force", Text, nullable=False),
    Column("quarter", Text, nullable=False),
    Column("crime_reference", Text, nullable=False),
    Column("version", Text, nullable=False),
    Column("reason", Text, nullable=False),
    Column("drawn", Boolean, nullable=False),
    Column("created_at", Text, nullable=False),
    UniqueConstraint("force", "crime_reference", "version", "quarter", name="item_once"),
)

reading_slots = Table(
    "reading_slots",
    metadata,
    Column("slot", Integer, primary_key=True, autoincrement=False),
    Column("item", Integer, ForeignKey("items.item"), nullable=False),
    Column("role", Text, nullable=False),
    Column("round", Integer, nullable=False),
    Column("because", Text, nullable=False),
    Column("opened_at", Text, nullable=False),
    CheckConstraint("role in ('first', 'second', 'adjudicator')", name="slot_role"),
    UniqueConstraint("item", "role", "round", name="slot_once"),
)

reading_events = Table(
    "reading_events",
    metadata,
    Column("event", Integer, primary_key=True, autoincrement=False),
    Column("item", Integer, ForeignKey("items.item"), nullable=False),
    Column("kind", Text, nullable=False),
    Column("at", Text, nullable=False),
    # names of fields, never what stood in them
    Column("fields", Text),
    CheckConstraint(
        "kind in ('carried_forward', 'changed_elsewhere', 'requeued', 'replaced', 'retired', 'returned')",
        name="event_kind",
    ),
    Index("event_of_item", "item"),
)

# A reader's break, and its end. The newest row of a reader counts.
pauses = Table(
    "pauses",
    metadata,
    Column("pause", Integer, primary_key=True),
    Column("reader", Text, nullable=False),
    Column("paused", Boolean, nullable=False),
    Column("at", Text, nullable=False),
    Index("pauses_by", "reader", "pause"),
)

# The gold items that a reader was given among their cases, one row each: nobody else waits for it, so that it is held
# here and not on the worklist.
gold_slots = Table(
    "gold_slots",
    metadata,
    Column("slot", Integer, primary_key=True, autoincrement=False),
    Column("item", Integer, ForeignKey("items.item"), nullable=False),
    Column("reader", Text, nullable=False),
    Column("opened_at", Text, nullable=False),
    Column("held_at", Text),
    Column("held_until", Text),
    UniqueConstraint("item", "reader", name="gold_once"),
)

# Where each item stands now and who holds its open slot. It changes, as gold_slots does: it follows from the
# others (orchestration/readings/worklist.py makes it), and a case is found in it without looking through them.
worklist = Table(
    "worklist",
    metadata,
    Column("item", Integer, ForeignKey("items.item"), primary_key=True, autoincrement=False),
    Column("force", Text, nullable=False),
    Column("quarter", Text, nullable=False),
    Column("crime_reference", Text, nullable=False),
    Column("version", Text, nullable=False),
    Column("round", Integer, nullable=False),
    Column("state", Text, nullable=False),
    Column("slot", Integer),
    Column("submission", Integer),
    Column("details", Text),
    Column("held_by", Text),
    Column("held_at", Text),
    Column("held_until", Text),
    CheckConstraint(
        "state in ('first', 'second', 'adjudicator', 'settled', 'replaced', 'retired')", name="item_state"
    ),
    Index("worklist_next", "state", "quarter", "item"),
    Index("worklist_held", "held_by"),
    Index("worklist_slot", "slot"),
    Index("worklist_crime", "force", "crime_reference"),
)

# the cases of a quarter that the worklist was last made from
worklist_quarters = Table(
    "worklist_quarters",
    metadata,
    Column("quarter", Text, primary_key=True),
    Column("fingerprint", Text, nullable=False),
)

releases = Table(
    "releases",
    metadata,
    Column("release", Text, primary_key=True),
    Column("period", Text, nullable=False),
    Column("created_at", Text, nullable=False),
    Column("fingerprint", Text, nullable=False),
    Column("manifest_sha256", Text, nullable=False),
    Column("live", Boolean, nullable=False, default=False),
)

# The reading room's users: each change is a row, and the newest counts. `roles` by spaces; the hash is argon2's, blank
# for who comes in by single sign-on alone.
users = Table(
    "users",
    metadata,
    Column("change", Integer, primary_key=True),
    Column("username", Text, nullable=False),
    Column("roles", Text, nullable=False),
    Column("password_hash", Text, nullable=False),
    Column("active", Boolean, nullable=False),
    Column("changed_at", Text, nullable=False),
    Column("changed_by", Text, nullable=False),
    Index("users_by_name", "username"),
)

# `ends`: the sign-in that an `out` ends.
sign_ins = Table(
    "sign_ins",
    metadata,
    Column("sign_in", Integer, primary_key=True),
    Column("username", Text, nullable=False),
    Column("at", Text, nullable=False),
    Column("outcome", Text, nullable=False),
    Column("address", Text, nullable=False),
    Column("ends", Integer),
    CheckConstraint("outcome in ('in', 'refused', 'locked', 'out')", name="sign_in_outcome"),
    Index("sign_ins_by_name", "username", "at"),
)

# Who was shown which case, when, on which page; never what it says.
case_views = Table(
    "case_views",
    metadata,
    Column("view", Integer, primary_key=True),
    Column("username", Text, nullable=False),
    Column("at", Text, nullable=False),
    Column("page", Text, nullable=False),
    Column("slot", Integer),
    Column("item", Integer),
)


class LedgerNewer(Stopped, RuntimeError):
    """The ledger was written by a newer version of this project than the one running."""


def open_ledger(home: Home) -> Engine:
    """The ledger of a home, made or brought up to date where it is behind. The caller may `dispose()` of it.

    Raises LedgerNewer where it is ahead of the code: an older version would write receipts without what it lacks.
    """
    url = make_url(home.ledger_url)
    if url.get_backend_name() == "sqlite":
        home.root.mkdir(parents=True, exist_ok=True)
    # hidden: an error message would carry the text of a reading or a receipt into logs
    # 20: each reader in the room has a connection for the length of a page, and a new one costs PostgreSQL a process
    engine = create_engine(url, hide_parameters=True, pool_size=20)
    if url.get_backend_name() == "sqlite":
        event.listen(engine, "connect", _sqlite_settings)
    try:
        with engine.connect() as connection:
            revision = _revision(connection)
    except DatabaseError as problem:
        engine.dispose()
        if "not a database" in str(problem) or "malformed" in str(problem):
            raise Stopped(f"the ledger {url.database} is damaged: restore it from a backup") from None
        raise
    if revision > HEAD:
        engine.dispose()
        raise LedgerNewer(
            f"the ledger is of revision {revision}, this version of cpai knows {HEAD}: install the newer version"
        )
    if revision < HEAD:
        # Alembic takes 0.2 s to import: only where there is something to do
        from orchestration.ledger.migrations import upgrade

        upgrade(url)
    return engine


def _revision(connection: Connection) -> str:
    """The revision of a ledger; blank for one that was made before revisions were kept, or is not made yet."""
    if not inspect(connection).has_table("alembic_version"):
        return ""
    return connection.exec_driver_sql("select version_num from alembic_version").scalar() or ""


def _sqlite_settings(connection: Any, _record: Any) -> None:
    # WAL: `cpai status` reads while a run writes. 30 s: a quarter's receipts are written one by one, each in
    # milliseconds, so a writer that waits longer than that is stuck and should say so.
    # 64 MB of pages: with SQLite's 2 a file of 93,000 readings took 18 s of processor time, and 14 with these.
    for pragma in ("foreign_keys=on", "busy_timeout=30000", "journal_mode=wal", "cache_size=-65536"):
        connection.execute(f"pragma {pragma}")


def now() -> str:
    """This moment in UTC as ISO text, to the second."""
    return datetime.now(UTC).isoformat(timespec="seconds")


def received_as(connection: Connection, digests: Iterable[str]) -> list[Any]:
    """The submissions that stand and hold a file of these SHA-256: rows of force, quarter, submission, delivered_as and
    sha256. One that was replaced was a mistake corrected: it keeps nobody from sending the file where it belongs.
    """
    later = submissions.alias()
    replaced = (
        select(later.c.submission)
        .where(
            later.c.force == submissions.c.force,
            later.c.quarter == submissions.c.quarter,
            later.c.submission > submissions.c.submission,
            later.c.status.in_(("accepted", "nil")),
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
    key = {name: submission[name] for name in ("force", "quarter", "submission")}
    cells = {**submission, "reasons": json.dumps(submission["reasons"], ensure_ascii=False)}
    folder = cells.pop("folder", None)
    connection.execute(insert(submissions), cells)
    for table, rows in (
        (
            submission_files,
            [{**key, "file": name, "sha256": sha256, "bytes": size} for name, sha256, size in files],
        ),
        (explanations, [{**key, **row} for row in explained]),
        (submission_folders, [{**key, "folder": folder}] if folder is not None else []),
    ):
        if rows:
            connection.execute(insert(table), rows)
    record_raw_files(connection, key, raw)


def record_folder(connection: Connection, submission: Mapping[str, Any], folder: str) -> None:
    """Say of a submission that was received before folders were kept which one it came in."""
    key = {name: submission[name] for name in ("force", "quarter", "submission")}
    connection.execute(insert(submission_folders), {**key, "folder": folder})


def record_raw_files(
    connection: Connection, submission: Mapping[str, Any], files: Iterable[tuple[str, str]]
) -> None:
    """Write down the raw files (path in raw/, sha256) of a submission as they now are."""
    key = {name: submission[name] for name in ("force", "quarter", "submission")}
    made_at = now()
    rows = [{**key, "file": file, "sha256": sha256, "made_at": made_at} for file, sha256 in files]
    if rows:
        connection.execute(insert(raw_files), rows)


def read_raw_files(engine: Engine) -> dict[tuple[str, str, int], dict[str, str]]:
    """(force, quarter, submission) -> path in raw/ -> SHA-256, as each was last written."""
    found: dict[tuple[str, str, int], dict[str, str]] = {}
    with engine.connect() as connection:
        for row in connection.execute(select(raw_files).order_by(raw_files.c.raw_file)):
            found.setdefault((row.force, row.quarter, row.submission), {})[row.file] = row.sha256
    return found


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


@contextmanager
def writing(engine: Engine) -> Iterator[Connection]:
    """A transaction that is the only one writing readings: one after the other, on both databases.

    SQLite would let two begin by reading and then refuse the second's first write, however long it waits.
    """
    with engine.connect() as connection, connection.begin():
        if engine.dialect.name == "sqlite":
            connection.exec_driver_sql("begin immediate")
        else:
            connection.exec_driver_sql("select pg_advisory_xact_lock(4)")
        yield connection


def insert_many(connection: Connection, table: Table, rows: list[dict[str, Any]]) -> None:
    """Rows of the same cells, which may hold some of no column of the table."""
    if rows:
        names = [column.name for column in table.columns if column.name in rows[0]]
        execute_many(connection, insert(table), rows, names)


def execute_many(
    connection: Connection, statement: Executable, rows: list[dict[str, Any]], cells: list[str] | None = None
) -> None:
    """A statement for each row, its bound names among the row's cells; `cells`: the columns that an insert fills.

    By the driver: 75,000 rows take half the time that SQLAlchemy takes to look at each of them.
    """
    compiled = statement.compile(connection.engine, column_keys=cells)
    names = compiled.positiontup or list(compiled.params)
    if compiled.positional:
        values = [tuple([row[name] for name in names]) for row in rows]
    else:
        values = [{name: row[name] for name in names} for row in rows]
    connection.exec_driver_sql(str(compiled), values)


def add_readings(engine: Engine, rows: Iterable[Mapping[str, Any]]) -> int:
    """Append readings in one transaction; where a (force, crime, version, role, round) is there already, it stands.

    Returns how many were new. `imported_at` is filled in where a row has none.
    """
    from orchestration.readings.chain import append

    moment = now()
    with writing(engine) as connection:
        slot = [readings.c[name] for name in ("force", "crime_reference", "version", "role", "round")]
        known = {tuple(row) for row in connection.execute(select(*slot))}
        fresh = {}
        for row in rows:
            row = {**row, "imported_at": row.get("imported_at") or moment, "round": row.get("round") or 1}
            key = tuple(row[column.name] for column in slot)
            if key not in known:
                fresh.setdefault(key, row)
        return len(append(connection, fresh.values()))


def read_readings(engine: Engine, force: str | None = None) -> list[dict[str, Any]]:
    """Every reading (of one force) in the order it was imported."""
    statement = select(readings).order_by(readings.c.reading_id)
    if force:
        statement = statement.where(readings.c.force == force)
    with engine.connect() as connection:
        return [dict(row._mapping) for row in connection.execute(statement)]


def snapshot(engine: Engine, home: Home) -> None:
    """Write raw/submissions.parquet and raw/readings.parquet: what dbt sees of the ledger. One rename each.

    A file that already says the same is left alone, so that a run with nothing new changes nothing.
    """
    from orchestration.returns import raw

    for name, table in snapshots(engine):
        raw.write_if_changed(table, home.raw / f"{name}.parquet")


def snapshots(engine: Engine) -> Iterator[tuple[str, pa.Table]]:
    """Name and rows of each file of raw/ that holds what models read of the ledger."""
    from orchestration.returns import raw

    with engine.connect() as connection:
        for name, schema, table, key in (
            ("submissions", raw.submissions_schema(), submissions, submissions.primary_key.columns),
            ("readings", raw.readings_schema(), readings, readings.primary_key.columns),
            # a first reading is due of every candidate: only what is due beyond it needs saying
            ("reading_slots", raw.reading_slots_schema(), _further_slots(), ["slot"]),
        ):
            columns = [table.c[field.name] for field in schema]
            rows = connection.execute(select(*columns).order_by(*key)).all()
            yield name, _arrow(rows, schema)


def _further_slots() -> Subquery:
    return (
        select(reading_slots, items.c.force, items.c.quarter, items.c.crime_reference, items.c.version)
        .join(items)
        .where(or_(reading_slots.c.role != "first", reading_slots.c.round > 1))
        .subquery()
    )


def _arrow(rows: list[Any], schema: pa.Schema) -> pa.Table:
    import pyarrow as pa

    values = list(zip(*rows, strict=True)) if rows else [()] * len(schema)
    return pa.table(
        [pa.array(column, field.type) for column, field in zip(values, schema, strict=True)], schema=schema
    )
