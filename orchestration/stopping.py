"""How a command that could not do its work ends: in sentences, whatever it was doing, and with an exit code."""

import json
import os
import re
import signal
import socket
import sys
import threading
import time
from collections.abc import Iterator
from typing import Any, NoReturn

INTERRUPTED = "interrupted: give the same command again, and it goes on from what is done"
AS_INTERRUPTED = 130  # as a shell gives for what Ctrl-C ended
GRACE = 5  # seconds to end by itself after Ctrl-C: a statement of DuckDB's hears nothing before its end

DAMAGED = r"file is not a database|disk image is malformed|file is encrypted"  # as SQLite puts it
# messages of the system, SQLite, DuckDB, Arrow and PostgreSQL on states that can be expected, and ours instead
STATES = (
    (
        r"No space left on device|disk is full|[Dd]isk quota exceeded|Errno 28\b",
        "the disk is full: make room, then give the same command again; what was done before stays",
    ),
    (
        DAMAGED,
        "the ledger or a file of dagster/ is damaged: restore it from a backup, then give the same command again",
    ),
    (
        r"database is locked|database table is locked",
        "the ledger has been in use by another command for half a minute: try again when that has ended",
    ),
    (
        r"not a valid DuckDB database file|Serialization Error|[Cc]orrupt|Checksum",
        "{file} is damaged: a release is restored from a copy; a warehouse is moved away, and `cpai run` builds it anew",
    ),
    (
        r"Parquet magic bytes|No magic bytes|Invalid: Parquet|Couldn't deserialize thrift|TProtocolException",
        "a Parquet file of the home is damaged: `cpai run` makes raw files again from the archive; a release is restored "
        "from a copy",
    ),
    (
        r"Read-only file system|Permission denied|Errno 13\b|Operation not permitted|readonly database|"
        r"unable to open database file",
        "{file} may not be read or written by this user: correct its owner and permissions, or name another place",
    ),
    (
        r"Too many open files",
        "too many files are open: raise the limit (ulimit -n), then give the same command again",
    ),
    (r"Input/output error", "{file} cannot be read or written: the disk reports a fault"),
    (
        r"connection to server|could not connect|could not translate host name|server closed the connection",
        "the PostgreSQL server of the ledger does not answer: see CPAI_LEDGER_URL, and whether it runs",
    ),
)


class Stopped(Exception):
    """A state that can be expected, in sentences with what to do: the command prints them and ends with `code`."""

    code = 1

    def __init__(self, *sentences: str) -> None:
        super().__init__("\n".join(sentences))
        self.sentences = list(sentences)


class NotThere(Stopped, LookupError):
    """There is no such thing, or no such thing yet."""

    code = 2


def stop(sentences: list[str], wants_json: bool = False, code: int = 1, **more: Any) -> NoReturn:
    """Print why, for people or as JSON, and end with an exit code."""
    # it brings click: Ctrl-C is heard before anything of weight is imported
    from orchestration.printing import say

    if wants_json:
        say(json.dumps({"done": False, "reasons": sentences, **more}, default=str))
    else:
        for sentence in sentences:
            say(sentence, err=True, colour="red")
    sys.exit(code)


def state(message: str, file: str = "") -> str:
    """The sentence for the `message` of some tool on a state that can be expected; blank for any other fault."""
    for pattern, sentence in STATES:
        if re.search(pattern, message):
            return sentence.format(file=file or _quoted(message) or "a file")
    return ""


def state_of(problem: BaseException) -> str:
    """As `state`, of an exception or of what caused it."""
    for one in _causes(problem):
        file = str(getattr(one, "filename", None) or "")
        # a bug may raise any words: only those of tools are used
        kind = f"{type(one).__module__}.{type(one).__name__}"
        if (
            isinstance(one, OSError)
            or kind.startswith(("sqlite3.", "duckdb.", "_duckdb.", "pyarrow.", "psycopg.", "sqlalchemy."))
        ) and (sentence := state(str(one), file)):
            return sentence
    return ""


def _causes(problem: BaseException | None) -> Iterator[BaseException]:
    while problem:
        yield problem
        problem = problem.__cause__ or problem.__context__


def _quoted(message: str) -> str:
    found = re.search(r"'(/[^']+)'|\"(/[^\"]+)\"", message)
    return (found[1] or found[2]) if found else ""


_interrupts: list[float] = []


def interrupted() -> bool:
    """Whether Ctrl-C was pressed, whoever caught what it raised."""
    return bool(_interrupts)


def watch_interrupts() -> None:
    """See to it that Ctrl-C ends this process with its sentence: at once when pressed twice, else within GRACE.

    Whatever handler stands (Dagster sets its own), the system wakes this thread as well.
    """
    if _watched or threading.current_thread() is not threading.main_thread():
        return
    ours, signalled = socket.socketpair()
    signalled.setblocking(False)
    signal.set_wakeup_fd(signalled.fileno(), warn_on_full_buffer=False)
    _watched.extend((ours, signalled))
    sys.unraisablehook = _unraisable
    threading.Thread(target=_watch, args=(ours,), daemon=True).start()


_watched: list[socket.socket] = []


def _unraisable(what: Any) -> None:
    """Ctrl-C that fell into a finaliser is thrown away by Python, with a traceback: the watch ends us all the same."""
    if not interrupted():
        sys.__unraisablehook__(what)


def _watch(ours: socket.socket) -> None:
    while signals := ours.recv(16):
        for number in signals:
            if number == signal.SIGINT:
                if _interrupts:
                    _leave()
                _interrupts.append(time.monotonic())
                threading.Timer(GRACE, _leave).start()


def _leave(*_signal: Any) -> NoReturn:
    os.write(2, f"{INTERRUPTED}\n".encode())
    os._exit(AS_INTERRUPTED)


def ending() -> None:
    """Every sentence is printed: what is still being put away may be interrupted without a traceback."""
    if threading.current_thread() is threading.main_thread():
        signal.signal(signal.SIGINT, _leave)
