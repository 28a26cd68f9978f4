"""How far long work is: a bar with what it is at where a person looks at a terminal, plain lines elsewhere.

A step reports where it is (`at`, `over`), whether anybody looks or not: in Dagster and in tests nobody does.
"""

import sys
import time
from collections.abc import Callable, Iterable, Iterator, Sized
from contextlib import contextmanager
from typing import TypeVar

from orchestration import printing
from orchestration.printing import printable, say

T = TypeVar("T")


class _Lines:
    """Elsewhere: a line for each thing begun, with the time since the start."""

    def __init__(self) -> None:
        self.began = time.monotonic()
        self._last = ""

    def at(self, what: str, _done: int | None, _total: int | None, _detail: str) -> None:
        if what != self._last:
            self._last = what
            say(f"{clock(time.monotonic() - self.began):>7}  {what}", err=True)

    def end(self) -> None:
        pass


class _Bar:
    """On a terminal: one line that changes, and what is printed meanwhile above it."""

    def __init__(self) -> None:
        from rich.console import Console
        from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

        self.began = time.monotonic()
        console = Console(file=sys.__stderr__, highlight=False, markup=False, emoji=False)
        self._bar: Progress = Progress(
            TextColumn("{task.description}", markup=False),
            BarColumn(bar_width=None),
            TextColumn("{task.fields[count]}"),
            TimeElapsedColumn(),
            console=console,
            transient=True,
            expand=True,
            redirect_stdout=False,
            redirect_stderr=False,
        )
        self._task = self._bar.add_task("starting", total=None, count="")
        self._bar.start()
        self._before, printing.above = printing.above, self._say

    def _say(self, text: str) -> None:
        self._bar.console.print(text, soft_wrap=True)

    def at(self, what: str, done: int | None, total: int | None, detail: str) -> None:
        text = printable(f"{what}: {detail}" if detail else what, lines=False)
        room = max(20, self._bar.console.width // 2)
        text = text if len(text) <= room else f"{text[: room - 1]}\u2026"
        self._bar.update(
            self._task,
            description=text,
            completed=done or 0,
            total=total,
            count=f"{done}/{total}" if total else "",
        )

    def end(self) -> None:
        printing.above = self._before
        self._bar.stop()


_shown: _Lines | _Bar | None = None


@contextmanager
def shown() -> Iterator[None]:
    """Show how far the work is, and at its end how long it took; work within work is shown as one."""
    global _shown
    if _shown:
        yield
        return
    _shown = view = _Bar() if printing.is_terminal(sys.stderr) else _Lines()
    try:
        yield
    finally:
        _shown = None
        view.end()
    if (seconds := time.monotonic() - view.began) >= 1:
        say(f"done in {spelled(seconds)}", err=True)


def at(what: str, done: int | None = None, total: int | None = None, detail: str = "") -> None:
    """What is being done, and how much of it; `detail` changes too often for a line of its own."""
    if _shown:
        _shown.at(what, done, total, detail)


def over(
    what: str, things: Iterable[T], total: int | None = None, name: Callable[[T], str] = lambda _: ""
) -> Iterator[T]:
    """The same things, each shown as it is begun."""
    total = len(things) if total is None and isinstance(things, Sized) else total
    at(what, 0, total)
    for number, thing in enumerate(things, start=1):
        at(what, number - 1, total, name(thing))
        yield thing
        at(what, number, total, name(thing))


def clock(seconds: float) -> str:
    """`1:05`, `1:00:05`."""
    hours, rest = divmod(int(seconds), 3600)
    return f"{hours}:{rest // 60:02}:{rest % 60:02}" if hours else f"{rest // 60}:{rest % 60:02}"


def spelled(seconds: float) -> str:
    """`12 s`, `1 min 5 s`."""
    minutes, rest = divmod(round(seconds), 60)
    return f"{minutes} min {rest} s" if minutes else f"{rest} s"
