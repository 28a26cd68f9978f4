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
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NoReturn

INTERRUPTED = "interrupted: give the same command again, and it goes on from what is done"
AS_INTERRUPTED = 130  # as a shell gives for what Ctrl-C ended
GRACE = 1.5  # seconds to end by itself after Ctrl-C: a statement of DuckDB's hears nothing before its end

DAMAGED = r"file is not a database|disk image is malformed|file is encrypted|Could not decode to UTF-8"  # as SQLite puts it
# by part of a home, how it comes back
WAY_BACK = {
    "archive": "restore it from a backup; it cannot be made again",
    "dagster": "restore it from a backup, or move the folder dagster/ away: its list of earlier runs is then lost, and nothing "
    "else",
    "dbt": "remove the folder dbt/: it is made again",
    "history": "restore it from a backup; earlier results of rules are nowhere else",
    "intake.lock": "remove it: it is made anew",
    "home.json": "restore it from a backup, or remove it where all else is there",
    "landing": "put the return there again, as the force sent it",
    "ledger.db": "restore it from a backup; it cannot be made again",
    "outbox": "move it away: messages that are open in it are then lost",
    "packs": "remove it, and give the same command again",
    "raw": "`cpai run <quarter>` makes it again from the archive",
    "reading": "remove it: `cpai run <quarter>` writes it again",
    "releases": "restore the release from a copy",
    "reports": "remove it, and give the same command again",
    "token.key": "restore it from the backup of keys; it cannot be made again",
    "warehouse.lock": "remove it: it is made anew",
    "warehouse.duckdb": "move it away: `cpai run <quarter>` builds it again",
    "warehouse.duckdb.wal": "move it and warehouse.duckdb away: `cpai run <quarter>` builds it again",
}
# messages of the system, SQLite, DuckDB, Arrow and PostgreSQL on states that can be expected, and ours instead
STATES = (
    (
        r"No space left on device|disk is full|[Dd]isk quota exceeded|File too large|Errno (28|27)\b",
        "the disk is full: make room, then give the same command again; what was done before stays",
    ),
    (
        DAMAGED,
        "the ledger or a file of dagster/ is damaged: restore it from a backup; the folder dagster/ may be moved away, its "
        "list of earlier runs is then lost and nothing else",
    ),
    (
        r"database is locked|database table is locked",
        "the ledger has been in use by another command for half a minute: try again when that has ended",
    ),
    (
        r"Read-only file system|Permission denied|Errno 13\b|Operation not permitted|readonly database|"
        r"unable to open database file",
        "{file} may not be read or written by this user: correct its owner and permissions, or name another place",
    ),
    (
        r"Out of Memory Error",
        "DuckDB needs more memory than it may take: give it more by CPAI_MEMORY, then give the same command again; what was "
        "done before stays",
    ),
    (
        r"Too many open files",
        "too many files are open: raise the limit (ulimit -n), then give the same command again",
    ),
    (
        r"disk I/O error",  # as SQLite puts a full disk, too
        "the disk is full or reports a fault: make room, then give the same command again; what was done before stays",
    ),
    (r"Input/output error", "{file} cannot be read or written: the disk reports a fault"),
    (
        r"connection to server|could not connect|could not translate host name|server closed the connection",
        "the PostgreSQL server of the ledger does not answer: see CPAI_LEDGER_URL, and whether it runs",
    ),
)


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


class Stopped(Exception):
    """A state that can be expected, in sentences with what to do: the command prints them and ends with `code`."""

    code = 1

    def __init__(self, *sentences: str) -> None:
        super().__init__("\n".join(sentences))
        self.sentences = list(sentences)


class NotThere(Stopped, LookupError):
    """There is no such thing, or no such thing yet."""

    code = 2


def way_back(file: object) -> str:
    """What to do about a file that is damaged or missing, by the part of the home that it is in."""
    home = os.environ.get("CPAI_HOME")
    below = (
        Path(str(file)).parts[len(Path(home).parts) :]
        if home and Path(str(file)).is_relative_to(home)
        else ()
    )
    return WAY_BACK.get(below[0] if below else "", "restore it from a copy, or name another place")


class Damaged(Stopped):
    """A file that is not what it was, or not there, in a sentence with its way back."""

    def __init__(self, file: object, what: str = "is damaged") -> None:
        super().__init__(f"{file} {what}: {way_back(file)}")


def read_json(file: Path) -> Any:
    """A JSON file of a home. Raises Damaged."""
    try:
        return json.loads(file.read_text(encoding="utf-8"))
    except ValueError:
        raise Damaged(file) from None


# DuckDB on a Parquet file whose bytes are others, often without its name
OF_PARQUET = r"TProtocolException|thrift|don't know what type|ZSTD|[Ss]nappy"
# how tools put it, of a file that they name
FAULTS = (
    (r"Is a directory|is a directory", "is a folder and no file"),
    (r"[Nn]o such file|No files found|does not exist|needs at least one file", "is missing"),
    (
        r"not a valid DuckDB database file|Serialization Error|[Cc]orrupt|[Cc]hecksum|[Mm]agic bytes|Parquet|thrift|"
        rf"{OF_PARQUET}|Failed to read|Could not read|could not open|replaying|INTERNAL",
        "is damaged",
    ),
)


def shows_damage(problem: Exception) -> bool:
    """Whether a tool says of a file that its content is damaged: not that the system refused it, nor what it is instead."""
    message = str(problem)
    if any(re.search(pattern, message) for pattern, _ in STATES):
        return False
    return next((what for pattern, what in FAULTS if re.search(pattern, message)), "") == "is damaged"


def state(message: str, file: str = "") -> str:
    """The sentence for the `message` of some tool on a state that can be expected; blank for any other fault."""
    home = os.environ.get("CPAI_HOME")
    named = _named(message) or file
    if not named and home and re.search(r"computed checksum|Corrupt database", message):
        named = str(Path(home, "warehouse.duckdb"))  # a release is verified before it is read
    if not named and home and re.search(OF_PARQUET, message):
        named = str(_damaged_parquet(Path(home)) or Path(home, "raw"))
    for pattern, sentence in STATES:
        if re.search(pattern, message):
            return sentence.format(file=named or "a file")
    for pattern, what in FAULTS if named and home and Path(named).is_relative_to(home) else ():
        if re.search(pattern, message):
            return f"{named} {what}: {way_back(named)}"
    return ""


def _damaged_parquet(home: Path) -> Path | None:
    """The first Parquet file that a build or a release reads and that cannot be read."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    for path in (
        file for part in ("history", "raw", "reading") for file in sorted((home / part).rglob("*.parquet"))
    ):
        try:
            pq.read_table(path)
        except (pa.ArrowException, OSError):
            return path
    return None


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


def _named(message: str) -> str:
    """The file that a message names: in quotes, else somewhere in the home."""
    found = re.search(r"'(/[^']+)'|\"(/[^\"]+)\"", message)
    home = os.environ.get("CPAI_HOME")
    if not found and home:
        found = re.search(rf"({re.escape(home)}/[^\s:,]+)()", message)
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


@contextmanager
def unwatched() -> Iterator[None]:
    """Ctrl-C is a server's to hear meanwhile: it ends by itself, and then raises the signal a second time."""
    watching = signal.set_wakeup_fd(-1)
    try:
        yield
    finally:
        signal.set_wakeup_fd(watching, warn_on_full_buffer=False)


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
