import subprocess
import sys

import pyarrow.parquet as pq
import pytest
from sqlalchemy.exc import IntegrityError

from orchestration import ledger
from orchestration.home import PROJECT

READING = {
    "force": "kent",
    "crime_reference": "46/1/23",
    "version": "1",
    "role": "first",
    "reason": "a reason",
}


@pytest.fixture
def engine(home):
    return ledger.open_ledger(home)


def submission(number, fingerprint, **cells):
    return {
        "force": "kent",
        "quarter": "2023-Q1",
        "submission": number,
        "delivered_as": "kent",
        "layout": "athena",
        "status": "refused",
        "received_at": ledger.now(),
        "fingerprint": fingerprint,
        "reasons": ["One.", "Two."],
        **cells,
    }


def test_submissions_are_numbered_and_known_by_their_bytes(engine):
    with engine.begin() as connection:
        assert ledger.next_submission(connection, "kent", "2023-Q1") == 1
        ledger.record_submission(connection, submission(1, "a"), [("x.csv", "sha", 3)])
        assert ledger.next_submission(connection, "kent", "2023-Q1") == 2
        assert ledger.next_submission(connection, "kent", "2023-Q2") == 1
        assert ledger.submission_with(connection, "kent", "2023-Q1", "a")["reasons"] == ["One.", "Two."]
        assert ledger.submission_with(connection, "kent", "2023-Q1", "b") is None
    with pytest.raises(IntegrityError), engine.begin() as connection:
        ledger.record_submission(connection, submission(2, "a"), [])
    (row,) = ledger.read_submissions(engine, "2023-Q1")
    assert (row["submission"], row["crimes"], row["reasons"]) == (1, 0, ["One.", "Two."])


def test_a_status_that_is_derived_is_not_stored(engine):
    with pytest.raises(IntegrityError), engine.begin() as connection:
        ledger.record_submission(connection, submission(1, "a", status="superseded"), [])


@pytest.mark.parametrize("table", [ledger.submissions, ledger.submission_files, ledger.readings], ids=str)
def test_what_is_written_stays(engine, table):
    with engine.begin() as connection:
        ledger.record_submission(connection, submission(1, "a"), [("x.csv", "sha", 3)])
    ledger.add_readings(engine, [READING])
    for statement in (table.delete(), table.update().values(force="essex")):
        with pytest.raises(IntegrityError, match="append-only"), engine.begin() as connection:
            connection.execute(statement)


def test_a_reading_is_appended_once_and_the_first_stands(engine):
    assert ledger.add_readings(engine, [READING, {**READING, "role": "second"}]) == 2
    assert ledger.add_readings(engine, [{**READING, "reason": "another"}, {**READING, "version": "2"}]) == 1
    found = ledger.read_readings(engine, "kent")
    assert [(row["version"], row["role"], row["reason"]) for row in found] == [
        ("1", "first", "a reason"),
        ("1", "second", "a reason"),
        ("2", "first", "a reason"),
    ]
    assert ledger.read_readings(engine, "essex") == []
    assert ledger.add_readings(engine, []) == 0


def test_an_error_does_not_carry_what_was_to_be_written(engine):
    ledger.add_readings(engine, [READING])
    with pytest.raises(IntegrityError) as problem, engine.begin() as connection:
        connection.execute(ledger.readings.insert(), {**READING, "imported_at": "now"})
    assert "a reason" not in str(problem.value)


def test_the_snapshot_is_what_dbt_reads(engine, home):
    ledger.add_readings(engine, [{**READING, "offenders_read": 3}])
    ledger.snapshot(engine, home)
    table = pq.read_table(home.raw / "readings.parquet")
    assert table.schema.names == [column.name for column in ledger.readings.columns]
    assert str(table.schema.field("reading_id").type) == "int64"
    assert table.to_pylist()[0]["offenders_read"] == 3


def test_another_ledger_by_its_url(home, monkeypatch, tmp_path):
    monkeypatch.setenv("CPAI_LEDGER_URL", f"sqlite:///{tmp_path / 'other.db'}")
    ledger.open_ledger(home).dispose()
    assert (tmp_path / "other.db").exists() and not (home.root / "ledger.db").exists()


def test_nothing_heavy_is_imported():
    heavy = "{'pandas', 'pyarrow', 'duckdb', 'numpy', 'dagster'}"
    code = f"import sys, orchestration.ledger; print(sorted({heavy} & set(sys.modules)))"
    assert (
        subprocess.run(
            [sys.executable, "-c", code], capture_output=True, text=True, cwd=PROJECT
        ).stdout.strip()
        == "[]"
    )
