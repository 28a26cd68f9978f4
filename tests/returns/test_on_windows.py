"""Forces check on Windows: what is compared between machines is the same there, and nothing is used that it has not."""

import json
import os
import subprocess
import sys
from pathlib import Path, PureWindowsPath

import pytest
from written import crime, suspect, victim, write_return

from orchestration import home
from orchestration.releases import inputs
from orchestration.returns import check as checking
from orchestration.returns import landing
from orchestration.returns.layouts import layout_for
from orchestration.strict_csv import NotRead
from orchestration.warehouse import compiled, dbt


class OfWindows(PureWindowsPath):
    """A file of this machine as Windows writes it, compares it and sorts it."""

    @classmethod
    def of(cls, path: Path) -> "OfWindows":
        return cls("C:\\" + "\\".join(path.parts[1:]))

    @property
    def here(self) -> Path:
        return Path("/", *self.parts[1:])

    def rglob(self, pattern: str):
        return map(self.of, self.here.rglob(pattern))

    def iterdir(self):
        return map(self.of, self.here.iterdir())

    def exists(self) -> bool:
        return self.here.exists()

    def is_dir(self) -> bool:
        return self.here.is_dir()

    def is_file(self) -> bool:
        return self.here.is_file()

    def read_bytes(self) -> bytes:
        return self.here.read_bytes()

    def open(self, mode: str):
        return self.here.open(mode)


@pytest.fixture
def on_windows(monkeypatch):
    """The project's folders as they would be there."""
    for module, name in (
        (dbt, "DBT_PROJECT"),
        (dbt, "SEEDS"),
        (inputs, "DBT_PROJECT"),
        (inputs, "SEEDS"),
        (inputs, "PACKAGE"),
    ):
        monkeypatch.setattr(module, name, OfWindows.of(getattr(module, name)))


def test_the_names_and_order_of_files_are_those_of_every_machine(tmp_path):
    for name in ("a/Z.sql", "a/b.sql", "B.sql", "a.sql", "target/x.sql", "releases/2023/x.csv"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(name)
    there = OfWindows.of(tmp_path)
    # what made the difference: its separator, and an order that is blind to capitals
    assert str(there / "a" / "b.sql").endswith("a\\b.sql")
    assert [path.name for path in sorted(there.iterdir())][:3] == ["a", "a.sql", "B.sql"]
    names = [name for name, _ in home.files_below(tmp_path)]
    assert names == [name for name, _ in home.files_below(there)]
    assert set(names) == {"a/Z.sql", "a/b.sql", "B.sql", "a.sql", "target/x.sql", "releases/2023/x.csv"}
    assert [path.name for path in landing.inside(there)] == [path.name for path in landing.inside(tmp_path)]


def test_the_rules_that_a_wheel_carries_are_accepted_there(tmp_path, monkeypatch, request):
    monkeypatch.setattr(compiled, "SHIPPED", tmp_path / "compiled.json")
    monkeypatch.setattr(compiled, "_compile", lambda _: [compiled.Step("x", "y", "view", "select 1")])
    monkeypatch.setenv("CPAI_CACHE", str(tmp_path / "none"))
    compiled.ship(checking.MODELS)
    hashes = dbt.source_hash(), inputs.code_hash(), inputs.seed_hashes()
    request.getfixturevalue("on_windows")
    assert "\\" in str(dbt.SEEDS)
    assert compiled.ready(checking.MODELS)
    assert (dbt.source_hash(), inputs.code_hash(), inputs.seed_hashes()) == hashes


@pytest.mark.parametrize("name", ["target", "releases", "logs"])
def test_what_is_hashed_and_read_is_not_told_by_where_the_package_lies(tmp_path, monkeypatch, name):
    """Below a folder of some name once nothing was hashed, or no seed read."""
    seeds = tmp_path / name / "seeds"
    (seeds / "layouts").mkdir(parents=True)
    (seeds / "forces.csv").write_text("force,name\nkent,Kent\n")
    (seeds / "layouts" / "x.csv").write_text("a\n1\n")
    assert (
        set(home.check_seeds(seeds))
        == set(home.check_seeds(OfWindows.of(seeds)))
        == {"forces.csv", "layouts/x.csv"}
    )
    monkeypatch.setattr(dbt, "SEEDS", seeds)
    before = dbt.source_hash()
    (seeds / "forces.csv").write_text("force,name\nkent,Kent Police\n")
    assert dbt.source_hash() != before


def test_seeds_are_checked_by_a_manifest_that_was_written_there(tmp_path):
    node = {"resource_type": "seed", "config": {"column_types": {"no_such_column": "integer"}}}
    for path in ("..\\seeds\\forces.csv", "../seeds/forces.csv"):
        manifest = {"nodes": {"seed.forces": node | {"original_file_path": path}}, "disabled": {}}
        (tmp_path / "manifest.json").write_text(json.dumps(manifest))
        with pytest.raises(NotRead, match=r"seeds/forces\.csv, row 1: has no heading no_such_column"):
            dbt._check_seeds(tmp_path / "manifest.json")
    assert dbt.seed_file({"original_file_path": "..\\seeds\\layouts\\layouts.csv"}) == "layouts/layouts.csv"


# modules that Windows has not, what it does otherwise with files, and no dbt: the wheel carries its rules
AS_THERE = """
import os, sys, tempfile
for name in ("fcntl", "resource", "pwd", "grp", "termios", "dbt"):
    sys.modules[name] = None

def fsync(descriptor):
    with open(f"/proc/self/fdinfo/{descriptor}") as file:
        flags = next(line.split()[1] for line in file if line.startswith("flags"))
    if int(flags, 8) & os.O_ACCMODE == os.O_RDONLY:
        raise OSError(9, "Bad file descriptor")

def cleanup(folder, removed=tempfile.TemporaryDirectory.cleanup):
    inside = [os.readlink(f"/proc/self/fd/{n}") for n in os.listdir("/proc/self/fd") if os.path.islink(f"/proc/self/fd/{n}")]
    for path in inside:
        if path.startswith(folder.name):
            raise PermissionError(13, "The process cannot access the file because it is being used", path)
    removed(folder)

os.fsync, tempfile.TemporaryDirectory.cleanup = fsync, cleanup
from orchestration.command import cpai
cpai(sys.argv[1:])
"""


@pytest.mark.skipif(sys.platform != "linux", reason="looks into /proc")
def test_a_check_runs_where_there_is_neither_fcntl_nor_dbt(tmp_path, monkeypatch):
    compiled.steps(checking.MODELS)  # into the cache, as into a wheel
    one, *others = (crime(number, "000{}/23") for number in range(3))
    records = {
        "crimes": [one | {"offence_code": "99/99"}, *others],
        "victims": [victim(one)],
        "suspects": [suspect(one)],
    }
    write_return(tmp_path / "in", layout_for("metropolitan", "2023-Q1"), records)
    words = ["check", str(tmp_path / "in"), "--force", "metropolitan", "--quarter", "2023-Q1"]
    words += ["--into", str(tmp_path / "out")]
    there = os.environ | {"CPAI_HOME": str(tmp_path / "home"), "USERNAME": "anna"}  # which Windows always has
    answer = subprocess.run(
        [sys.executable, "-c", AS_THERE, *words],
        capture_output=True, text=True, timeout=300, cwd=tmp_path, env=there,
    )  # fmt: skip
    assert answer.returncode == 1, answer.stdout + answer.stderr
    assert "correct UM01" in answer.stdout
    assert (tmp_path / "out" / "pack.json").exists()
    assert not (tmp_path / "home").exists()
