"""What takes room in a home is listed by part, and what seeds/storage.csv keeps no longer goes at the end of a run."""

import json
import os
from datetime import UTC, datetime, timedelta

import dagster as dg
import pytest
from click.testing import CliRunner
from some import some

from orchestration import jobs, outbox, storage
from orchestration.command import cpai, standing
from orchestration.home import Home
from orchestration.ledger import log
from orchestration.ledger.opening import open_ledger
from orchestration.strict_csv import NotRead

NOW = datetime(2034, 5, 1, tzinfo=UTC)


@pytest.fixture
def home(tmp_path):
    made = Home(tmp_path / "home")
    open_ledger(made).dispose()
    return made


@pytest.fixture
def dagster(home, monkeypatch):
    monkeypatch.setenv("DAGSTER_HOME", str(home.dagster))
    with jobs.instance(home) as instance:
        yield instance


def put(home, name, days, size=10):
    file = home.root / name
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_bytes(b"x" * size)
    written = (NOW - timedelta(days=days)).timestamp()
    os.utime(file, (written, written))
    os.utime(file.parent, (written, written))
    return file


def test_what_is_kept_no_longer_goes_and_the_law_is_told(home, dagster):
    stay = [put(home, name, 89) for name in ("as_of/2033-06-30T000000Z/warehouse.duckdb", "dbt/logs/dbt.log")]
    stay += [
        put(home, "releases/.building-2033.r2/marts.duckdb", 0),
        put(home, "releases/2014.r1/a.csv", 4000),
    ]
    stay += [put(home, "archive/ab/abcd", 4000), put(home, "raw/crimes/2014-Q1/kent.1.parquet", 4000)]
    go = [put(home, name, 91) for name in ("as_of/2014-06-30T000000Z/warehouse.duckdb", "dbt/logs/dbt.log.5")]
    go += [put(home, "releases/.building-2014.r1/marts.duckdb", 2)]
    storage.keep_to_policy(home, dagster, NOW)
    assert [file for file in some(stay) if not file.exists()] == []
    assert [file for file in some(go) if file.exists()] == []
    noted = [entry for entry in log.entries(home, open_ledger(home)) if entry["action"] == "erasure"]
    assert [(entry["what"], entry["set"]["part"], entry["reason"]) for entry in noted] == [
        ("half made: removed", ["releases/.building-2014.r1"], "kept for 1 day (seeds/storage.csv)"),
        (
            "warehouses as of a moment: removed",
            ["as_of/2014-06-30T000000Z"],
            "kept for 90 days (seeds/storage.csv)",
        ),
    ]
    storage.keep_to_policy(home, dagster, NOW)
    assert len([1 for entry in log.entries(home, open_ledger(home)) if entry["action"] == "erasure"]) == 2


def test_messages_settled_long_ago_go_and_open_ones_stay(home, dagster):
    for about in ("kent", "surrey"):
        outbox.leave(home, "return", about, f"{about}: refused")
    outbox.settle(home, "return", "kent")
    before = outbox.opened(home)
    written = datetime.fromisoformat(before[0]["at"])
    storage.keep_to_policy(home, dagster, written + timedelta(days=729))
    file = home.root / "outbox" / outbox.FILE
    assert len(file.read_text().splitlines()) == 3
    storage.keep_to_policy(home, dagster, written + timedelta(days=731))
    assert len(file.read_text().splitlines()) == 1
    assert outbox.opened(home) == before and [line["about"] for line in before] == ["surrey"]


@dg.asset(partitions_def=dg.StaticPartitionsDefinition(["north", "south"]))
def received() -> None: ...


@dg.asset
def built() -> None: ...


def test_runs_go_but_for_those_that_made_what_is_there(home, dagster):
    north, again, south = (
        dg.materialize([received], instance=dagster, partition_key=key).run_id
        for key in ("north", "north", "south")
    )
    builds = [dg.materialize([built], instance=dagster).run_id for _ in range(3)]
    runs = home.dagster / "history" / "runs"
    made = dagster.get_run_records()[0].create_timestamp.replace(tzinfo=UTC)
    assert (runs / f"{north}.db").exists()
    storage.keep_to_policy(home, dagster, made + timedelta(days=729))
    assert dagster.get_runs_count() == 6
    storage.keep_to_policy(home, dagster, made + timedelta(days=731))
    assert {run.run_id for run in dagster.get_runs()} == {again, south, builds[-1]}
    assert {path.stem for path in runs.glob("*-*.db")} == {again, south, builds[-1]}, "its file goes, too"
    assert dagster.get_materialized_partitions(received.key) == {"north", "south"}
    assert dagster.get_latest_materialization_event(built.key).run_id == builds[-1]
    # and the log goes on
    assert dg.materialize([built], instance=dagster).success


def test_as_many_publications_are_noted_as_the_seed_has(home):
    for year in range(2000, 2020):
        standing.note(home, f"publish {year}", {}, year)
        standing.note(home, f"run {year}-Q1", {}, year)
    standing.note(home, "publish 2010", {}, "again")
    kept = json.loads((home.dbt / standing.FILE).read_text())
    years = [2008, 2009, *range(2011, 2020)]
    assert list(kept) == [*(f"publish {year}" for year in years), "run 2019-Q1", "publish 2010"]
    assert len(kept) == storage.publications_kept() + 1


def test_every_byte_of_a_home_is_in_one_part(home):
    put(home, "archive/ab/abcd", 3, 1000)
    put(home, "dbt/logs/dbt.log", 91, 20)
    put(home, "dbt/target/manifest.json", 1, 300)
    put(home, "notes.txt", 1, 7)
    put(home, "as_of/2014-06-30T000000Z/warehouse.duckdb", 91, 5000)
    (home.root / "notes").symlink_to(home.archive)
    rows = {row["part"]: row for row in storage.taken(home, NOW)}
    everything = [path for path in home.root.rglob("*") if path.is_file() and not path.is_symlink()]
    assert sum(row["bytes"] for row in rows.values()) == sum(path.stat().st_size for path in everything)
    assert sum(row["files"] for row in rows.values()) == len(everything)
    assert (rows["archive"]["bytes"], rows["archive"]["oldest"]) == (1000, "2034-04-28")
    assert (rows["logs of dbt"]["bytes"], rows["models of dbt"]["bytes"]) == (20, 300)
    assert rows[storage.REST]["bytes"] >= 7
    assert rows["warehouses as of a moment"]["next"] == "1 folder over 90 days; removed at the end of a run"
    assert rows["half made"]["next"] == "no folder over 1 day; removed at the end of a run"
    assert rows["warehouse"]["next"] == "not built; compacted when a third is free"


def test_the_command_shows_what_takes_room(home):
    put(home, "archive/ab/abcd", 3, 3_000_000)
    words = ["--home", str(home.root), "status", "--storage"]
    answer = CliRunner().invoke(cpai, words)
    assert (
        answer.exit_code == 0
        and "archive                               3.0        1  2034-04-28" in answer.output
    )
    rows = json.loads(CliRunner().invoke(cpai, [*words, "--json"]).stdout)
    assert {"part", "bytes", "files", "oldest", "next", "why"} == set(rows[0])
    assert CliRunner().invoke(cpai, [*words, "2023-Q1"]).exit_code == 2


def test_a_row_that_cannot_be_read_is_named(monkeypatch):
    for column, value, says in some(
        [("keep_days", "3 months", "keep_days is no whole number"), ("each", "week", "there is no 'week'")]
    ):
        row = dict.fromkeys(("where", "each", "keep_days", "keep_newest", "at_the_end", "why"), "")
        monkeypatch.setattr(storage, "seed_rows", lambda _, row=row: [row | {"part": "logs", column: value}])  # noqa: B023
        with pytest.raises(NotRead, match=says):
            storage.parts()
