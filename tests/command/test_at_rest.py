"""A home is its owner's: no other user of the machine reads a file of it, whatever the umask, the command or the past."""

import grp
import os
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from orchestration import at_rest
from orchestration.at_rest import NoGroup
from orchestration.home import Home


def open_to_others(root: Path) -> list[str]:
    paths = [root, *(path for path in root.rglob("*") if not path.is_symlink())]
    return [path.relative_to(root).as_posix() for path in paths if stat.S_IMODE(path.stat().st_mode) & 0o077]


@pytest.mark.parametrize("umask", [0o000, 0o022, 0o077])
def test_what_commands_make_is_their_owners_alone(tmp_path, umask):
    root = tmp_path / "home"
    for words in (["init", root], ["--home", root, "status"], ["--home", root, "room", "user", "list"]):
        subprocess.run(
            [sys.executable, "-m", "orchestration", *map(str, words)],
            preexec_fn=lambda: os.umask(umask),
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
    made = [path for path in root.rglob("*") if path.is_file()]
    assert (root / "ledger.db") in made
    assert open_to_others(root) == []


@pytest.fixture
def home(tmp_path, monkeypatch) -> Home:
    """A home that was restored open to everybody."""
    monkeypatch.delenv("CPAI_ANALYSTS", raising=False)
    place = Home(tmp_path / "home")
    for name in ("raw/crimes/2023-Q1/kent.parquet", "releases/2023.r1/marts.duckdb", "ledger.db"):
        file = place.root / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text("")
        file.chmod(0o644)
    for folder in (place.root, *(path for path in place.root.rglob("*") if path.is_dir())):
        folder.chmod(0o755)
    return place


def test_an_open_home_is_closed(home):
    assert len(open_to_others(home.root)) > 5
    at_rest.close(home)
    assert open_to_others(home.root) == []


@pytest.mark.skipif(os.getuid() != 0, reason="only root may give files to any group")
def test_analysts_read_releases_and_nothing_else(home, monkeypatch):
    group = next(one.gr_name for one in grp.getgrall() if one.gr_gid not in (0, *os.getgroups()))
    monkeypatch.setenv("CPAI_ANALYSTS", group)
    at_rest.close(home)
    modes = {
        path: (stat.S_IMODE((home.root / path).stat().st_mode), (home.root / path).group())
        for path in (".", "raw", "ledger.db", "releases", "releases/2023.r1", "releases/2023.r1/marts.duckdb")
    }
    own = (home.root / "ledger.db").group()
    assert modes == {
        ".": (0o710, group),
        "raw": (0o700, own),
        "ledger.db": (0o600, own),
        "releases": (0o750, group),
        "releases/2023.r1": (0o750, group),
        "releases/2023.r1/marts.duckdb": (0o640, group),
    }


def test_a_group_that_is_none_is_named(home, monkeypatch):
    monkeypatch.setenv("CPAI_ANALYSTS", "nobody-of-that-name")
    with pytest.raises(NoGroup, match="'nobody-of-that-name'"):
        at_rest.close(home)
    assert stat.S_IMODE(home.root.stat().st_mode) & 0o007 == 0
