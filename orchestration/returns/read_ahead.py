"""Reading ahead: while one delivery is written, the next ones are being read.

Reading is Python's work for a third of its time, so that two threads gain little: a year at scale 1 took 16 s. In
processes of their own it takes 10 s, but one costs a second to start, as much as reading 5 MB.
"""

import multiprocessing
import os
import sys
import tempfile
import threading
from collections import deque
from collections.abc import Iterable, Iterator
from concurrent.futures import Executor, ProcessPoolExecutor, ThreadPoolExecutor
from dataclasses import dataclass, replace
from fnmatch import fnmatchcase
from multiprocessing.connection import wait
from pathlib import Path
from typing import TypeVar

import pyarrow as pa

from orchestration.returns import mapping, opening, parsing, raw
from orchestration.returns.grids import Grid
from orchestration.returns.layouts.parts import Layout
from orchestration.returns.reasons import Reason, Unreadable
from orchestration.returns.repairs import Note

# deliveries being read while one is written
COUNT = 2
WORTH_PROCESSES = 5_000_000  # bytes

T = TypeVar("T")


def readers(folders: Iterable[Path]) -> Executor:
    """What reads the deliveries landed in `folders`: processes where there is much to read, else threads.

    Processes are started when the first delivery is handed to them, and not where none is.
    """
    landed = (path for folder in folders for path in folder.rglob("*") if path.is_file())
    if sum(path.stat().st_size for path in landed) < WORTH_PROCESSES:
        return ThreadPoolExecutor(COUNT)
    # not forked: this process has threads, and a lock one of them holds would be held in the child for ever
    started = multiprocessing.get_context("spawn")
    return ProcessPoolExecutor(COUNT, started, initializer=_begin)


def ahead(arrivals: Iterable[T]) -> Iterator[T]:
    """The same, in the same order, with COUNT more of them under way: memory is that of so many returns."""
    waiting: deque[T] = deque()
    for arrival in arrivals:
        waiting.append(arrival)
        if len(waiting) > COUNT:
            yield waiting.popleft()
    yield from waiting


@dataclass(frozen=True)
class Sent:
    """A table of a delivery: the record types it holds, its rows, and how many have text in any cell (None: not asked)."""

    file: str
    contains: tuple[str, ...]
    rows: int
    filled: int | None


@dataclass(frozen=True)
class Read:
    """What was read of a delivery: its tables, what was met in them, its records by type, and where their cells are as
    they were sent, a folder for each force."""

    tables: list[Sent]
    notes: list[Note]
    records: dict[str, pa.Table]
    as_sent: Path


def read(
    files: dict[str, Path], layout: Layout, forces: dict[str, str], aside: Path, listed: bool = False
) -> Read:
    """Read a delivery of `forces` (each with the prefix of its references), writing its cells into a folder of its own
    in `aside`; `listed`: a manifest has how many records there are.

    Asks nothing but these files, so that several deliveries can be read at once. Raises Unreadable.
    """
    notes: list[Note] = []
    grids = _grids(files, layout)
    records = mapping.records(grids, notes, forces)
    # here and not where records are written: the cells are more than the records, and would be handed over for it
    as_sent = Path(tempfile.mkdtemp(dir=aside))
    for force, prefix in forces.items():
        raw.write_as_sent(grids, as_sent / force, prefix)
    tables = [
        Sent(grid.file, grid.part.contains, grid.rows, mapping.filled_rows(grid) if listed else None)
        for grid in grids
    ]
    return Read(tables, notes, records, as_sent)


def _grids(files: dict[str, Path], layout: Layout) -> list[Grid]:
    """The tables of a delivery. Where each part has a file for every table, each is read as a return by itself and
    their records are joined; else the parts hold one return's files.
    """
    parts: dict[str, dict[str, str]] = {}
    for name in files:
        part, _, base = name.rpartition("/")
        parts.setdefault(part, {})[base] = name
    if len(parts) > 1 and not all(_whole(part, layout) for part in parts.values()):
        together = [(base, name) for part in parts.values() for base, name in part.items()]
        if twice := sorted({base for base, _ in together if sum(base == other for other, _ in together) > 1}):
            sentence = (
                f"{', '.join(twice)}: is in several parts of the return; give each file a name of its own."
            )
            raise Unreadable(Reason("FL18", sentence))
        parts = {"": dict(together)}
    grids = []
    # what a delivery may come to it may come to in all its parts together
    room = (opening.Room(),) if len(parts) > 1 else ()
    for part in parts.values():
        for grid in parsing.read({base: files[name] for base, name in part.items()}, layout, *room):
            grids.append(replace(grid, file=part.get(grid.file, grid.file)))
    return grids


def _whole(names: Iterable[str], layout: Layout) -> bool:
    return all(
        any(fnmatchcase(name.lower(), part.file_pattern.lower()) for name in names) for part in layout.parts
    )


def _begin() -> None:
    """What a reader does first."""
    sys.meta_path.insert(0, _NoPandas)
    _end_with_parent()


class _NoPandas:
    """Arrow imports pandas, for its types, when it is first given a value of Python's: 0.4 s of each reader's start."""

    @staticmethod
    def find_spec(name: str, _path: object = None, _target: object = None) -> None:
        if name == "pandas":
            raise ModuleNotFoundError(name)


def _end_with_parent() -> None:
    """A parent that is killed stops no reader, and its readers would wait for work for ever."""
    parent = multiprocessing.parent_process()
    assert parent, "a reader is started by another process"

    def watch() -> None:
        wait([parent.sentinel])
        os._exit(1)

    threading.Thread(target=watch, daemon=True).start()
