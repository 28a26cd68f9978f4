"""What has landed becomes one run a quarter, once it is still; the grid of partitions is the grid of receipts."""

import os

import dagster as dg
import pytest
from test_intake import land

from orchestration import arrivals, jobs
from orchestration.home import Home
from orchestration.returns.assets import PARTITIONS, partition_range, receipts, returns


class Watch:
    """The sensor's looks at a home, by a clock of our own."""

    def __init__(self, home: Home, patch: pytest.MonkeyPatch) -> None:
        patch.setenv("CPAI_HOME", str(home.root))
        patch.setattr(arrivals.time, "time", lambda: self.clock)
        self.clock, self.cursor = 1_000_000.0, None

    def look(self, seconds_later: float = 0) -> list[dg.RunRequest]:
        self.clock += seconds_later
        context = dg.build_sensor_context(cursor=self.cursor)
        looked = arrivals.landing_sensor.evaluate_tick(context)
        self.cursor = looked.cursor
        self.said = looked.skip_message
        return looked.run_requests


@pytest.fixture
def watch(home, monkeypatch):
    return Watch(home, monkeypatch)


def test_a_delivery_is_run_once_it_is_still(watch, home):
    assert watch.look() == [] and watch.said == "nothing new has landed"
    path = land(home)["return.csv"]
    assert watch.look(30) == [] and watch.said == "not yet still for a minute: 2023-Q1"
    assert watch.look(30) == []
    path.write_bytes(path.read_bytes() + b"more")  # still being copied
    assert watch.look(30) == []
    assert watch.look(59) == []
    (request,) = watch.look(1)
    assert partition_range("2023-Q1", "2023-Q1").items() <= request.tags.items()
    assert watch.look(30) == [] and watch.said == "nothing new has landed"


def test_a_copy_that_keeps_its_files_times_is_not_taken_for_settled(watch, home):
    path = land(home)["return.csv"]
    os.utime(path, (1, 1))
    assert watch.look() == []
    path.write_bytes(path.read_bytes()[:-10])
    os.utime(path, (1, 1))
    assert watch.look(60) == []
    assert len(watch.look(60)) == 1


def test_a_quarters_arrivals_become_one_run(watch, home):
    for force in ("kent", "lancashire", "surrey"):
        land(home, force)
    land(home, quarter="2023-Q2")
    watch.look()
    keys = [request.run_key for request in watch.look(60)]
    assert [key.split()[1] for key in keys] == ["2023-Q1", "2023-Q2"]
    land(home, "essex")
    watch.look(30)
    (later,) = watch.look(60)
    assert later.run_key.split()[1] == "2023-Q1" and later.run_key not in keys


def test_what_is_no_quarter_of_ours_and_what_desktops_leave_is_not_waited_for(watch, home):
    for quarter, name in (("2019-Q1", "a.csv"), ("old", "a.csv"), ("2023-Q1", "~$a.xlsx"), ("2023-Q1", ".a")):
        file = home.landing / quarter / "kent" / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text("a")
    watch.look()
    assert watch.look(60) == []


def test_recorded_crime_runs_the_newest_quarter_that_has_landed(watch, home):
    file = home.landing / "recorded_crime" / "2024-01-25" / "prc.csv"
    file.parent.mkdir(parents=True)
    file.write_text("a")
    watch.look()
    assert watch.look(60) == []  # no quarter has landed that it could be compared with
    for quarter in ("2023-Q2", "2023-Q1"):
        land(home, quarter=quarter)
    watch.look()
    assert len(watch.look(60)) == 3
    file.write_text("ab")
    assert watch.look() == [] and watch.said == "not yet still for a minute: recorded_crime"
    (request,) = watch.look(60)
    assert partition_range("2023-Q2", "2023-Q2").items() <= request.tags.items()
    assert watch.look(60) == []


def test_a_lost_cursor_asks_for_the_same_run_which_dagster_has_had(watch, home):
    land(home)
    watch.look()
    (first,) = watch.look(60)
    watch.cursor = None
    watch.look(60)
    (again,) = watch.look(60)
    assert again.run_key == first.run_key


def run_returns(home, *quarters):
    job = dg.define_asset_job("only_returns", selection=["returns", "receipts"])
    defs = dg.Definitions(assets=[returns, receipts], jobs=[job])
    with jobs.instance(home) as storage:
        ran = defs.resolve_job_def(job.name).execute_in_process(
            instance=storage, tags=partition_range(*quarters)
        )
        assert ran.success
        told = {
            event.partition: event.step_materialization_data.materialization.metadata
            for event in ran.all_events
            if event.is_step_materialization and event.asset_key.to_user_string() == "receipts"
        }
        there = storage.get_latest_storage_id_by_partition(
            dg.AssetKey("receipts"), dg.DagsterEventType.ASSET_MATERIALIZATION
        )
    return told, set(there)


def test_the_grid_of_partitions_is_the_grid_of_receipts(home, monkeypatch):
    monkeypatch.setenv("CPAI_HOME", str(home.root))
    land(home)
    broken = land(home, "lancashire")["return.xlsx"]
    broken.write_bytes(b"PK")
    for force, name in (("surrey", "NIL"), ("essex", "MISSING")):
        note = home.landing / "2023-Q1" / force / name
        note.parent.mkdir()
        note.write_text("A. Officer, 2023-04-03")
    told, there = run_returns(home, "2023-Q1", "2023-Q1")
    assert there == {"kent|2023-01-01", "surrey|2023-01-01"}
    assert told["surrey|2023-01-01"]["status"].value == "nil"
    assert there <= set(PARTITIONS.get_partition_keys())
    assert told["kent|2023-01-01"]["submission"].value == 1
    told, again = run_returns(home, "2023-Q1", "2023-Q1")
    assert (told, again) == ({}, there)  # a run with nothing new tells nothing
