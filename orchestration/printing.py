"""What the command prints: every letter of it can be shown, on any console.

Names of files, headings and cells come from outside. Printed as they came, a control code moves the cursor or colours
the screen, a direction mark turns a sentence round, and a letter that the console's encoding has not ends the command.
"""

import io
import sys
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


def say(text: object = "", err: bool = False) -> None:
    """Print a line: whatever a command says is said here."""
    click.echo(printable(str(text)), err=err)


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
