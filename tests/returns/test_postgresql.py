"""The whole of intake with the ledger on PostgreSQL: the same receipts as on SQLite, and the same readings."""

import json

import pytest
from a_postgresql import postgresql_programs
from click.testing import CliRunner
from test_intake import QUARTER, a_return, land

from orchestration.command import cpai
from orchestration.home import Home
from orchestration.ledger import evidence, tables
from orchestration.ledger.opening import open_ledger
from orchestration.ledger.receipts import read_submissions
from orchestration.returns.intake import receive


def deliver(home):
    """Two submissions, a refused one, a nil return and one that does not come; twice over."""
    land(home)
    land(home, records=a_return("kent", 5), delivery="second")
    broken = land(home, delivery="third")["return.csv"]
    broken.write_bytes(broken.read_bytes().replace(b"LocalID", b"Local"))
    (broken.parent / "explanations.csv").write_text("rule,crime_reference,explanation\nCR13,,So\n")
    for force, name in (("surrey", "NIL"), ("essex", "MISSING")):
        note = home.landing / QUARTER / force / name
        note.parent.mkdir()
        note.write_text("A. Officer, 2023-04-03")
    assert [receipt.new for receipt in receive(home, QUARTER)] == [True] * 5
    assert [receipt.new for receipt in receive(home, QUARTER)] == [False] * 5


def receipts_of(home):
    engine = open_ledger(home)
    rows = [{**row, "received_at": ""} for row in read_submissions(engine)]
    with engine.connect() as connection:
        files = sorted(map(tuple, connection.execute(tables.submission_files.select())))
    engine.dispose()
    return rows, files


def test_the_receipts_are_those_of_sqlite(postgresql_ledger, home, tmp_path, monkeypatch):
    deliver(home)
    on_postgresql = receipts_of(home)
    assert not (home.root / "ledger.db").exists()
    shown = CliRunner().invoke(cpai, ["--home", str(home.root), "status", "--json"])
    (quarter,) = json.loads(shown.stdout)
    assert (quarter["received"], quarter["nil"], quarter["refused"]) == (["kent"], ["surrey"], ["kent"])
    monkeypatch.delenv("CPAI_LEDGER_URL")
    other = Home(tmp_path / "other")
    deliver(other)
    assert receipts_of(other) == on_postgresql
    for name in ("submissions", "readings"):
        file = f"raw/{name}.parquet"
        assert (other.root / file).exists() and (home.root / file).exists()


def test_what_a_run_could_not_write_is_not_there(postgresql_ledger, home, monkeypatch):
    """A receipt is one transaction: its files and explanations with it, or nothing."""
    land(home)
    insert = evidence.insert_rows

    def failing(connection, table, rows):
        if table is tables.submission_files:
            raise OSError("connection lost")
        insert(connection, table, rows)

    monkeypatch.setattr(evidence, "insert_rows", failing)
    with pytest.raises(OSError, match="connection lost"):
        receive(home, QUARTER)
    monkeypatch.undo()
    monkeypatch.setenv("CPAI_LEDGER_URL", postgresql_ledger)
    assert receipts_of(home) == ([], [])
    (receipt,) = receive(home, QUARTER)
    assert (receipt.submission, receipt.status, receipt.new) == (1, "accepted", True)


@pytest.mark.proof
def test_there_is_a_postgresql_to_prove_it_on():
    """Elsewhere the tests on PostgreSQL are skipped where there is none; a proof may not be."""
    assert postgresql_programs(), "install PostgreSQL (Debian: postgresql) or the development extra"
