"""What the command prints: every letter of it can be shown, on any console.

Names of files, headings and cells come from outside. Printed as they came, a control code moves the cursor or colours
the screen, a direction mark turns a sentence round, and a letter that the console's encoding has not ends the command.
"""

import io
import os
import sys
from collections.abc import Callable
from typing import Any, TextIO

import click


def printable(text: str, lines: bool = True) -> str:
    """`text` with each character that does not show (a control code, a direction mark, half a surrogate pair, any
    space but the plain one) written out: `\\x1b`, `\\u202e`. Line feeds stay where the text may have `lines`."""
    if text.isprintable():
        return text
    return "".join(
        letter
        if letter.isprintable() or (lines and letter == "\n")
        else letter.encode("unicode_escape").decode()
        for letter in text
    )


COLOURS = {"red": 31, "green": 32, "yellow": 33}

# how to print a line above a bar that is being shown: set by progress.py
above: Callable[[str], None] | None = None


def counted(count: int, what: str, many: str = "") -> str:
    """`1 report`, `2 reports`, `1,000 returns`."""
    return f"{count:,} {what if count == 1 else many or what + 's'}"


def is_terminal(stream: TextIO) -> bool:
    return stream.isatty() and os.environ.get("TERM") != "dumb"


def say(text: object = "", err: bool = False, colour: str = "") -> None:
    """Print a line: every line of a command is printed here. It has a `colour` on a terminal, unless NO_COLOR is set."""
    line = printable(str(text))
    stream = sys.stderr if err else sys.stdout
    if above and stream.isatty():
        above(line)
    elif colour and isinstance(stream, _Printable) and is_terminal(stream) and not os.environ.get("NO_COLOR"):
        stream.write_coloured(line, COLOURS[colour])
    else:
        click.echo(line, err=err)


class _Printable(io.TextIOWrapper):
    """A console to which nothing goes that it cannot show: what others print as well, in its usage errors, warnings,
    logs and tracebacks."""

    def __init__(self, stream: TextIO, **more: Any) -> None:
        self._shown = stream.encoding or "ascii"
        # an ASCII console: click would take it for a wrong setting, and go round this
        encoding = (
            "latin-1" if self._shown.lower() in ("ascii", "us-ascii", "ansi_x3.4-1968") else self._shown
        )
        super().__init__(stream.buffer, encoding, "backslashreplace", line_buffering=True, **more)

    def write(self, text: str) -> int:
        shown = printable(text).encode(self._shown, "backslashreplace").decode(self._shown)
        super().write(shown)
        return len(text)

    def write_coloured(self, line: str, colour: int) -> None:
        """A line that shows, in a colour: the one control code that is ours."""
        shown = line.encode(self._shown, "backslashreplace").decode(self._shown)
        super().write(f"\x1b[{colour}m{shown}\x1b[0m\n")
        self.flush()

    def __del__(self) -> None:
        # the stream beneath is Python's own, and stays open to its end
        pass


def make_consoles_printable() -> None:
    """Put a guard before both streams, once, where they are real ones."""
    for name in ("stdout", "stderr"):
        stream = getattr(sys, name)
        if isinstance(stream, io.TextIOWrapper) and not isinstance(stream, _Printable):
            stream.flush()
            setattr(sys, name, _Printable(stream))
