"""A run killed (SIGKILL) at any of its steps and started again ends as if it had not been."""

import multiprocessing
import os
import shutil
import signal
import subprocess
import sys
import time

import pytest
from built import tables_of
from killed_intake import receive_until_killed
from test_intake import QUARTER, a_return, land, state
from waiting import until
from written import crime, victim

from orchestration.home import Home
from orchestration.returns.intake import receive

processes = multiprocessing.get_context("forkserver")
processes.set_forkserver_preload(["orchestration.returns.intake"])


@pytest.fixture(scope="module")
def landed(tmp_path_factory):
    """A home in which there has landed what takes every way through intake."""
    home = Home(tmp_path_factory.mktemp("landed") / "home")
    land(home, records=a_return("kent", 2), delivery="2-part-1-of-2")
    second = land(home, records=a_return("kent", 3), delivery="2-part-2-of-2")["return.csv"]
    (second.parent / "explanations.csv").write_text("rule,crime_reference,explanation\nCR13,,So it is\n")
    refused = land(home, records=a_return("kent"), delivery="3")["return.csv"]
    refused.write_bytes(refused.read_bytes().replace(b"LocalID", b"Local"))
    crimes = [crime(1, "36/{}/23"), crime(2, "37/{}/23")]
    persons = [victim(one) for one in crimes]
    land(home, "norfolk-and-suffolk", {"crimes": crimes, "victims": persons, "suspects": []})
    note = home.landing / QUARTER / "surrey" / "NIL"
    note.parent.mkdir()
    note.write_text("A. Officer, 2023-04-03")
    return home


@pytest.fixture(scope="module")
def calm(landed, tmp_path_factory):
    """The state of a home whose run was not killed."""
    home = Home(tmp_path_factory.mktemp("calm") / "home")
    shutil.copytree(landed.landing, home.landing)
    receive(home, QUARTER)
    return state(home)


def killed(home, at=None):
    """The exit code of a run in a process that dies before step `at`; what it printed."""
    heard, said = processes.Pipe(duplex=False)
    process = processes.Process(target=receive_until_killed, args=(home, QUARTER, at, said))
    process.start()
    process.join(120)
    return process.exitcode, heard.recv() if heard.poll() else None


@pytest.fixture
def new_home(landed, tmp_path_factory):
    def make():
        home = Home(tmp_path_factory.mktemp("killed") / "home")
        shutil.copytree(landed.landing, home.landing)
        return home

    return make


def assert_ends_as_if_it_had_not_been(home, calm, at):
    assert killed(home, at) == (-signal.SIGKILL, None)
    receive(home, QUARTER)
    assert state(home) == calm, f"killed before step {at}"
    shutil.rmtree(home.root, ignore_errors=True)  # to save room; SQLite removes its own files beside us


def test_killed_at_steps_spread_over_the_run(new_home, calm):
    ended, steps = killed(new_home())
    assert ended == 0 and steps > 60
    for at in range(1, steps + 1, steps // 6):
        assert_ends_as_if_it_had_not_been(new_home(), calm, at)


@pytest.mark.proof
def test_killed_at_every_step(new_home, calm):
    _, steps = killed(new_home())
    for at in range(1, steps + 1):
        assert_ends_as_if_it_had_not_been(new_home(), calm, at)


def test_killed_again_and_again(new_home, calm):
    """Each run gets some steps further than the last, in one home."""
    home = new_home()
    ends = [killed(home, at)[0] for at in range(5, 500, 50)]
    assert ends[0] == -signal.SIGKILL and ends[-1] == 0
    assert state(home) == calm


def test_two_runs_at_once_are_one_after_the_other(new_home, calm):
    home = new_home()
    pipes = [processes.Pipe(duplex=False) for _ in range(2)]
    runs = [
        processes.Process(target=receive_until_killed, args=(home, QUARTER, None, said))
        for _heard, said in pipes
    ]
    for run in runs:
        run.start()
    for run in runs:
        run.join(120)
    assert [run.exitcode for run in runs] == [0, 0]
    assert state(home) == calm


# the whole of `cpai run`: intake, then dbt ------------------------------------------------------------------


def a_run(home):
    return subprocess.Popen(
        [sys.executable, "-m", "orchestration.command", "--home", home.root, "run", QUARTER],
        env={**os.environ, "CPAI_TOKEN_KEY": "key of the tests, which is long enough"},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )


@pytest.mark.proof
def test_a_run_killed_while_the_warehouse_is_built(new_home):
    calm, home = new_home(), new_home()
    assert a_run(calm).wait(300) == 1  # one delivery is refused
    for seconds in (0, 2, 5):
        run = a_run(home)
        until(lambda run=run: home.warehouse.exists() or run.poll() is not None, "a warehouse is begun")
        time.sleep(seconds)
        run.kill()
        assert run.wait() == -signal.SIGKILL
    assert a_run(home).wait(300) == 1
    assert tables_of(home) == tables_of(calm)
    assert len(tables_of(home)) > 50
    assert state(home)[1:] == state(calm)[1:]
