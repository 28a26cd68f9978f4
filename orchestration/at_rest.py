"""Who of a machine's users may read a home: its owner, and of releases the group of analysts (`CPAI_ANALYSTS`).

The home's folder decides: nobody passes it, whatever stands below. Files are made for their owner alone whatever the
umask; a home that was open, by a restore or by an earlier version, is closed when it is next used.

Encryption is the file system's (orchestration/README.md, Encryption). With `CPAI_ENCRYPTED` set no command works in a home that
lies on none that the system shows: where it is not mounted, its mount point is an ordinary empty folder.
"""

import os
import re
import shutil
import stat
from collections.abc import Iterator
from pathlib import Path

from orchestration.home import Home
from orchestration.stopping import Stopped

OTHERS = stat.S_IRWXG | stat.S_IRWXO
THROUGH = 0o710  # the group of analysts passes the home on its way to releases, and sees nothing of it


# file systems that encrypt by themselves
ENCRYPTING = ("fuse.gocryptfs", "fuse.cryfs", "fuse.encfs", "ecryptfs")
MOUNTS, DEVICES = Path("/proc/self/mountinfo"), Path("/sys/dev/block")


class NotEncrypted(Stopped, RuntimeError):
    """`CPAI_ENCRYPTED` is set, and the home lies on no encrypted file system that can be seen."""


class NoGroup(Stopped, LookupError):
    """`CPAI_ANALYSTS` names no group that releases can be given to."""

    code = 2


def close(home: Home) -> None:
    """Make files for their owner alone from here on; close the home where it is open. Raises NoGroup, NotEncrypted."""
    os.umask(OTHERS)
    if os.environ.get("CPAI_ENCRYPTED") and not encryption(home.root):
        raise NotEncrypted(
            f"{home.root} lies on no encrypted file system that this machine shows, and CPAI_ENCRYPTED asks for one: mount it, "
            "then give the same command again"
        )
    if not home.root.is_dir() or os.name == "nt":
        return
    group = os.environ.get("CPAI_ANALYSTS")
    mode = THROUGH if group else stat.S_IRWXU
    if stat.S_IMODE(home.root.stat().st_mode) != mode:
        for path in _below(home.root):
            path.chmod(stat.S_IMODE(path.stat().st_mode) & ~OTHERS)
        home.root.chmod(mode)
    if group:
        _give(home, group)


def encryption(folder: Path) -> str:
    """What encrypts a folder's file system: its type, or `dm-crypt` (LUKS) below it; blank where the system shows nothing.
    A disk that encrypts itself, or one of a virtual machine whose host does, cannot be seen from here."""
    if not MOUNTS.exists():
        return ""
    place, found = folder.resolve(), ("", "", 0)
    for line in MOUNTS.read_text(encoding="utf-8").splitlines():
        before, _, after = line.partition(" - ")
        _, _, device, _, point, *_ = before.split()
        # the kernel writes a space in a path as \040
        at = Path(re.sub(r"\\([0-7]{3})", lambda octal: chr(int(octal[1], 8)), point))
        # of two mounts on one folder the later is seen
        if place.is_relative_to(at) and len(at.parts) >= found[2]:
            found = (after.split()[0], device, len(at.parts))
    kind, device, _ = found
    if kind in ENCRYPTING:
        return kind
    return "dm-crypt" if _is_crypt(DEVICES / device) else ""


def _is_crypt(device: Path) -> bool:
    """Whether a block device is dm-crypt, or all devices that it is made of are."""
    uuid = device / "dm" / "uuid"
    if uuid.exists() and uuid.read_text(encoding="utf-8").startswith("CRYPT-"):
        return True
    below = sorted((device / "slaves").glob("*"))
    return bool(below) and all(map(_is_crypt, below))


def _give(home: Home, group: str) -> None:
    """Releases to the group: to read, never to write."""
    try:
        shutil.chown(home.root, group=group)
        for path in (home.releases, *_below(home.releases)):
            if path.exists() and (path.group() != group or not path.stat().st_mode & stat.S_IRGRP):
                shutil.chown(path, group=group)
                owner = stat.S_IMODE(path.stat().st_mode) & stat.S_IRWXU
                path.chmod(owner | (owner & 0o500) >> 3)
    except (LookupError, PermissionError):
        raise NoGroup(
            f"CPAI_ANALYSTS is {group!r}, which is no group here that you are in: name a group of this machine, and join it"
        ) from None


def _below(folder: Path) -> Iterator[Path]:
    for at, folders, files in os.walk(folder):
        for name in (*folders, *files):
            path = Path(at, name)
            if not path.is_symlink():
                yield path
