"""Whoever needs the warehouse waits for whoever has it, prints for whom, and gives up with that sentence."""

import importlib
import os
import re
import shutil
import signal
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from pathlib import Path

import dagster as dg
import duckdb
import pytest
from click.testing import CliRunner
from waiting import Clock

from orchestration import doors, jobs, turns
from orchestration.command import cpai
from orchestration.home import Home
from orchestration.ledger import log
from orchestration.ledger.opening import open_ledger
from orchestration.ledger.tables import log_entries
from orchestration.turns import turn

CPAI = [sys.executable, "-c", "from orchestration.command import main; main()"]

HOLDS = """
import sys, time
from orchestration.home import home
from orchestration.turns import turn
with turn(home(sys.argv[1]), "cpai run 2023-Q1"):
    print("held", flush=True)
    time.sleep(float(sys.argv[2]))
"""
OPENS = """
import duckdb, sys, time
connection = duckdb.connect(sys.argv[1], read_only=sys.argv[3] == "reads")
print("held", flush=True)
time.sleep(float(sys.argv[2]))
"""


@contextmanager
def another(script: str, place: Path, seconds: float, *more: str):
    words = [sys.executable, "-c", script, str(place), str(seconds), *more]
    with subprocess.Popen(words, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout.readline() == "held\n"
        try:
            yield process.pid
        finally:
            process.kill()


@pytest.fixture
def place(tmp_path) -> Home:
    """A home with something landed and a warehouse that nobody would take for a built one."""
    home = Home(tmp_path / "home")
    (home.landing / "2023-Q1" / "kent").mkdir(parents=True)
    (home.landing / "2023-Q1" / "kent" / "NIL").write_text("A. Clerk, 2023-04-03")
    with duckdb.connect(str(home.warehouse)) as connection:
        connection.execute("create table nothing (a int)")
    return home


@pytest.mark.parametrize("words", [["run", "2023-Q1"], ["publish", "2023-Q1"]])
def test_who_gives_up_says_for_whom_and_has_done_nothing(place, words, monkeypatch):
    monkeypatch.setattr(turns, "time", Clock())
    with another(HOLDS, place.root, 600) as pid:
        before = sorted(place.root.rglob("*"))
        said = CliRunner().invoke(cpai, ["--home", str(place.root), "--wait", "0.6", *words])
        assert said.exit_code == 1
        waiting, gave_up = said.stderr.splitlines()
        who = rf"process {pid} \(cpai run 2023-Q1\), which has it since \d{{4}}-\d\d-\d\d \d\d:\d\d:\d\d"
        assert re.fullmatch(f"waiting for {who}", waiting)
        assert re.fullmatch(
            f"the warehouse of .* is in use by {who}: waited 1 s for it; try again .*", gave_up
        )
        assert sorted(place.root.rglob("*")) == before


def test_who_waits_goes_on_when_the_other_ends_and_does_not_wait_again(place, monkeypatch):
    told = []
    with ExitStack() as both:
        pid = both.enter_context(another(HOLDS, place.root, 600))
        monkeypatch.setattr(
            turns, "time", Clock(then=lambda: (os.kill(pid, signal.SIGKILL), os.waitpid(pid, 0)))
        )
        both.enter_context(turn(place, patience=30, notify=told.append))
        assert [line.split(",")[0] for line in told] == [
            f"waiting for process {pid} (cpai run 2023-Q1)",
            told[-1],
        ]
        assert told[-1].startswith("going on after ")
        with turn(place, patience=0, notify=told.append):
            pass
    assert len(told) == 2


def test_who_was_killed_keeps_nobody_waiting(place):
    with another(HOLDS, place.root, 60) as pid:
        os.kill(pid, signal.SIGKILL)
        with turn(place, patience=5):
            pass


@pytest.mark.parametrize("how", ["writes", "reads"])
def test_who_opened_the_file_by_another_tool_is_waited_for_and_named(place, how, monkeypatch):
    monkeypatch.setattr(turns, "time", Clock())
    with another(OPENS, place.warehouse, 600, how) as pid:
        said = CliRunner().invoke(cpai, ["--home", str(place.root), "--wait", "0.6", "run", "2023-Q1"])
        assert said.exit_code == 1
        assert f"process {pid} (" in said.stderr
        assert "which runs since 2" in said.stderr
        if how == "reads":  # readers do not keep each other waiting
            with turn(place, patience=0, reads=True):
                pass
    assert not (place.root / "ledger.db").exists()


def emptied(file: Path) -> None:
    file.write_bytes(b"")


def cut_short(file: Path) -> None:
    file.write_bytes(file.read_bytes()[:5000])


def of_other_bytes(file: Path) -> None:
    file.write_text("no warehouse")


def a_folder(file: Path) -> None:
    file.unlink()
    file.mkdir()


@pytest.mark.parametrize("damage", [emptied, cut_short, of_other_bytes, a_folder])
def test_a_damaged_warehouse_is_kept_aside_by_who_builds_it_again_and_by_nobody_else(place, damage):
    damage(place.warehouse)
    log = place.warehouse.with_name("warehouse.duckdb.wal")
    log.write_text("left by a run that was killed")
    for reads in (False, True):
        with pytest.raises(turns.WarehouseDamaged, match="`cpai run <quarter>` keeps it aside"):
            turn(place, patience=0, reads=reads).__enter__()
    assert place.warehouse.exists() and not place.damaged.exists()
    told = []
    with turn(place, patience=0, notify=told.append, builds_again=True):
        assert not place.warehouse.exists() and not log.exists()
    (folder,) = place.damaged.iterdir()
    assert {path.name for path in folder.iterdir()} == {"warehouse.duckdb", "warehouse.duckdb.wal"}
    assert told == [
        f"{place.warehouse} was damaged: it is kept as {folder / 'warehouse.duckdb'}, and is built again"
    ]


@pytest.mark.parametrize(
    "words", [["run", "2023-Q1"], ["quarter", "2023-Q1"], ["demo"]], ids=lambda one: one[0]
)
def test_every_command_that_builds_all_of_it_begins_without_a_damaged_one(place, words, monkeypatch):
    class Built(Exception):
        pass

    def built(*_: object) -> None:
        assert not place.warehouse.exists()
        raise Built

    for module in ("run", "demo"):
        monkeypatch.setattr(importlib.import_module(f"orchestration.command.{module}"), "run_quarters", built)
    for quarter in ("2023-Q1", "2023-Q4"):
        landed = place.landing / quarter / "kent" / "return.csv"
        landed.parent.mkdir(parents=True, exist_ok=True)
        landed.write_text("a return")
    of_other_bytes(place.warehouse)
    answer = CliRunner().invoke(cpai, ["--home", str(place.root), *words])
    assert isinstance(answer.exception, Built), answer.output
    assert "was damaged: it is kept as" in answer.stderr


@pytest.mark.parametrize("fault", ["Permission denied", "Input/output error", "Too many open files"])
def test_a_warehouse_that_the_system_keeps_from_us_is_not_taken_for_a_damaged_one(place, fault, monkeypatch):
    def refused(file: str, **_more: object) -> None:
        raise duckdb.IOException(f'IO Error: Could not read from file "{file}": {fault}')

    monkeypatch.setattr(duckdb, "connect", refused)
    with pytest.raises(turns.WarehouseClosed) as closed:
        turn(place, patience=0, builds_again=True).__enter__()
    assert not isinstance(closed.value, turns.WarehouseDamaged)
    assert place.warehouse.exists() and not place.damaged.exists()


def test_a_time_to_wait_that_is_no_number_is_wrong_usage(place, monkeypatch):
    monkeypatch.setenv("CPAI_WAIT", "long")
    said = CliRunner().invoke(cpai, ["--home", str(place.root), "run", "2023-Q1"])
    assert (said.exit_code, said.stderr) == (
        2,
        "CPAI_WAIT is 'long': give the seconds to wait for the warehouse\n",
    )


def test_a_key_is_made_once_however_many_ask_for_it_at_once(tmp_path, monkeypatch):
    from orchestration.keys import token_key

    monkeypatch.delenv("CPAI_TOKEN_KEY", raising=False)
    with ThreadPoolExecutor(8) as several:
        keys = set(several.map(token_key, [Home(tmp_path / "new")] * 40))
    assert len(keys) == 1
    assert re.fullmatch("[0-9a-f]{64}", keys.pop())


class TestPool:
    """What Dagster has of it: one place, whatever the home's age, and not held by the dead."""

    @pytest.fixture
    def old(self, tmp_path) -> Home:
        """A home whose settings were written before there was a limit."""
        home = Home(tmp_path / "old")
        home.dagster.mkdir(parents=True)
        settings = "telemetry:\n  enabled: false\n"
        (home.dagster / "dagster.yaml").write_text(settings)
        with dg.DagsterInstance.from_config(str(home.dagster)) as storage:
            assert storage.event_log_storage.get_concurrency_info(jobs.POOL).slot_count == 0
        return home

    def test_a_second_step_is_not_let_in(self, old):
        with jobs.instance(old) as storage:
            log = storage.event_log_storage
            assert log.claim_concurrency_slot(jobs.POOL, "run-1", "dbt").is_claimed
            assert not log.claim_concurrency_slot(jobs.POOL, "run-2", "gate").is_claimed

    def test_what_a_killed_run_held_is_given_back(self, old):
        with jobs.instance(old) as storage:
            storage.event_log_storage.claim_concurrency_slot(jobs.POOL, "killed", "dbt")
        with jobs.instance(old) as storage:
            jobs.free_pool(storage)
            assert storage.event_log_storage.claim_concurrency_slot(jobs.POOL, "run-2", "gate").is_claimed


@dg.op
def nothing_much() -> None:
    pass


@dg.job(executor_def=jobs.one_run_at_a_time)
def a_job() -> None:
    nothing_much()


def test_a_run_of_dagsters_waits_and_its_log_says_for_whom(place, monkeypatch):
    monkeypatch.setenv("CPAI_HOME", str(place.root))
    with another(HOLDS, place.root, 60) as pid, jobs.instance(place) as storage:
        report = storage.report_engine_event

        def told(message, *what, **more) -> None:
            report(message, *what, **more)
            if message.startswith("waiting for "):
                os.kill(pid, signal.SIGKILL)  # its turn ends as soon as it was waited for

        monkeypatch.setattr(storage, "report_engine_event", told)
        ran = dg.execute_job(dg.reconstructable(a_job), storage)
        messages = [
            entry.dagster_event.message or "" for entry in storage.all_logs(ran.run_id) if entry.dagster_event
        ]
    assert ran.success
    assert any(message.startswith(f"waiting for process {pid} (cpai run 2023-Q1)") for message in messages)


@dg.op
def note() -> None:
    from orchestration.home import home

    log.note(home(), "combination", "warehouse built")


@dg.job(executor_def=jobs.one_run_at_a_time)
def noting() -> None:
    note()


@pytest.mark.parametrize(
    ("tags", "by"),
    [
        ({"dagster/schedule_name": "quarterly"}, ("schedule", "quarterly")),
        ({"dagster/sensor_name": "landing_sensor"}, ("sensor", "landing_sensor")),
        ({}, ("Dagster", doors.operator())),
    ],
)
def test_what_a_run_of_dagsters_does_is_in_the_log_by_what_started_it(place, monkeypatch, tags, by):
    monkeypatch.setenv("CPAI_HOME", str(place.root))
    before = doors.by()
    with jobs.instance(place) as storage:
        assert dg.execute_job(dg.reconstructable(noting), storage, tags=tags).success
    with open_ledger(place).connect() as connection:
        (entry,) = connection.execute(log_entries.select())
    assert (entry.door, entry.who) == by
    assert doors.by() == before != by, "the next run of the process is not by it"


def told(home: Home, *words: str) -> subprocess.Popen:
    return subprocess.Popen(
        [*CPAI, "--home", str(home.root), *words], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )


@pytest.mark.proof
@pytest.mark.xdist_group("year")
@pytest.mark.parametrize(
    "which", ["run, run", "run, publish", "run, import", "publish, publish", "new: run, run"]
)
def test_two_hands_at_once_both_do_their_work(year, tmp_path, which):
    """Of a small year that is built already, and of a home that holds nothing but landing/."""
    place = Home(tmp_path / "home")
    if which.startswith("new"):
        shutil.copytree(year.home.landing, place.landing)
    else:
        shutil.copytree(year.home.root, place.root, symlinks=True)
    readings = str(year.home.root / "readings" / "2023-Q1.csv")
    does = {
        "run": iter([("run", "2023-Q1"), ("run", "2023-Q2")]),
        "publish": iter([("publish", "2023"), ("publish", "2023-Q1")]),
        "import": iter([("read", "import", readings)]),
    }
    both = [told(place, *next(does[name])) for name in which.removeprefix("new: ").split(", ")]
    answers = [(*one.communicate(timeout=900), one.returncode) for one in both]
    # Kent's second delivery of the third quarter alone is refused, and Cleveland's first of the second
    assert all(code in (0, 1) for *_, code in answers)
    everything = "".join(out + err for out, err, _ in answers)
    assert "Traceback" not in everything
    assert "Could not set lock" not in everything
    assert "failed" not in everything
    assert everything.count("waiting for process ") >= (0 if "import" in which else 1)
    for (out, err, code), name in zip(answers, which.removeprefix("new: ").split(", "), strict=True):
        said = {"run": "in CPAI", "publish": "2023", "import": "already in the ledger"}[name]
        assert said in out, (name, code, err)
