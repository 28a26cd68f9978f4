"""What a file may be before anything parses it.

Everything here looks at bytes, names and ZIP directories; nothing is evaluated and nothing leaves its folder.
"""

import errno
import lzma
import os
import re
import stat
import struct
import zipfile
import zlib
from pathlib import Path, PurePosixPath
from xml.etree import ElementTree

from orchestration.returns.landing import is_clutter
from orchestration.returns.reasons import Unreadable, unreadable

# Of a file, and of the files of a delivery in all. A force's quarter at 50 times the real volume is under 100 MB; text is
# read in the process that checks it, and takes four times its size.
LARGEST_FILE = 512 * 1024**2
# Real workbooks of 50,000 records unpack to 20 times their size and have about 15 entries.
LARGEST_UNPACKED = 2 * 1024**3
LARGEST_RATIO = 200
# below this any ratio is harmless: an empty sheet packs 1,000 times
SMALL = 10 * 1024**2
MOST_ENTRIES = 1_000
# 32,767 is what a spreadsheet's cell can hold; a summary pasted into a CSV has been seen at ten times that
LONGEST_CELL = 1_000_000
MOST_COLUMNS = 16_384
# of the sheets of a delivery in all; a force's quarter at 50 times the real volume is 300,000 rows x 50 columns
MOST_CELLS = 32_000_000
BLOCK = 1024**2

ZIP = b"PK\x03\x04"
OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
# What else is sent under a spreadsheet's name: a web page that a spreadsheet opens, a printout.
FOREIGN = {
    b"%PDF": "a PDF",
    b"{\\rtf": "a text document",
    b"\x1f\x8b": "a GZIP file",
    b"7z\xbc\xaf": "a 7-Zip file",
}
MARKUP = (b"<!doctype", b"<html", b"<table", b"<?xml")
STILL_COPYING = (".part", ".partial", ".filepart", ".crdownload", ".download", ".tmp")

# no-break and narrow no-break space, figure space
NO_BREAK = re.compile("[\u00a0\u202f\u2007]")


def still_being_written(name: str, before: os.stat_result, after: os.stat_result) -> bool:
    """A file that grew or was touched while it was copied, or has the name that a running download has."""
    return name.lower().endswith(STILL_COPYING) or (before.st_size, before.st_mtime_ns) != (
        after.st_size,
        after.st_mtime_ns,
    )


def plain_name(name: str) -> str:
    """A file's name with plain spaces: pasted ones are often no-break spaces, which look the same."""
    return NO_BREAK.sub(" ", name)


def check_size(path: Path, name: str, largest: int | None = None) -> None:
    largest = largest or LARGEST_FILE
    if path.stat().st_size > largest:
        raise unreadable("FL12", f"{name}: is larger than {size_text(largest)}; send it in parts.")
    if not path.stat().st_size:
        raise unreadable(
            "FL24", f"{name}: is empty; send the file again, or a file NIL if there is nothing to report."
        )


def check_text(start: bytes, name: str) -> None:
    """The first bytes of a file named as text are no workbook's, page's or printout's."""
    if kind := _kind(start):
        raise unreadable("FL10", f"{name}: is {kind} named as CSV; send it as text with separators.")


def too_wide(where: str, columns: int) -> Unreadable:
    """The refusal of a table with more columns than a spreadsheet can hold."""
    return unreadable(
        "FL22",
        f"{where}: has {columns:,} columns; a table has at most {MOST_COLUMNS:,}; export only the columns needed.",
    )


def check_workbook(path: Path, name: str, form: str) -> None:
    """A workbook is of the format of its name, whole, without password, macros, links and bombs.

    form: xlsx, xlsm, xls or ods. Raises Unreadable.
    """
    check_size(path, name)
    with path.open("rb") as file:
        start = file.read(512)
    if form == "xls":
        if not start.startswith(OLE):
            raise unreadable(
                "FL10", f"{name}: is {_kind(start) or 'another kind of file'} named as XLS; save it as XLS."
            )
        _check_ole(path, name)
        return
    if start.startswith(OLE):
        # Office wraps an encrypted XLSX in the container of the old format
        if "EncryptedPackage".encode("utf-16-le") in path.read_bytes():
            raise unreadable("FL07", f"{name}: is protected by a password; save it without one.")
        raise unreadable("FL10", f"{name}: is an old XLS workbook named as {form.upper()}; save it as XLSX.")
    if not start.startswith(ZIP):
        raise unreadable(
            "FL10",
            f"{name}: is {_kind(start) or 'another kind of file'} and not an {form.upper()} workbook; "
            f"save it again as {form.upper()}.",
        )
    with opened(path, name) as book:
        entries = {entry.replace("\\", "/").lower(): entry for entry in book.namelist()}
        wanted = "content.xml" if form == "ods" else "xl/workbook.xml"
        if wanted not in entries:
            raise unreadable(
                "FL10",
                f"{name}: is a ZIP file without the parts of an {form.upper()} workbook; send the workbook itself.",
            )
        _check_parts(book, entries, name)


def _check_ole(path: Path, name: str) -> None:
    data = path.read_bytes()
    if any(mark.encode("utf-16-le") in data for mark in ("_VBA_PROJECT", "_VBA_PROJECT_CUR")):
        raise unreadable("FL08", f"{name}: carries macros; save it as XLSX, which has none.")
    if "EncryptedPackage".encode("utf-16-le") in data:
        raise unreadable("FL07", f"{name}: is protected by a password; save it without one.")


def _check_parts(book: zipfile.ZipFile, entries: dict[str, str], name: str) -> None:
    for lower, entry in entries.items():
        if "vbaproject" in lower or "/macrosheets/" in lower or lower.startswith(("basic/", "scripts/")):
            raise unreadable("FL08", f"{name}: carries macros; save it as XLSX, which has none.")
        if lower.startswith(("xl/externallinks/", "xl/querytables/")) or lower == "xl/connections.xml":
            raise unreadable(
                "FL20",
                f"{name}: takes data from other files or a database; break the links and save it again.",
            )
        if lower.endswith((".xml", ".rels")):
            with book.open(entry) as part:
                # a document type stands before the first element; 64 KB is room for any comment before it
                head = part.read(64 * 1024)
            if b"<!DOCTYPE" in head or b"<!ENTITY" in head:
                raise document_type(name)


def document_type(where: str) -> Unreadable:
    """The refusal of XML that defines what it then means."""
    return unreadable(
        "FL19",
        f"{where}: its XML defines a document type or entities, which can hide anything; save it again with a "
        "spreadsheet program.",
    )


def unpack(path: Path, name: str, into: Path) -> dict[str, Path]:
    """Unpack a ZIP of record files into the folder `into`: `<name>/<file>` -> path.

    Folders inside are dropped, and so is what desktops add. Raises Unreadable.
    """
    check_size(path, name)
    with path.open("rb") as file:
        if not file.read(4).startswith(b"PK"):
            raise unreadable("FL10", f"{name}: is named ZIP but is not one; send the files themselves.")
    files: dict[str, Path] = {}
    with opened(path, name) as packed:
        into.mkdir(parents=True, exist_ok=True)
        for entry in packed.infolist():
            # some packers of Windows write its own separator, which the format does not have
            inside = entry.filename.replace("\\", "/")
            place = PurePosixPath(inside)
            leads_out = place.is_absolute() or ".." in place.parts
            if not leads_out and (inside.endswith("/") or any(map(is_clutter, place.parts))):
                continue
            if leads_out or ":" in inside:
                raise unreadable(
                    "FL15",
                    f"{name}: an entry's name leads out of its folder; pack the files again by plain names.",
                )
            mode = entry.external_attr >> 16
            if stat.S_IFMT(mode) not in (0, stat.S_IFREG):
                raise unreadable("FL16", f"{name}: holds a link or device; pack the files themselves.")
            base = plain_name(place.name)
            if not base.isprintable():
                raise unreadable(
                    "FL06", f"{name}: holds a file without a plain name; rename it and pack again."
                )
            shown = f"{name}/{base}"
            if shown.lower() in map(str.lower, files):
                raise unreadable("FL18", f"{shown}: is in the ZIP twice; keep one of them.")
            if place.suffix.lower() == ".zip":
                raise unreadable("FL17", f"{shown}: is a ZIP inside a ZIP; pack the files themselves.")
            # a number: no name from outside becomes a path
            target = into / str(len(files))
            with packed.open(entry) as source, target.open("wb") as out:
                while block := source.read(BLOCK):
                    out.write(block)
            files[shown] = target
    if not files:
        raise unreadable("FL24", f"{name}: is a ZIP without files; send the files themselves.")
    return files


# what Python's readers of ZIP and XML raise on bytes that are not what they should be
DAMAGE = (
    zipfile.BadZipFile,
    zlib.error,
    lzma.LZMAError,
    struct.error,
    NotImplementedError,
    RuntimeError,
    EOFError,
    IndexError,
    ElementTree.ParseError,
)


class opened:
    """A ZIP whose directory is within the caps. Damage met while it is open is refused as such."""

    def __init__(self, path: Path, name: str) -> None:
        self.path, self.name = path, name

    def __enter__(self) -> zipfile.ZipFile:
        try:
            self.book = zipfile.ZipFile(self.path)
        except (*DAMAGE, ValueError) as problem:
            raise self._damaged() from problem
        except OSError as problem:
            if problem.errno != errno.EINVAL:
                raise
            raise self._damaged() from problem
        try:
            self._check_directory()
        except BaseException:
            self.book.close()
            raise
        return self.book

    def __exit__(self, kind: type | None, problem: BaseException | None, trace: object) -> None:
        self.book.close()
        # seeking to where a damaged directory points is an error of the system, though not of our disk
        astray = isinstance(problem, OSError) and problem.errno == errno.EINVAL
        if astray or isinstance(problem, DAMAGE):
            raise self._damaged() from None

    def _check_directory(self) -> None:
        entries = self.book.infolist()
        if any(entry.flag_bits & 1 for entry in entries):
            raise unreadable("FL07", f"{self.name}: is protected by a password; pack it without one.")
        if len(entries) > MOST_ENTRIES:
            raise unreadable(
                "FL14",
                f"{self.name}: has {len(entries):,} entries, more than any return needs; send the table alone in a new workbook.",
            )
        unpacked = sum(entry.file_size for entry in entries)
        allowed = min(LARGEST_UNPACKED, max(SMALL, LARGEST_RATIO * self.path.stat().st_size))
        if unpacked > allowed:
            raise unreadable(
                "FL13",
                f"{self.name}: unpacks to {unpacked:,} bytes, more than any return needs; "
                "send the table alone in a new workbook.",
            )

    def _damaged(self) -> Exception:
        return unreadable("FL09", f"{self.name}: is cut short or damaged; send it again.")


def _kind(start: bytes) -> str:
    """What a file is by its first bytes, where that is no text with separators."""
    if start.startswith(ZIP):
        return "a workbook or ZIP file"
    if start.startswith(OLE):
        return "an old Office file"
    if start.lstrip(b"\xef\xbb\xbf \t\r\n").lower().startswith(MARKUP):
        return "a web page"
    return next((kind for mark, kind in FOREIGN.items() if start.startswith(mark)), "")


def size_text(size: int) -> str:
    """A size in words."""
    if size >= 1024**3:
        return f"{size / 1024**3:.0f} GB"
    return f"{size / 1024**2:.0f} MB" if size >= 1024**2 else f"{size:,} bytes"
