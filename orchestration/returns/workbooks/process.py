"""Workbooks and ZIPs are opened in processes of their own, within limits of memory and time: one that dies is a refusal of
the file it was given, and the next file gets a new one.

A process costs 0.1 s to start and is kept for the files that come after, as long as all goes well.
"""

import atexit
import os
import pickle
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from orchestration.returns import file_safety
from orchestration.returns.reasons import Unreadable, unreadable
from orchestration.returns.workbooks import counting
from orchestration.returns.workbooks.cells import lay_out
from orchestration.returns.workbooks.ods import Ods
from orchestration.returns.workbooks.xls import Xls
from orchestration.returns.workbooks.xlsx import Xlsx

BOOKS = {"xls": Xls, "ods": Ods, "xlsx": Xlsx, "xlsm": Xlsx}

# what one workbook may ask for; 10 million cells take 0.6 GB
MEMORY = 2 * 1024**3
# a workbook of 50,000 records takes seconds, on a busy machine some tens; each 250 kB of a larger one gets a second more
SECONDS = 60
BYTES_A_SECOND = 250_000
# a process that has grown beyond this is not kept
KEPT = 512 * 1024**2

START = "import sys; sys.path[:] = {path!r}; from orchestration.returns.workbooks.process import serve; serve({memory})"


class Died(Exception):
    """The process ended, or was ended, before it answered: `why` is memory, time or damage."""

    def __init__(self, why: str) -> None:
        super().__init__(why)
        self.why = why


class Process:
    """One process that opens files: asked, it answers, raises Unreadable, or Died."""

    def __init__(self) -> None:
        path = [place or str(Path.cwd()) for place in sys.path]
        start = START.format(path=path, memory=MEMORY)
        process = subprocess.Popen(  # noqa: S603 this Python, our own words
            [sys.executable, "-I", "-c", start],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
        )
        assert process.stdin and process.stdout
        self._process, self._asked, self._answers = process, process.stdin, process.stdout
        self.owner, self.fresh, self.alive = os.getpid(), True, True

    def ask(self, seconds: float, *request: Any) -> Any:
        late = threading.Event()

        def end() -> None:
            late.set()
            self._process.kill()

        timer = threading.Timer(seconds, end)
        timer.daemon = True
        timer.start()
        try:
            pickle.dump(request, self._asked)
            self._asked.flush()
            outcome, answer = pickle.load(self._answers)  # noqa: S301 our own process
        except (EOFError, OSError, pickle.UnpicklingError):
            self.close()
            raise Died("time" if late.is_set() else "damage") from None
        except BaseException:
            # whoever asked was interrupted: what comes later answers no other question
            self.close()
            raise
        finally:
            timer.cancel()
        if outcome == "memory":
            self.close()
            raise Died("memory")
        if outcome == "refused":
            raise Unreadable(*answer)
        if outcome == "ours":
            raise answer
        return answer

    def close(self) -> None:
        self.alive = False
        self._process.kill()
        with suppress(OSError):  # what was not yet written to it
            self._asked.close()
        self._answers.close()
        self._process.wait()


_idle: list[Process] = []


def _taken() -> Process:
    while _idle:
        with suppress(IndexError):
            process = _idle.pop()
            # one that was started before this process was forked belongs to another
            if process.owner == os.getpid():
                return process
    return Process()


@atexit.register
def close_idle() -> None:
    """End the processes that wait for a file."""
    while _idle:
        process = _idle.pop()
        if process.owner == os.getpid():
            process.close()


class Opener:
    """What is asked about one file: in a process that others were read in before, again in a new one if that one dies."""

    def __init__(self, name: str, path: Path) -> None:
        self._name, self._path, self._process = name, path, _taken()
        self._ended: Unreadable | None = None
        self._seconds = SECONDS + path.stat().st_size / BYTES_A_SECOND

    def ask(self, what: str, *request: Any) -> Any:
        """The answer to one question. Raises Unreadable, where the process dies too; then to every question after."""
        if self._ended:
            raise self._ended
        try:
            return self._process.ask(self._seconds, what, self._name, self._path, *request)
        except Died as death:
            if self._process.fresh or death.why == "time":
                raise self._refusal(death.why) from None
        self._process = Process()
        try:
            return self._process.ask(self._seconds, what, self._name, self._path, *request)
        except Died as death:
            raise self._refusal(death.why) from None

    def _refusal(self, why: str) -> Unreadable:
        reasons = {
            "memory": f"needs more than {MEMORY / 1024**3:.0f} GB of memory to be read, more than any return does; send the "
            "table alone in a new workbook, or in parts.",
            "time": f"takes more than {self._seconds:,.0f} seconds to be read, more than any return does; send the table "
            "alone in a new workbook, or in parts.",
            "damage": "ends the program that reads it: it is damaged, or asks for more memory than there is; send the table "
            "alone in a new workbook.",
        }
        self._ended = unreadable("FL34", f"{self._name}: {reasons[why]}")
        return self._ended

    def done(self) -> None:
        """Let the process have another file."""
        self._process.fresh = False
        with suppress(Died, Unreadable):
            if self._process.alive and self._process.ask(SECONDS, "done", self._name, self._path) <= KEPT:
                _idle.append(self._process)
                return
        self._process.close()


@contextmanager
def opener(name: str, path: Path) -> Iterator[Opener]:
    """Someone who opens one file."""
    one = Opener(name, path)
    try:
        yield one
    finally:
        one.done()


# in the process itself ----------------------------------------------------------------------------------------


def serve(memory: int) -> None:
    """Answer until there are no more requests."""
    _limit(memory)
    questions, answers = sys.stdin.buffer, os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)  # whatever a library prints is no answer
    served = _Served()
    while True:
        try:
            what, *request = pickle.load(questions)  # noqa: S301 who started this asks
        except EOFError:
            return
        try:
            answer = "done", getattr(served, what)(*request)
        except Unreadable as problem:
            answer = "refused", problem.reasons
        except MemoryError:
            answer = "memory", None
        except OSError as problem:
            answer = "ours", problem
        except Exception as problem:
            # the type alone: a message may quote a record
            why = f"{request[0]}: cannot be read ({type(problem).__name__}); send the table alone in a new workbook."
            answer = "refused", unreadable("FL33", why).reasons
        pickle.dump(answer, answers, pickle.HIGHEST_PROTOCOL)
        answers.flush()


def _limit(memory: int) -> None:
    try:
        import resource
    except ImportError:  # Windows, where one person checks one return
        return
    _, hard = resource.getrlimit(resource.RLIMIT_AS)
    most = memory if hard == resource.RLIM_INFINITY else min(memory, hard)
    with suppress(ValueError, OSError):
        resource.setrlimit(resource.RLIMIT_AS, (most, hard))
        # a crash is raised to whoever asked, and needs no copy of what the file holds on a disk
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))


class _Served:
    """What can be asked. The workbook asked about last stays open."""

    def __init__(self) -> None:
        self._at_first = _most_memory()
        self._open: tuple[Path, str] | None = None
        self._book: Any = None

    def _opened(self, name: str, path: Path, form: str) -> Any:
        if self._open != (path, form):
            file_safety.check_workbook(path, name, form)
            self._open, self._book = None, None
            self._book = BOOKS[form](path, name)
            self._open = path, form
        return self._book

    def book(self, name: str, path: Path, form: str) -> tuple[list[str], list[str], bool]:
        """The names of its sheets, those hidden, and whether its days count from 1904."""
        book = self._opened(name, path, form)
        return book.names, book.hidden, book.from_1904

    def sheet(
        self,
        name: str,
        path: Path,
        form: str,
        sheet: str,
        most_rows: int | None,
        most_cells: int,
        most_characters: int,
    ) -> Any:
        """A sheet laid out."""
        book, where = self._opened(name, path, form), f"{name}, sheet {sheet}"
        cells = book.sheet(sheet, where, most_rows)
        if most_rows is None and form != "xls":
            read = len(cells.filled_rows())
            if form == "ods":
                counted = counting.ods_rows(path, book.entry, sheet, name)
            elif (counted := counting.xlsx_rows(path, book.entry(sheet), name)) != read:
                # texts that are there but empty count in the quick look
                counted = counting.xlsx_rows_carefully(path, book.entry(sheet), book.texts_entry, name)
            if read != counted:
                raise unreadable(
                    "ST16",
                    f"{where}: {read} rows were read, but {counted} are there by an independent count; write to the centre, and "
                    "send the table as CSV.",
                )
        return lay_out(cells, most_cells, most_characters)

    def unpack(self, name: str, path: Path, into: Path) -> dict[str, Path]:
        """The files of a ZIP."""
        return file_safety.unpack(path, name, into)

    def done(self, *_: Any) -> int:
        """Close what is open; by how much the most memory that this process has taken has grown since it began."""
        self._open, self._book = None, None
        return _most_memory() - self._at_first


def _most_memory() -> int:
    try:
        import resource
    except ImportError:
        return 0
    # a process begins with the peak of the one that started it
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
