"""Each row and file that evidence rests on has its hash in one chain: what is changed, taken out or put in is named."""

import pytest
from sqlalchemy import insert, text

from orchestration.ledger import chain, evidence, log, tables
from orchestration.ledger.chain import add_readings
from orchestration.ledger.receipts import record_raw_files, record_recorded_crime, record_submission

RECEIPT = {
    "force": "kent",
    "quarter": "2023-Q1",
    "submission": 1,
    "delivered_as": "kent",
    "layout": "athena",
    "status": "accepted",
    "received_at": "2023-05-01T00:00:00+00:00",
    "fingerprint": "x",
    "reasons": [],
    "folder": "",
}
USER = {"username": "a", "roles": "reader", "password_hash": "", "active": True, "changed_at": "now"}
OTHERS = {
    tables.releases: {
        "release": "2023.r1",
        "period": "2023",
        "created_at": "now",
        "fingerprint": "f",
        "manifest_sha256": "m",
        "live": True,
    },
    tables.users: USER | {"changed_by": "b"},
    tables.second_factors: {"username": "a", "salt": "s", "recovery": "", "at": "now", "changed_by": "a"},
    tables.signers: {
        "person": "a",
        "role": "analyst",
        "keyid": None,
        "public_key": None,
        "valid_from": "now",
        "revoked_at": None,
        "reason": None,
        "changed_by": "a",
    },
    tables.waiver_signatures: dict.fromkeys(
        ("rule", "force", "quarter", "row_sha256", "person", "keyid", "signed_at", "envelope"), "x"
    ),
}


@pytest.fixture
def filled(engine):
    """A ledger with a row in each table that the chain is over, and one of readings, the log and erasures."""
    explained = [{"record_number": 1, "rule": "CR13", "crime_reference": "46/1/23", "explanation": "So."}]
    with engine.begin() as connection:
        record_submission(connection, RECEIPT, [("x.csv", "sha", 3)], explained, [("crimes/a", "sha")])
        for table, row in OTHERS.items():
            evidence.insert_rows(connection, table, [row])
    record_recorded_crime(engine, "2024-01-25", "prc.xlsx", "sha", "raw", "sha")
    add_readings(engine, [{"force": "kent", "crime_reference": "1", "version": "1", "role": "first"}])
    erased = dict.fromkeys(("identity", "at", "who", "authority", "reason", "text", "mark", "digest"), "x")
    with engine.begin() as connection:
        chain.append(connection, [{**erased, "kind": "crime", "plan": "{}"}], tables.erasures)
        gone = {"place": "p", "name": "n", "was": "w", "is_now": None, "many": 1}
        chain.append(connection, [{"erasure": 1, **gone}], tables.erased)
        evidence.insert_rows(connection, tables.erasure_ends, [{"erasure": 1, "at": "now", "counts": "{}"}])
    evidence.ends(engine)
    return engine


COVERED = [*evidence.ROWS.values(), *evidence.TIED.values(), tables.evidence]


def forge(engine, table, statement):
    """As who has the ledger's file can: its triggers do not stop them."""
    with engine.begin() as connection:
        if engine.dialect.name == "sqlite":
            connection.execute(text("pragma foreign_keys=off"))
            for verb in ("update", "delete"):
                connection.execute(text(f"drop trigger if exists {table.name}_no_{verb}"))
        else:
            connection.execute(text("set session_replication_role = replica"))
        connection.execute(statement)


def texts(table):
    """A column that holds something and is no key."""
    others = ("hash", "previous_hash", "action", "role", "kind")
    return next(
        column
        for column in reversed(list(table.columns))
        if not (column.primary_key or column.nullable or column.name in others)
        and column.type.python_type is str
    )


def test_a_ledger_as_it_was_written_has_no_problem(filled):
    assert evidence.problems(filled) == []
    with filled.connect() as connection:
        for table in COVERED:
            assert connection.execute(table.select()).first(), f"nothing would be found wrong in {table.name}"


@pytest.mark.parametrize("table", COVERED, ids=str)
def test_a_row_that_was_changed_is_named(filled, table):
    forge(filled, table, table.update().values({texts(table).name: "forged"}))
    problems = evidence.problems(filled)
    named = {"readings": "reading 1", "log_entries": "of the log", "evidence": "chain of evidence"}
    assert any(named.get(table.name, table.name.removesuffix("s")) in one for one in problems), problems


@pytest.mark.parametrize("table", COVERED, ids=str)
def test_a_row_that_was_taken_out_is_named(filled, table):
    last = list(table.primary_key.columns)[-1]
    with filled.connect() as connection:
        newest = connection.execute(table.select().order_by(last.desc())).first()
    gone = table.delete().where(
        *(column == newest._mapping[column.name] for column in table.primary_key.columns)
    )
    ends = chain.ends(filled)
    forge(filled, table, gone)
    assert evidence.problems(filled) or chain.ends_otherwise(
        filled, {"a release": ends["evidence"]}, tables.evidence
    )


def test_a_role_that_nobody_gave_is_named(filled):
    with filled.begin() as connection:
        connection.execute(insert(tables.users), USER | {"username": "thief", "changed_by": "thief"})
    (problem,) = evidence.problems(filled)
    assert problem.startswith("users 2 of the ledger was put in by no command")


def test_a_receipt_that_an_erasure_changed_is_as_it_was_left(filled):
    with filled.begin() as connection:
        for row in ("kent/2023-Q1/1", "kent/2023-Q1/2"):
            evidence.renew(connection, tables.submissions, row)
    forge(filled, tables.submissions, tables.submissions.update().values(fingerprint="erased"))
    assert evidence.problems(filled)
    with filled.begin() as connection:
        evidence.renew(connection, tables.submissions, "kent/2023-Q1/1")
    assert evidence.problems(filled) == []


def test_more_rows_of_the_same_table(filled):
    with filled.begin() as connection:
        record_raw_files(connection, RECEIPT, [("crimes/b", "1"), ("crimes/c", "2")])
    log.note(filled, "consultation", "case shown")
    assert evidence.problems(filled) == []


def test_files_are_named_as_they_are(filled, home):
    reports, packs = home.root / "reports" / "2023.r1", home.root / "packs" / "2023-Q1"
    files = [reports / "2023" / "a.html", reports / "2023" / "csv" / "t.csv", packs / "kent.1" / "pack.json"]
    for file in files:
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text("as written")
    with filled.begin() as connection:
        evidence.note_files(connection, home, reports / "2023", packs / "kent.1")
    assert evidence.problems(filled, home) == []
    files[1].write_text("as changed")
    (problem,) = evidence.problems(filled, home)
    assert problem.startswith("reports/2023.r1/2023/csv/t.csv is not as it was written; restore")
    files[1].unlink()
    (problem,) = evidence.problems(filled, home)
    assert problem.startswith("reports/2023.r1/2023/csv/t.csv is missing")
    files[1].symlink_to(files[0])
    (home.root / "history").mkdir()
    (home.root / "history" / ".hidden.parquet").write_text("x")
    problems = evidence.problems(filled, home)
    assert [problem.split(" ")[0] for problem in problems] == [
        "history/.hidden.parquet",
        "reports/2023.r1/2023/csv/t.csv",
    ]
    assert all("was written by no command" in problem for problem in problems)
    # written again: what is no longer there is lawfully gone
    files[1].unlink()
    (home.root / "history" / ".hidden.parquet").unlink()
    with filled.begin() as connection:
        evidence.note_files(connection, home, reports / "2023")
    assert evidence.problems(filled, home) == []
