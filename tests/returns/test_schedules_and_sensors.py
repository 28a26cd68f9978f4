"""What has landed becomes one run a quarter, once it is still."""

import os

import dagster as dg
import pytest
from test_intake import land

from orchestration import outbox, schedules_and_sensors
from orchestration.home import Home
from orchestration.returns.assets import partition_range


@dg.job
def nothing():
    """A run of it stands for one of the quarter's."""


class Watch:
    """The sensor's looks at a home, by a clock of our own."""

    def __init__(self, home: Home, patch: pytest.MonkeyPatch) -> None:
        self.resources = {"home": home}
        patch.setattr(schedules_and_sensors.time, "time", lambda: self.clock)
        self.clock, self.cursor = 1_000_000.0, None
        self.storage = dg.DagsterInstance.ephemeral()

    def look(self, seconds_later: float = 0) -> list[dg.RunRequest]:
        self.clock += seconds_later
        context = dg.build_sensor_context(cursor=self.cursor, instance=self.storage, resources=self.resources)
        looked = schedules_and_sensors.landing_sensor.evaluate_tick(context)
        self.cursor = looked.cursor
        self.said = looked.skip_message
        return looked.run_requests

    def run(self, request: dg.RunRequest, ends: dg.DagsterRunStatus = dg.DagsterRunStatus.SUCCESS) -> None:
        """What Dagster makes of a request: it drops a key that it has had."""
        tags = {"dagster/run_key": request.run_key}
        assert not self.storage.get_runs(dg.RunsFilter(tags=tags)), "Dagster would drop it"
        self.storage.create_run_for_job(nothing, tags=tags, status=ends)


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
    assert request.tags["cpai/from"] == "sensor" and request.tags["cpai/who"]
    watch.run(request)
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
    requests = watch.look(60)
    for request in requests:
        watch.run(request)
    keys = [request.run_key for request in requests]
    assert [key.split()[1] for key in keys] == ["2023-Q1", "2023-Q2"]
    land(home, "essex")
    watch.look(30)
    (later,) = watch.look(60)
    assert later.run_key.split()[1] == "2023-Q1" and later.run_key not in keys


def test_what_is_no_quarter_of_ours_and_what_desktops_leave_is_not_waited_for(watch, home):
    for quarter, name in (("2013-Q1", "a.csv"), ("old", "a.csv"), ("2023-Q1", "~$a.xlsx"), ("2023-Q1", ".a")):
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
    requests = watch.look(60)
    assert len(requests) == 3
    for request in requests:
        watch.run(request)
    file.write_text("ab")
    assert watch.look() == [] and watch.said == "not yet still for a minute: recorded_crime"
    (request,) = watch.look(60)
    assert partition_range("2023-Q2", "2023-Q2").items() <= request.tags.items()
    watch.run(request)
    assert watch.look(60) == []


def test_a_lost_cursor_asks_for_the_same_run_which_dagster_has_had(watch, home):
    land(home)
    watch.look()
    (first,) = watch.look(60)
    watch.run(first)
    watch.cursor = None
    watch.look(60)
    (again,) = watch.look(60)
    assert again.run_key == first.run_key
    assert watch.look(60) == [] and watch.said == "nothing new has landed"


def test_what_failed_is_asked_for_again_after_growing_pauses_until_it_succeeds(watch, home):
    """Regression: a delivery counted as done when its run was asked for."""
    land(home)
    watch.look()
    (request,) = watch.look(60)
    watch.run(request, dg.DagsterRunStatus.FAILURE)
    for number in range(12):
        pause = min(120 * 2**number, 86_400)
        assert watch.look(pause - 1) == []
        assert watch.said == "2023-Q1: its run failed; it is asked for again in 1 s"
        (request,) = watch.look(1)
        watch.run(request, dg.DagsterRunStatus.SUCCESS if number == 11 else dg.DagsterRunStatus.FAILURE)
    assert watch.look(86_400) == [] and watch.said == "nothing new has landed"


def test_a_run_under_way_is_waited_for_and_one_that_never_began_is_not_for_ever(watch, home):
    land(home)
    watch.look()
    (request,) = watch.look(60)
    assert watch.look(60) == [] and "its run has not begun" in watch.said
    (again,) = watch.look(60)
    assert again.run_key != request.run_key
    watch.run(again, dg.DagsterRunStatus.STARTED)
    assert watch.look(86_400) == [] and watch.said == "2023-Q1: its run has not ended"


def test_a_sensor_that_fails_leaves_a_line_until_it_works(watch, home, monkeypatch):
    with monkeypatch.context() as patch:
        patch.setattr(schedules_and_sensors, "unread_told", lambda _landing: 1 / 0)
        for _ in range(2):
            with pytest.raises(ZeroDivisionError):
                watch.look()
    (line,) = outbox.opened(home)
    assert line["kind"] == "sensor" and line["sentence"] == "landing_sensor failed: division by zero"
    watch.look()
    assert outbox.opened(home) == []


def test_a_calendar_that_is_behind_says_so_and_the_quarters_known_go_on(watch, home, monkeypatch):
    land(home)
    monkeypatch.setattr(schedules_and_sensors.quarters, "of", lambda _day: "2199-Q1")
    watch.look()
    assert len(watch.look(60)) == 1
    (line,) = outbox.opened(home)
    assert "Dagster was started before 2199-Q1 began" in line["sentence"]


def test_sensor_and_schedule_are_on_by_default():
    assert schedules_and_sensors.landing_sensor.default_status == dg.DefaultSensorStatus.RUNNING
    assert schedules_and_sensors.failed_runs.default_status == dg.DefaultSensorStatus.RUNNING
    assert schedules_and_sensors.quarterly.default_status == dg.DefaultScheduleStatus.RUNNING
