"""Deliveries read in processes of their own are the same, and leave nothing behind."""

import os
import signal
import subprocess
import sys
from concurrent.futures import BrokenExecutor, ProcessPoolExecutor, ThreadPoolExecutor
from pathlib import Path

import pytest
from test_intake import QUARTER, land, state
from waiting import until

from orchestration.home import Home
from orchestration.returns import read_ahead
from orchestration.returns.intake import receive


@pytest.fixture
def processes(monkeypatch):
    monkeypatch.setattr(read_ahead, "WORTH_PROCESSES", 0)
    return read_ahead.readers([])


def landed(home):
    land(home)
    refused = land(home, delivery="later")["return.csv"]
    refused.write_bytes(refused.read_bytes().replace(b"LocalID", b"Local"))


def test_only_much_to_read_is_worth_processes(tmp_path, monkeypatch):
    (tmp_path / "crimes.csv").write_bytes(b"1234")
    monkeypatch.setattr(read_ahead, "WORTH_PROCESSES", 5)
    with read_ahead.readers([tmp_path]) as few, read_ahead.readers([tmp_path, tmp_path]) as many:
        assert (type(few), type(many)) == (ThreadPoolExecutor, ProcessPoolExecutor)


def test_processes_read_what_threads_read(tmp_path, processes):
    threaded, apart = Home(tmp_path / "threaded"), Home(tmp_path / "apart")
    for home in (threaded, apart):
        landed(home)
    told = receive(threaded, QUARTER)
    with processes as readers:
        assert receive(apart, QUARTER, readers=readers) == told
        # 0.4 s of each reader's start
        assert not readers.submit(eval, "'pandas' in __import__('sys').modules").result()
    assert [receipt.status for receipt in told] == ["accepted", "refused"]
    assert state(apart) == state(threaded)


def test_a_killed_reader_refuses_no_return(tmp_path, processes):
    home = Home(tmp_path / "home")
    landed(home)
    with processes as readers:
        reader = readers.submit(os.getpid).result()
        os.kill(reader, signal.SIGKILL)
        with pytest.raises(BrokenExecutor):
            receive(home, QUARTER, readers=readers)
    assert [receipt.status for receipt in receive(home, QUARTER)] == ["accepted", "refused"]


LEAVES_A_READER = """
import os, signal
from orchestration.returns import read_ahead
if __name__ == "__main__":
    read_ahead.WORTH_PROCESSES = 0
    print(read_ahead.readers([]).submit(os.getpid).result(), flush=True)
    os.kill(os.getpid(), signal.SIGKILL)
"""


def test_a_reader_ends_with_a_parent_that_is_killed(tmp_path):
    script = tmp_path / "leaves_a_reader.py"
    script.write_text(LEAVES_A_READER)
    process = subprocess.run([sys.executable, script], stdout=subprocess.PIPE, text=True)
    assert process.returncode == -signal.SIGKILL
    reader = int(process.stdout)
    until(lambda: not running(reader), "the reader of a killed run ends too")


def running(pid: int) -> bool:
    """False for one that is no more, or that only waits for someone to take note of its end."""
    try:
        with Path(f"/proc/{pid}/stat").open() as told:
            return told.read().rsplit(")", 1)[1].split()[0] != "Z"
    except FileNotFoundError:
        return False
