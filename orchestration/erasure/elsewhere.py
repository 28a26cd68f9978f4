"""What no step of ours reads again: exports, copies and feeds that somebody wrote into the home, messages, Dagster's logs.

A file that holds the reference, or the pseudonym that a feed has for it, goes whole: it is a copy and can be written again.
It is looked for as a word of its own in the bytes of a file, of what a ZIP holds, and in the cells of Parquet. In files
that cannot be looked into (an encrypted workbook) nothing is found: the dry run names those of the force.
"""

import hashlib
import hmac
import json
import re
import shutil
import zipfile
import zlib
from collections.abc import Iterable, Iterator
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from orchestration import keys, outbox
from orchestration.home import Home
from orchestration.releases import feeds
from orchestration.turns import write_whole

# parts of a home that have modules of their own; beside them, and in them, locks
OURS = {
    *("landing", "archive", "raw", "releases", "reading", "packs", "as_of", "damaged", "outbox", "dagster"),
    "history",
    *(
        "warehouse.duckdb",
        "warehouse.duckdb.wal",
        "warehouse.lock",
        "intake.lock",
        "home.json",
        "token.key",
        "erasures.jsonl",
    ),
    *("ledger.db", "ledger.db-wal", "ledger.db-shm"),
}
SHORTEST = 3  # letters: a shorter reference is found in any file
IN_PLACE = "[erased]"


def words(home: Home, force: str, references: Iterable[str]) -> "Words":
    """The references of a crime, and its pseudonyms in each feed that has them."""
    found = {one for one in references if len(one) >= SHORTEST}
    for name in feeds.names():
        if feeds.contract(name).pseudonymised:
            # a feed of before the key was changed has those of its key
            for key in keys.kept(home):
                of_feed = key.of(f"pseudonyms of {name}")
                found |= {
                    hmac.new(of_feed, f"{force}\n{one}".encode(), hashlib.sha256).hexdigest()
                    for one in references
                }
    return Words(found)


class Words:
    """Texts that are looked for as words of their own: `46/1/23` is not in `46/1/234`."""

    def __init__(self, texts: Iterable[str]) -> None:
        self._texts = sorted(texts)
        # as JSON, HTML and spreadsheets write a slash or an ampersand
        written = {
            form
            for text in self._texts
            for form in (text, json.dumps(text)[1:-1], text.replace("&", "&amp;"), text.replace("/", "\\/"))
        }
        forms = [re.escape(form) for form in sorted(written)]
        self._in_text = [re.compile(_word(form), re.IGNORECASE) for form in forms]
        self._in_bytes = [re.compile(_word(form).encode(), re.IGNORECASE) for form in forms]
        self._in_bytes += [
            re.compile(re.escape(text.encode("utf-16-le")), re.IGNORECASE) for text in self._texts
        ]

    def __bool__(self) -> bool:
        return bool(self._texts)

    def in_bytes(self, data: bytes) -> bool:
        return any(pattern.search(data) for pattern in self._in_bytes)

    def blanked(self, text: str) -> str:
        for pattern in self._in_text:
            text = pattern.sub(IN_PLACE, text)
        return text

    def in_file(self, path: Path) -> bool:
        """Raises CannotLook."""
        data = path.read_bytes()
        if self.in_bytes(data):
            return True
        if data[:4] == b"PAR1":
            return any(self.in_bytes(text.encode()) for text in _cells(path))
        if data[:4] == b"PK\x03\x04":
            return any(self.in_bytes(part) for part in _unpacked(path))
        if data[:2] == b"\x1f\x8b":
            return self.in_bytes(zlib.decompressobj(wbits=31).decompress(data))
        return False


def _word(pattern: str) -> str:
    return f"(?<![0-9A-Za-z]){pattern}(?![0-9A-Za-z])"


class CannotLook(Exception):
    """A file whose content cannot be looked into."""


def _cells(path: Path) -> Iterator[str]:
    table = pq.read_table(path, partitioning=None)
    for column in table.itercolumns():
        if pa.types.is_string(column.type) or pa.types.is_dictionary(column.type):
            yield "\n".join(str(cell) for cell in column.unique().to_pylist() if cell is not None)


def _unpacked(path: Path) -> Iterator[bytes]:
    try:
        with zipfile.ZipFile(path) as packed:
            for entry in packed.infolist():
                yield packed.read(entry)
    except (zipfile.BadZipFile, RuntimeError, zlib.error, NotImplementedError) as problem:
        raise CannotLook(str(path)) from problem


def copies(home: Home, found: Words) -> list[Path]:
    """Files and folders of feeds in the home, outside the parts that are ours, that hold one of the words."""
    if not found:
        return []
    hits: list[Path] = []
    for part in sorted(home.root.iterdir()):
        if part.name in OURS:
            continue
        for path in [part] if part.is_file() else sorted(part.rglob("*")):
            if path.is_file() and not path.is_symlink() and _holds(path, found):
                is_feed = (path.parent / "manifest.json").exists() and path.parent != home.root
                hits.append(path.parent if is_feed else path)
    return list(dict.fromkeys(hits))


def _holds(path: Path, found: Words) -> bool:
    try:
        return found.in_file(path)
    except (CannotLook, pa.ArrowInvalid):
        return False


def remove(paths: Iterable[Path]) -> None:
    for path in paths:
        if path.is_dir():
            shutil.rmtree(path)
        else:
            path.unlink(missing_ok=True)


def messages(home: Home, found: Words) -> int:
    """How many messages of the outbox have one of the words."""
    return sum(found.in_bytes(line.encode()) for line in _lines(home))


def _lines(home: Home) -> list[str]:
    file = home.root / "outbox" / outbox.FILE
    return file.read_text(encoding="utf-8").splitlines() if file.exists() else []


def blank_messages(home: Home, found: Words) -> None:
    """A message that has one of the words keeps its day and what it is about, and loses its sentence."""
    lines = _lines(home)
    written = []
    for line in lines:
        if found.in_bytes(line.encode()):
            message = json.loads(line) | {"sentence": IN_PLACE}
            line = json.dumps(message, ensure_ascii=False)
            if found.in_bytes(line.encode()):
                continue
        written.append(line)
    if written != lines:
        write_whole(home.root / "outbox" / outbox.FILE, "".join(f"{line}\n" for line in written))


def logged(home: Home, found: Words) -> bool:
    """Whether Dagster's logs of runs, or dbt's, have one of the words."""
    if not found:
        return False
    folder = home.dagster / "history"
    return any(found.in_bytes(path.read_bytes()) for path in sorted(folder.rglob("*")) if path.is_file())


def remove_logs(home: Home) -> None:
    """Dagster's record of past runs, whole: its events are pickled into pages of SQLite that cannot be taken out one by
    one. Schedules and their state are beside it and stay."""
    shutil.rmtree(home.dagster / "history", ignore_errors=True)
