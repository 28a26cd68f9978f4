"""Whose turn it is with a home's warehouse: one process at a time receives, builds, publishes or reads there.

DuckDB lets one process write and no other read meanwhile, and a run builds what it received: a turn is a whole run.
A process that comes meanwhile waits, prints for whom, and gives up after CPAI_WAIT seconds. The lock is the system's:
it is released when its process ends, however it ends.
"""

import json
import os
import re
import shutil
import socket
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import TextIO

from orchestration.home import Home
from orchestration.printing import printable, say
from orchestration.stopping import Stopped, shows_damage, state_of

try:
    import fcntl
except ImportError:  # Windows, where `cpai check` alone is used, each in a home of its own
    fcntl = None

PATIENCE = 1800  # seconds: a national quarter is built in two minutes, a year at scale 50 in half an hour
QUIET = 0.5  # seconds that nobody needs to see
LOOKS_AGAIN = 0.1  # seconds
LONGEST = 200  # letters of a command

_mine: set[Path] = set()


class WarehouseClosed(Stopped, RuntimeError):
    """The warehouse cannot be had now: who holds it, or what to do."""


class WarehouseDamaged(WarehouseClosed):
    """The warehouse's file is there, and no tool can open it any more."""


class NoNumber(Stopped, ValueError):
    """A setting of the machine that is no number."""

    code = 2


def to_the_terminal(sentence: str) -> None:
    say(sentence, err=True)


@contextmanager
def turn(
    home: Home,
    doing: str = "",
    patience: float | None = None,
    notify: Callable[[str], None] = to_the_terminal,
    reads: bool = False,
    builds_again: bool = False,
) -> Iterator[None]:
    """The warehouse of `home` for this process alone, who only `reads` it or writes it, too; within a turn another is
    the same one. Who `builds_again` what is damaged begins without it: it is kept aside. Raises WarehouseClosed."""
    root = home.root.resolve()
    if root in _mine or not fcntl:
        yield
        return
    root.mkdir(parents=True, exist_ok=True)
    with (root / "warehouse.lock").open("a+", encoding="utf-8") as lock:

        def holder() -> str:
            if holder := _holder(lock, doing or command()):
                return holder
            try:
                return _opened_by(home, reads)
            except WarehouseDamaged:
                if not builds_again:
                    raise
                log = home.warehouse.with_name("warehouse.duckdb.wal")
                kept = keep_aside(home, home.warehouse, log)
                notify(f"{home.warehouse} was damaged: it is kept as {kept}, and is built again")
                return ""

        _wait(home, holder, _patience() if patience is None else patience, notify)
        _mine.add(root)
        try:
            yield
        finally:
            _mine.discard(root)
            lock.truncate(0)


@contextmanager
def alone(folder: Path) -> Iterator[None]:
    """A short lock on a folder itself: others wait, and a process that was killed leaves no lock behind."""
    descriptor = os.open(folder, os.O_RDONLY) if fcntl else None
    try:
        if fcntl and descriptor is not None:
            fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        if descriptor is not None:
            os.close(descriptor)


def write_whole(file: Path, content: str | bytes) -> None:
    """Whole or not at all, for its owner alone: a process that reads meanwhile never gets half of it."""
    aside = file.with_name(f".{file.name}.{os.getpid()}.{threading.get_ident()}")
    descriptor = os.open(aside, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "wb") as handle:
        handle.write(content.encode() if isinstance(content, str) else content)
        handle.flush()
        os.fsync(handle.fileno())
    aside.replace(file)


def to_the_disk(path: Path) -> None:
    """A file, or the names in a folder, are still there when the machine stops."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def swap_in(aside: Path, folder: Path) -> None:
    """A folder that was made aside in place of one that is there: whoever is killed leaves the old, the new or none."""
    old = folder.with_name(f".replaced-{folder.name}")
    shutil.rmtree(old, ignore_errors=True)
    if folder.exists():
        folder.rename(old)
    aside.rename(folder)
    shutil.rmtree(old, ignore_errors=True)


def command() -> str:
    """What this process was started as: `cpai run 2023-Q1`."""
    return _shortened([Path(sys.argv[0]).name, *sys.argv[1:]])


def _shortened(words: list[str]) -> str:
    text = printable(" ".join(words), lines=False)
    return text if len(text) <= LONGEST else f"{text[:LONGEST]}..."


def _patience() -> float:
    written = os.environ.get("CPAI_WAIT") or str(PATIENCE)
    try:
        return float(written)
    except ValueError:
        raise NoNumber(f"CPAI_WAIT is {written!r}: give the seconds to wait for the warehouse") from None


def _wait(home: Home, who: Callable[[], str], patience: float, notify: Callable[[str], None]) -> None:
    began, waits_for = time.monotonic(), ""
    while holder := who():
        waited = time.monotonic() - began
        if waited >= patience:
            raise WarehouseClosed(
                f"the warehouse of {home.root} is in use by {holder}: waited {patience:,.0f} s for it; try again when "
                "that has ended, or wait longer: --wait SECONDS, or CPAI_WAIT"
            )
        if holder != waits_for and waited >= min(QUIET, patience):
            notify(f"waiting for {holder}")
            waits_for = holder
        time.sleep(LOOKS_AGAIN)
    if waits_for:
        notify(f"going on after {time.monotonic() - began:,.0f} s of waiting")


def _holder(lock: TextIO, doing: str) -> str:
    """Whose turn it is; blank where it is ours."""
    assert fcntl, "a turn is for a system that has locks"
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return _noted(lock)
    note = {"pid": os.getpid(), "host": socket.gethostname(), "command": doing, "since": _moment(time.time())}
    lock.truncate(0)
    lock.write(json.dumps(note))
    lock.flush()
    return ""


def _noted(lock: TextIO) -> str:
    lock.seek(0)
    try:
        note = json.loads(lock.read())
    except ValueError:  # it has the lock, and has not written yet
        return "another process"
    elsewhere = f" on {note['host']}" if note["host"] != socket.gethostname() else ""
    return f"process {note['pid']}{elsewhere} ({note['command']}), which has it since {note['since']}"


def _opened_by(home: Home, reads: bool) -> str:
    """Who has opened the warehouse's file without asking for a turn: a notebook, DuckDB's own command."""
    if not home.warehouse.exists():
        return ""
    import duckdb

    try:
        duckdb.connect(str(home.warehouse), read_only=reads).close()
    except duckdb.ConnectionException:
        return ""  # open in this process already
    except duckdb.Error as problem:
        if holder := held_by(problem):
            return holder
        if not home.warehouse.is_dir() and not shows_damage(problem):
            raise WarehouseClosed(
                state_of(problem) or f"{home.warehouse} cannot be opened: {problem}"
            ) from None
        raise WarehouseDamaged(
            f"{home.warehouse} is no warehouse that can be opened: `cpai run <quarter>` keeps it aside and builds it again"
        ) from None
    return ""


def keep_aside(home: Home, *parts: Path) -> Path:
    """Move what is damaged, and what belongs to it, into a folder of its own as evidence: where the first now is."""
    folder = home.damaged / _moment(time.time()).replace(" ", "T").replace(":", "")
    while folder.exists():
        folder = folder.with_name(f"{folder.name}-")
    folder.mkdir(parents=True)
    for part in parts:
        if part.exists():
            part.rename(folder / part.name)
    return folder / parts[0].name


def held_by(problem: Exception) -> str:
    """Who holds a file that DuckDB could not open; blank where something else is wrong with it."""
    if "Could not set lock" not in str(problem):
        return ""
    found = re.search(r"Conflicting lock is held in (.*?) ?\(PID (\d+)\)", str(problem))
    if not found:
        return "another process"
    process = Path("/proc") / found[2]
    try:
        words = process.joinpath("cmdline").read_text(encoding="utf-8", errors="replace").split("\0")
        since = f", which runs since {_moment(process.stat().st_ctime)}"
    except OSError:
        words, since = [found[1]], ""
    return f"process {found[2]} ({_shortened(words).strip()}){since}"


def _moment(seconds: float) -> str:
    return datetime.fromtimestamp(seconds).isoformat(sep=" ", timespec="seconds")
