"""Erasure with the ledger on PostgreSQL: its append-only triggers are lifted for the one transaction alone, and nothing of
the record is left in the server's tables."""

import shutil
from pathlib import Path

import pytest
from received import CRIME, GONE, OF_CRIME, VICTIM, erase, land, take_in
from searched import where
from sqlalchemy import create_engine, make_url
from sqlalchemy.exc import DBAPIError

from orchestration.ledger import erasures, tables
from orchestration.ledger.chain import add_readings, read_readings, verify
from orchestration.ledger.opening import ledger_of
from orchestration.ledger.receipts import read_submissions
from orchestration.returns import kept

EXPLAINED = "CANARYTOLD of it"
REASON = "CANARYREASON"


def tables_of(url: str, copy: Path) -> Path:
    """A copy of the files that the server has of this database, once what it holds in memory is in them."""
    engine = create_engine(url, isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        connection.exec_driver_sql("checkpoint")
        number = connection.exec_driver_sql(
            "select oid from pg_database where datname = current_database()"
        ).scalar()
    engine.dispose()
    shutil.rmtree(copy, ignore_errors=True)
    shutil.copytree(Path(make_url(url).query["host"]) / "data" / "base" / str(number), copy)
    return copy


@pytest.fixture
def filled(postgresql_ledger, home):
    """A home with the crime, what its force explains about it, and a reading of it and of another."""
    file = next(iter(land(home).values()))
    (file.parent / "explanations.csv").write_text(
        f"rule,crime_reference,explanation\nCR13,{GONE},{EXPLAINED}\n"
    )
    take_in(home)
    reading = {"force": "kent", "version": "1", "role": "first", "reader": "reader-01", "reason": REASON}
    with ledger_of(home) as engine:
        add_readings(engine, [{**reading, "crime_reference": one} for one in ("46/1001/23", GONE)])
    return home


def is_closed(engine) -> bool:
    """Whether each table that an erasure opens refuses to be changed again."""
    for table in (tables.readings, tables.explanations, tables.submissions, tables.submission_files):
        with pytest.raises(DBAPIError, match="append-only"), engine.begin() as connection:
            connection.execute(table.delete())
    return True


def test_nothing_of_a_crime_is_left_in_home_and_server(filled, postgresql_ledger, tmp_path):
    texts = (*OF_CRIME, EXPLAINED)
    there = where(filled.root, *texts)
    in_server = where(tables_of(postgresql_ledger, tmp_path / "server"), *texts)
    assert there and {GONE, EXPLAINED} <= in_server.keys()
    erase(filled, CRIME)
    assert where(filled.root, *there) == {}
    assert where(tables_of(postgresql_ledger, tmp_path / "server"), *in_server) == {}
    with ledger_of(filled) as engine:
        assert verify(engine) + erasures.verify(engine) + kept.raw_differs(filled, engine) == []
        assert [row["reason"] for row in read_readings(engine)] == [REASON, None]
        (row,) = read_submissions(engine)
        assert (row["status"], row["crimes"]) == ("accepted", 2)
        assert [row["ended_at"] is not None for row in erasures.read(engine)] == [True]
        assert is_closed(engine)
    take_in(filled)
    assert where(filled.root, *there) == {}


def test_of_a_person_the_reading_stays_without_its_reason(filled):
    erase(filled, VICTIM)
    with ledger_of(filled) as engine:
        assert [row["crime_reference"] for row in read_readings(engine)] == ["46/1001/23", GONE]
        assert [row["reason"] for row in read_readings(engine)] == [REASON, None]
        assert verify(engine) + erasures.verify(engine) == []
        assert is_closed(engine)


def test_what_fails_within_leaves_no_table_open(filled):
    """The triggers are lifted within the transaction: what rolls that back puts them on again."""
    with ledger_of(filled) as engine:
        with (
            pytest.raises(RuntimeError, match="cut off"),
            engine.begin() as connection,
            erasures.writable(connection, tables.readings, tables.submissions),
        ):
            connection.execute(tables.readings.update().values(reason=None))
            raise RuntimeError("cut off")
        assert is_closed(engine)
        assert [row["reason"] for row in read_readings(engine)] == [REASON, REASON]
    erase(filled, CRIME)
    assert where(filled.root, GONE) == {}
