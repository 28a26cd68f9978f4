"""A tool that found a file damaged, and named none, is followed by a sentence that does."""

import json
import sqlite3

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from sqlalchemy.exc import OperationalError

from orchestration.home import Home
from orchestration.keys import token_key
from orchestration.ledger.opening import open_ledger
from orchestration.releases import verify
from orchestration.stopping import Stopped, state, state_of


@pytest.fixture
def home(tmp_path, monkeypatch) -> Home:
    for name in ("CPAI_TOKEN_KEY", "CPAI_LEDGER_URL"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("CPAI_HOME", str(tmp_path / "home"))
    made = Home(tmp_path / "home")
    token_key(made)
    return made


def parquet(file, damaged: bool = False) -> None:
    file.parent.mkdir(parents=True, exist_ok=True)
    pq.write_table(pa.table({"rule": ["CR15"] * 100}), file)
    if damaged:
        file.write_bytes(file.read_bytes()[:-4] + b"\0\0\0\0")


def test_the_parquet_file_that_cannot_be_read_is_found(home):
    parquet(home.raw / "crimes" / "2023-Q1" / "kent.1.parquet")
    parquet(home.history / "rule_results" / "2023.parquet")
    parquet(home.history / "releases" / "2023.r1.parquet", damaged=True)
    said = state_of(duckdb.Error("don't know what type: \x0f"))
    assert said.startswith(
        f"{home.history / 'releases' / '2023.r1.parquet'} is damaged: restore it from a backup"
    )


def test_a_text_of_the_ledger_that_is_none_is_damage_of_it():
    why = "Could not decode to UTF-8 column 'sha256' with text 'ab\xff'"
    problem = OperationalError("select", {}, sqlite3.OperationalError(why))
    assert state_of(problem).startswith(
        "the ledger or a file of dagster/ is damaged: restore it from a backup"
    )
    assert state(why)


def test_a_ledger_that_may_not_be_opened_is_named(home, monkeypatch):
    open_ledger(home).dispose()

    def closed(*_: object, **__: object) -> None:
        raise sqlite3.OperationalError("unable to open database file")

    monkeypatch.setattr(sqlite3, "connect", closed)
    monkeypatch.setattr(sqlite3.dbapi2, "connect", closed)
    with pytest.raises(
        Stopped, match=r"/ledger\.db may not be read or written by this user: correct its owner"
    ):
        open_ledger(home)


def test_a_release_that_a_shorter_ledger_lacks_is_not_to_be_published_again(home):
    """Regression: `publish its period again` would have written another release over a ledger that was restored from too long
    ago."""
    engine = open_ledger(home)
    (home.releases / "2023.r1").mkdir(parents=True)
    (home.releases / "2023.r1" / "manifest.json").write_text("{}")
    with pytest.raises(verify.NotAsPublished, match="a run was cut off; publish its period again"):
        verify.as_published(home, "2023.r1")
    engine.dispose()
    noted = json.loads((home.root / "home.json").read_text())
    noted["ledger"]["log"] = {"entry": 50, "hash": "of an entry that was there"}
    (home.root / "home.json").write_text(json.dumps(noted))
    with pytest.raises(verify.NotAsPublished, match="restore it from its last backup"):
        verify.as_published(home, "2023.r1")
