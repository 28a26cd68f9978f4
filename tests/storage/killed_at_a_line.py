"""Work in a process of its own that is killed (SIGKILL) before the n-th line of its module that it comes to."""

import multiprocessing
import os
import signal
import sys
import threading
from collections.abc import Callable
from multiprocessing.connection import Connection
from pathlib import Path
from types import FrameType
from typing import Any

processes = multiprocessing.get_context("forkserver")
processes.set_forkserver_preload(
    ["duckdb", "orchestration.warehouse.compacting", "orchestration.warehouse.history"]
)


def _die() -> None:
    os.kill(os.getpid(), signal.SIGKILL)


def _counting(work: Callable, words: tuple, at: int | None, said: Connection) -> None:
    steps = 0

    def step(frame: FrameType, event: str, _: Any) -> Callable | None:
        nonlocal steps
        if frame.f_code.co_filename != work.__code__.co_filename:
            return None
        if event == "line":
            steps += 1
            if steps == at:
                _die()
        return step

    sys.settrace(step)
    work(*words)
    sys.settrace(None)
    said.send(steps)


def _watching(work: Callable, words: tuple, file: Path, size: int) -> None:
    def watch() -> None:
        while not (file.exists() and file.stat().st_size >= size):
            pass
        _die()

    threading.Thread(target=watch, daemon=True).start()
    work(*words)


def _run(target: Callable, *words: Any) -> int | None:
    process = processes.Process(target=target, args=words)
    process.start()
    process.join(120)
    return process.exitcode


def steps_of(work: Callable, *words: Any) -> int:
    """How many steps it takes; it is done then."""
    heard, said = processes.Pipe(duplex=False)
    assert _run(_counting, work, words, None, said) == 0
    return heard.recv()


def kill_at(at: int, work: Callable, *words: Any) -> None:
    _heard, said = processes.Pipe(duplex=False)
    assert _run(_counting, work, words, at, said) == -signal.SIGKILL


def kill_once_written(file: Path, size: int, work: Callable, *words: Any) -> None:
    """Killed when a file has so many bytes."""
    assert _run(_watching, work, words, file, size) == -signal.SIGKILL
