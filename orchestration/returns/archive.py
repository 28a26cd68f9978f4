"""The archive: every byte received, by SHA-256, written once. Refused files too: nothing received is lost."""

import hashlib
import os
from dataclasses import dataclass
from pathlib import Path

CHUNK = 1024**2


class ArchiveDamaged(Exception):
    """A file of the archive is missing, or no longer has the bytes that its name promises."""


@dataclass(frozen=True)
class Kept:
    """Where a received file's bytes are now."""

    sha256: str
    bytes: int
    path: Path


def keep(file: Path, archive: Path) -> Kept:
    """Copy a file to `archive/ab/abcdef…`, whole or not at all, and give where it is.

    What is read later is this copy, so a file that changes while it is read cannot differ from its receipt.
    Raises ArchiveDamaged where the archive has other bytes under that name.
    """
    archive.mkdir(parents=True, exist_ok=True)
    sha256, size = digest(file)
    path = place(archive, sha256)
    if path.exists():
        if digest(path) != (sha256, size):
            raise ArchiveDamaged(f"{path}: its bytes are not those of its name; restore it from a backup.")
        return Kept(sha256, size, path)
    # one name, as one intake runs at a time; what a killed run left goes, and may be read-only by then
    aside = archive / ".writing"
    aside.unlink(missing_ok=True)
    copied = hashlib.sha256()
    with file.open("rb") as source, aside.open("wb") as target:
        while chunk := source.read(CHUNK):
            copied.update(chunk)
            target.write(chunk)
        target.flush()
        os.fsync(target.fileno())
        size = target.tell()
    sha256 = copied.hexdigest()
    # named by what was copied: a file still being written has moved on since the first look
    path = place(archive, sha256)
    path.parent.mkdir(exist_ok=True)
    aside.chmod(0o400)
    aside.replace(path)
    return Kept(sha256, size, path)


def place(archive: Path, sha256: str) -> Path:
    """Where the archive has the bytes of a SHA-256, if it has them."""
    return archive / sha256[:2] / sha256


def take(archive: Path, sha256: str) -> Kept:
    """The file that was kept under a SHA-256. Raises ArchiveDamaged where it is missing or has other bytes."""
    path = place(archive, sha256)
    if not path.exists():
        raise ArchiveDamaged(f"{path}: is missing; restore it from a backup.")
    found, size = digest(path)
    if found != sha256:
        raise ArchiveDamaged(f"{path}: its bytes are not those of its name; restore it from a backup.")
    return Kept(sha256, size, path)


def digest(path: Path) -> tuple[str, int]:
    """SHA-256 and size of a file."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest(), file.tell()
