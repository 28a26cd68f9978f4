"""What the ledger promises, on SQLite and on PostgreSQL: numbering, append-only, revisions."""

import sqlite3
import subprocess
import sys
import threading
from pathlib import Path

import pyarrow.parquet as pq
import pytest
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import inspect
from sqlalchemy.exc import IntegrityError

from orchestration.home import PROJECT
from orchestration.ledger import chain, erasures, evidence, log, migrations, snapshots, tables
from orchestration.ledger.chain import add_readings, read_readings
from orchestration.ledger.opening import LedgerNewer, open_ledger
from orchestration.ledger.receipts import (
    read_raw_files,
    read_recorded_crime,
    read_submissions,
    record_raw_files,
    record_recorded_crime,
    record_submission,
)
from orchestration.ledger.transactions import now

MAKE = migrations.upgrade
BEFORE_REVISIONS = Path(__file__).with_name("ledger_before_revisions.sql")
APPEND_ONLY = [
    tables.submissions,
    tables.submission_files,
    tables.submission_folders,
    tables.raw_files,
    tables.recorded_crime_releases,
    tables.explanations,
    tables.readings,
    tables.items,
    tables.reading_slots,
    tables.reading_events,
    tables.pauses,
    tables.log_entries,
    tables.erasures,
    tables.erasure_ends,
    tables.erased,
    tables.evidence,
    tables.signers,
    tables.waiver_signatures,
]

OF_THE_DESK = [
    (
        tables.items,
        {
            "item": 1,
            "force": "kent",
            "quarter": "2023-Q1",
            "crime_reference": "46/1/23",
            "version": "1",
            "reason": "suspect_rows",
            "drawn": False,
            "created_at": "now",
        },
    ),
    (
        tables.reading_slots,
        {"slot": 1, "item": 1, "role": "first", "round": 1, "because": "candidate", "opened_at": "now"},
    ),
    (tables.reading_events, {"event": 1, "item": 1, "kind": "retired", "at": "now"}),
    (tables.pauses, {"reader": "reader-01", "paused": True, "at": "now"}),
]
READING = {
    "force": "kent",
    "crime_reference": "46/1/23",
    "version": "1",
    "role": "first",
    "reason": "a reason",
}


@pytest.fixture(autouse=True)
def each_ledger_is_made(monkeypatch):
    """Not the copy that serves the other tests: how a ledger is made is what is asked here."""
    monkeypatch.setattr(migrations, "upgrade", MAKE)


@pytest.fixture(params=["sqlite", "postgresql"])
def engine(request, home):
    if request.param == "postgresql":
        request.getfixturevalue("postgresql_ledger")
    engine = open_ledger(home)
    yield engine
    engine.dispose()


def submission(number, fingerprint, **cells):
    return {
        "force": "kent",
        "quarter": "2023-Q1",
        "submission": number,
        "delivered_as": "kent",
        "layout": "athena",
        "status": "refused",
        "received_at": now(),
        "fingerprint": fingerprint,
        "reasons": ["One.", "Two."],
        **cells,
    }


def test_a_number_is_given_once(engine):
    with engine.begin() as connection:
        record_submission(connection, submission(1, "a", folder="2"), [("x.csv", "sha", 3)])
    with pytest.raises(IntegrityError), engine.begin() as connection:
        record_submission(connection, submission(1, "b"), [])
    (row,) = read_submissions(engine, "2023-Q1")
    assert (row["submission"], row["crimes"], row["reasons"], row["folder"]) == (1, 0, ["One.", "Two."], "2")


def test_the_same_bytes_may_be_sent_again(engine):
    with engine.begin() as connection:
        for number, folder in ((1, ""), (2, "3")):
            record_submission(connection, submission(number, "a", folder=folder), [])
    assert [row["folder"] for row in read_submissions(engine)] == ["", "3"]


def test_of_a_raw_file_made_again_the_newest_hash_counts(engine):
    with engine.begin() as connection:
        record_submission(connection, submission(1, "a"), [], raw=[("crimes/a", "1"), ("victims/a", "2")])
        record_raw_files(connection, submission(1, "a"), [("crimes/a", "3")])
    assert read_raw_files(engine) == {("kent", "2023-Q1", 1): {"crimes/a": "3", "victims/a": "2"}}


def test_of_a_release_of_recorded_crime_the_newest_reading_counts(engine):
    for read in (("raw.1", "1"), ("raw.2", "2"), ()):
        record_recorded_crime(engine, "2024-01-25", "prc.xlsx", "sha", *read)
        record_recorded_crime(engine, "2024-04-25", "later.xlsx", "other", "raw.3", "3")
        found = {
            row.published_on: (row.raw_file, row.raw_sha256) for row in read_recorded_crime(engine).values()
        }
        assert found == {"2024-01-25": read or ("", ""), "2024-04-25": ("raw.3", "3")}


def test_a_status_that_is_derived_is_not_stored(engine):
    with pytest.raises(IntegrityError), engine.begin() as connection:
        record_submission(connection, submission(1, "a", status="superseded"), [])


@pytest.mark.parametrize("table", APPEND_ONLY, ids=str)
def test_what_is_written_stays(engine, table):
    explained = [{"record_number": 1, "rule": "CR13", "crime_reference": "46/1/23", "explanation": "So."}]
    with engine.begin() as connection:
        row = submission(1, "a", folder="")
        record_submission(connection, row, [("x.csv", "sha", 3)], explained, [("crimes/a", "sha")])
        for desk_table, row in OF_THE_DESK:
            connection.execute(desk_table.insert(), row)
    add_readings(engine, [READING])
    record_recorded_crime(engine, "2024-01-25", "prc.xlsx", "sha", "raw", "sha")
    log.note(engine, "collection", "submission received", {"force": "kent"})
    erased = dict.fromkeys(("identity", "at", "who", "authority", "reason", "text", "mark", "digest"), "x")
    with engine.begin() as connection:
        chain.append(connection, [{**erased, "kind": "crime", "plan": "{}"}], tables.erasures)
        erasures.note_erased(
            connection, 1, [{"place": "p", "name": "n", "was": "w", "is_now": None, "many": 1}]
        )
        erasures.end(connection, 1, {})
        signer = {"person": "a", "role": "analyst", "valid_from": "now", "changed_by": "a"}
        evidence.insert_rows(connection, tables.signers, [signer])
        signed = ["rule", "force", "quarter", "row_sha256", "person", "keyid", "signed_at", "envelope"]
        evidence.insert_rows(connection, tables.waiver_signatures, [dict.fromkeys(signed, "x")])
    for statement in (table.delete(), table.update().values({list(table.columns)[-1].name: None})):
        with pytest.raises(IntegrityError, match="append-only"), engine.begin() as connection:
            connection.execute(statement)


def test_a_reading_is_appended_once_and_the_first_stands(engine):
    assert add_readings(engine, [READING, {**READING, "role": "second"}]) == 2
    assert add_readings(engine, [{**READING, "reason": "another"}, {**READING, "version": "2"}]) == 1
    found = read_readings(engine, "kent")
    assert [(row["version"], row["role"], row["reason"]) for row in found] == [
        ("1", "first", "a reason"),
        ("1", "second", "a reason"),
        ("2", "first", "a reason"),
    ]
    assert read_readings(engine, "essex") == []
    assert add_readings(engine, []) == 0


def test_an_error_does_not_carry_what_was_to_be_written(engine):
    add_readings(engine, [READING])
    with pytest.raises(IntegrityError) as problem, engine.begin() as connection:
        connection.execute(tables.readings.insert(), {**READING, "imported_at": "now"})
    assert "a reason" not in str(problem.value)


def test_the_snapshot_is_what_dbt_reads(engine, home):
    add_readings(engine, [{**READING, "offenders_read": 3}])
    snapshots.write(engine, home)
    table = pq.read_table(home.raw / "readings.parquet")
    hashes = {"previous_hash", "hash"}
    assert set(table.schema.names) == {column.name for column in tables.readings.columns} - hashes
    assert str(table.schema.field("reading_id").type) == "int64"
    assert table.to_pylist()[0]["offenders_read"] == 3


def test_the_tables_are_those_of_the_newest_revision(engine):
    with engine.connect() as connection:
        context = MigrationContext.configure(connection)
        assert compare_metadata(context, tables.metadata) == []
        assert context.get_current_revision() == tables.HEAD
    config = Config()
    config.set_main_option("script_location", str(Path(migrations.__file__).parent))
    assert ScriptDirectory.from_config(config).get_heads() == [tables.HEAD]


def test_a_ledger_from_before_revisions_is_brought_up_to_date(home):
    home.root.mkdir()
    with sqlite3.connect(home.root / "ledger.db") as before:
        before.executescript(BEFORE_REVISIONS.read_text())
    before.close()
    engine = open_ledger(home)
    (row,) = read_submissions(engine)
    assert (row["received_at"], row["crimes"], row["said"]) == ("2023-04-03T09:00:00+00:00", 3, None)
    assert len(read_readings(engine)) == 1
    with engine.begin() as connection:
        assert compare_metadata(MigrationContext.configure(connection), tables.metadata) == []
        assert connection.exec_driver_sql("pragma foreign_key_check").all() == []
        record_submission(connection, submission(2, "b", status="missing"), [])
    for table in APPEND_ONLY:
        triggers = f"select count(*) from sqlite_master where type = 'trigger' and tbl_name = '{table.name}'"
        with engine.connect() as connection:
            assert connection.exec_driver_sql(triggers).scalar() == 2


def test_an_upgrade_that_fails_leaves_the_ledger_as_it_was(home, monkeypatch):
    home.root.mkdir()
    with sqlite3.connect(home.root / "ledger.db") as before:
        before.executescript(BEFORE_REVISIONS.read_text())
    before.close()
    op = __import__("alembic.op", fromlist=["op"])
    monkeypatch.setattr(op, "create_table", lambda *_, **__: (_ for _ in ()).throw(OSError("disk full")))
    with pytest.raises(OSError):
        open_ledger(home)
    monkeypatch.undo()
    with sqlite3.connect(home.root / "ledger.db") as connection:
        tables = {
            name for (name,) in connection.execute("select name from sqlite_master where type = 'table'")
        }
    assert tables == {"submissions", "submission_files", "readings", "releases"}
    assert len(read_submissions(open_ledger(home))) == 1


def test_a_ledger_of_a_newer_version_is_not_written(engine, home):
    with engine.begin() as connection:
        connection.exec_driver_sql("update alembic_version set version_num = '9999'")
    with pytest.raises(LedgerNewer, match="9999"):
        open_ledger(home)


def test_two_first_runs_at_once_make_one_ledger(engine, home):
    names = inspect(engine).get_table_names()
    tables.metadata.drop_all(engine)
    with engine.begin() as connection:
        connection.exec_driver_sql("drop table alembic_version")
    if engine.dialect.name == "postgresql":
        with engine.begin() as connection:
            connection.exec_driver_sql("drop function ledger_is_append_only")
    (home.root / "home.json").unlink()
    problems = []

    def first_run():
        try:
            open_ledger(home).dispose()
        except Exception as problem:
            problems.append(problem)

    threads = [threading.Thread(target=first_run) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert problems == []
    assert set(inspect(engine).get_table_names()) == set(names)


def test_postgresql_does_not_let_a_table_be_emptied(postgresql_ledger, home):
    engine = open_ledger(home)
    for table in APPEND_ONLY:
        with pytest.raises(IntegrityError, match="append-only"), engine.begin() as connection:
            connection.exec_driver_sql(f"truncate {table.name} cascade")
    engine.dispose()


def test_another_ledger_by_its_url(home, monkeypatch, tmp_path):
    monkeypatch.setenv("CPAI_LEDGER_URL", f"sqlite:///{tmp_path / 'other.db'}")
    open_ledger(home).dispose()
    assert (tmp_path / "other.db").exists() and not (home.root / "ledger.db").exists()


def test_nothing_heavy_is_imported():
    heavy = "{'pandas', 'pyarrow', 'duckdb', 'numpy', 'dagster', 'alembic'}"
    code = f"import sys, orchestration.ledger; print(sorted({heavy} & set(sys.modules)))"
    assert (
        subprocess.run(
            [sys.executable, "-c", code], capture_output=True, text=True, cwd=PROJECT
        ).stdout.strip()
        == "[]"
    )
