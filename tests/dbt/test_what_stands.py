"""A part of the warehouse that a whole build has just made is not built again: publishing after a run with nothing read since."""

import datetime
import os
from types import SimpleNamespace

import duckdb
import pytest
from by_hand import write_raw

from orchestration import clock
from orchestration.home import Home
from orchestration.warehouse import changes, dbt

SUBMISSION = {
    "force": "kent",
    "quarter": "2023-Q1",
    "status": "nil",
    "received_at": "2023-05-01T00:00:00+00:00",
}


@pytest.fixture
def home(tmp_path) -> Home:
    """A home whose warehouse was built whole, of models that have no more than what a build notes."""
    made = Home(tmp_path)
    write_raw(made, {}, [SUBMISSION])
    with _opened(made) as connection:
        connection.execute("create schema warehouse.cocad")
        for table in changes.INPUTS.values():
            connection.execute(f"create table {table} (what varchar, quarter varchar, fingerprint varchar)")
        changes.prepare(connection, made.raw)
        changes.note(connection, "these models", {})
    return made


def _opened(home: Home) -> duckdb.DuckDBPyConnection:
    connection = duckdb.connect()
    connection.execute(f"attach '{home.warehouse}' as warehouse")
    return connection


def prepared(home: Home, **noted: bool) -> None:
    with _opened(home) as connection:
        changes.prepare(connection, home.raw)
        if noted:
            changes.note(connection, "these models", {}, **noted)


def another_day(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(clock, "today", lambda: datetime.date(2031, 1, 1))


SINCE = {
    "a return": lambda home, _: write_raw(home, {}, [SUBMISSION, SUBMISSION | {"quarter": "2023-Q2"}]),
    "a raw file": lambda home, _: (home.raw / "police_recorded_crime" / "prc.parquet").touch(),
    "the same file again": lambda home, _: os.utime(home.raw / "readings.parquet", (1, 1)),
    "another day": lambda _, patch: another_day(patch),
    "a build that was killed": lambda home, _: prepared(home),
}


def test_nothing_has_come(home):
    assert dbt.built_whole(home)
    prepared(home, readings_alone=True)
    assert dbt.built_whole(home), "nor does a part that was built again change it"


@pytest.mark.parametrize("what", SINCE)
def test_whatever_has_come_is_built(home, monkeypatch, what):
    SINCE[what](home, monkeypatch)
    assert not dbt.built_whole(home)


def test_a_part_does_not_make_it_whole(home):
    SINCE["a return"](home, None)
    prepared(home, readings_alone=True)
    assert not dbt.built_whole(home)


@pytest.mark.parametrize("models", [["first", "second"], None])
def test_a_part_is_told_without_dbt(home, monkeypatch, models):
    nodes = {
        f"model.cpai.{name}": SimpleNamespace(
            name=name,
            resource_type="model",
            config=SimpleNamespace(materialized="table"),
            depends_on=SimpleNamespace(nodes=parents),
            raw_code="",
        )
        for name, parents in (("second", ["model.cpai.first"]), ("first", ["source.cpai.raw.crimes"]))
    }
    (home.root / "partial_parse.msgpack").touch()
    monkeypatch.setattr(dbt, "manifest_path", lambda _home: home.root / "manifest.json")
    monkeypatch.setattr(
        "dbt.contracts.graph.manifest.Manifest.from_msgpack", lambda parsed: SimpleNamespace(nodes=nodes)
    )
    monkeypatch.setattr(dbt, "version_of", lambda _home: "these models")
    monkeypatch.setattr(dbt, "fingerprints", lambda *_: {})
    monkeypatch.setattr(dbt, "_keys", lambda _home: "this key")
    asked, told = [], []
    monkeypatch.setattr(
        dbt, "invoke", lambda *given, **named: asked.append(given) or SimpleNamespace(result=[])
    )
    monkeypatch.setattr(dbt, "_note", lambda *given, **named: None)
    monkeypatch.setattr(dbt, "compact", lambda _home: None)
    assert dbt.run_dbt(home, models, told.append).problems == []
    # the whole is asked of dbt, which makes again what reads the day
    assert (len(asked), [one.node for one in told]) == (
        (0, ["model.cpai.first", "model.cpai.second"]) if models else (1, [])
    )
