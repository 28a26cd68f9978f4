"""A home is its owner's: no other user of the machine reads a file of it, whatever the umask, the command or the past."""

import grp
import os
import stat
import subprocess
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner

from orchestration import at_rest
from orchestration.at_rest import NoGroup, NotEncrypted
from orchestration.command import cpai
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


MOUNTS = r"""
22 27 0:21 / /proc rw,relatime - proc proc rw
27 1 254:0 / / rw,relatime - ext4 /dev/vda rw
30 27 253:3 / /luks rw,relatime - ext4 /dev/mapper/home rw
31 27 253:4 / /half rw,relatime - xfs /dev/mapper/pool rw
32 27 0:39 / /luks/cpai/a\040home rw,nosuid - fuse.gocryptfs /srv/cipher rw
33 27 0:40 / /over rw - fuse.gocryptfs /srv/cipher rw
34 33 0:41 / /over rw - tmpfs tmpfs rw
"""


@pytest.fixture
def machine(tmp_path, monkeypatch) -> Path:
    """Its mounts and block devices: 253:3 is a volume on LUKS, 253:4 one half of which is not."""
    (tmp_path / "mountinfo").write_text(MOUNTS.lstrip())
    devices = tmp_path / "block"
    for device, uuid in (("253:3", "LVM-1"), ("253:4", "LVM-2"), ("254:0", "")):
        (devices / device / "slaves").mkdir(parents=True)
        if uuid:
            (devices / device / "dm").mkdir()
            (devices / device / "dm" / "uuid").write_text(uuid)
    for name, uuid in (("253:3", "CRYPT-LUKS2-1"), ("253:4", "CRYPT-LUKS2-2"), ("253:4", "")):
        below = devices / name / "slaves" / f"dm-{uuid or 'plain'}"
        below.mkdir()
        if uuid:
            (below / "dm").mkdir()
            (below / "dm" / "uuid").write_text(uuid)
    monkeypatch.setattr(at_rest, "MOUNTS", tmp_path / "mountinfo")
    monkeypatch.setattr(at_rest, "DEVICES", devices)
    return tmp_path


@pytest.mark.parametrize(
    ("folder", "by"),
    [
        ("/srv/home", ""),
        ("/luks/other", "dm-crypt"),
        ("/luks/cpai/a home", "fuse.gocryptfs"),
        ("/luks/cpai/a home/data", "fuse.gocryptfs"),
        ("/luks/cpai/a homestead", "dm-crypt"),
        ("/half/home", ""),
        ("/over/home", ""),
    ],
)
def test_what_encrypts_a_home_is_seen_where_the_system_shows_it(machine, folder, by):
    assert at_rest.encryption(Path(folder)) == by


def test_a_home_that_must_be_encrypted_is_not_begun_where_nothing_is_mounted(machine, home, monkeypatch):
    at_rest.close(home)
    monkeypatch.setenv("CPAI_ENCRYPTED", "Y")
    with pytest.raises(NotEncrypted, match="mount it"):
        at_rest.close(home)
    new = machine / "new"
    said = CliRunner().invoke(cpai, ["--home", str(new), "init"])
    assert (said.exit_code, said.stderr.count("\n")) == (1, 1) and "CPAI_ENCRYPTED" in said.stderr
    assert not new.exists()
    (machine / "mountinfo").write_text(f"1 0 0:9 / {machine} rw - fuse.gocryptfs /srv/cipher rw\n")
    at_rest.close(home)
