"""Who of a machine's users may read a home: its owner, and of releases the group of analysts (`CPAI_ANALYSTS`).

The home's folder decides: nobody passes it, whatever stands below. Files are made for their owner alone whatever the
umask; a home that was open, by a restore or by an earlier version, is closed when it is next used.
"""

import os
import shutil
import stat
from collections.abc import Iterator
from pathlib import Path

from orchestration.home import Home
from orchestration.stopping import Stopped

OTHERS = stat.S_IRWXG | stat.S_IRWXO
THROUGH = 0o710  # the group of analysts passes the home on its way to releases, and sees nothing of it


class NoGroup(Stopped, LookupError):
    """`CPAI_ANALYSTS` names no group that releases can be given to."""

    code = 2


def close(home: Home) -> None:
    """Make files for their owner alone from here on; close the home where it is open. Raises NoGroup."""
    os.umask(OTHERS)
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
