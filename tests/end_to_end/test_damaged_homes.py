"""Every kind of damage, to every part of a home that was built, under every command that reads: it answers as over the sound one,
or ends in one sentence that says what to do. `damaged_homes.csv` has a row for each damage: the commands that it stops (`all`, or
`any` where it depends on the byte; `~` before one that answers without the part, and says so), and what they say."""

import csv
import os
import re
import shutil
from pathlib import Path

import pytest
from harmed import OF_OTHERS, Ended, cpai

from orchestration.home import Home

pytestmark = pytest.mark.proof
with Path(__file__).with_name("damaged_homes.csv").open(encoding="utf-8", newline="") as file:
    DAMAGES = list(csv.DictReader(file))
COMMANDS = {
    "status": ["status"],
    "verify": ["verify"],
    "replay": ["replay"],
    "explain": ["explain", "criterion.cse", "--period", "2023-Q1"],
    "diff": ["diff", "2023-Q1.r1", "2023-Q1.r1"],
    "report": ["report", "2023-Q1", "--place", "kent", "--into", "{out}/reports"],
    "feed": ["feed", "csae_analysis", "2023-Q1", "--into", "{out}/feeds"],
    "own": ["feed", "own_records", "2023-Q1", "--force", "kent", "--into", "{out}/own"],
    "pack": ["pack", "2023-Q1", "--force", "kent"],
    "export": ["read", "export", "2023-Q1", "--to", "{out}/list.csv"],
    "readverify": ["read", "verify"],
}


def flip(path: Path) -> None:
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 0xFF
    path.write_bytes(data)


def give_away(path: Path) -> None:
    try:
        os.chown(path, OF_OTHERS, OF_OTHERS)
    except PermissionError:
        pytest.skip("this user may give no file to another")


HOW = {
    "missing": lambda path: shutil.rmtree(path) if path.is_dir() else path.unlink(),
    "emptied": lambda path: path.write_bytes(b""),
    "truncated": lambda path: path.write_bytes(path.read_bytes()[: path.stat().st_size * 2 // 3]),
    "flipped": flip,
    "unreadable": give_away,
}


def asked(home: Home, name: str, closed: bool = False) -> tuple[Ended, str, list[str]]:
    """How a command ended, what it answered but for times and places, and the files that it made."""
    out = home.root.with_name("out")
    shutil.rmtree(out, ignore_errors=True)
    out.mkdir()
    done = cpai(home.root, *(word.format(out=out) for word in COMMANDS[name]), closed=closed)
    answer = re.sub(rf" in \d+\.\d s|done in .*|{re.escape(str(home.root.parent))}", "", done.out)
    # of a damaged warehouse: receipts are shown all the same
    answer = re.sub(r"what holds a release is not known: .*\n", "", answer)
    return done, answer, sorted(str(path.relative_to(out)) for path in out.rglob("*"))


@pytest.fixture(scope="module")
def right(built, tmp_path_factory) -> dict[str, tuple[str, list[str]]]:
    """What each command answers over the sound home, and makes."""
    home = Home(tmp_path_factory.mktemp("right") / "home")
    shutil.copytree(built.root, home.root, symlinks=True)
    found = {name: asked(home, name) for name in COMMANDS}
    assert {done.code for done, _, _ in found.values()} == {0}
    return {name: (answer, made) for name, (_, answer, made) in found.items()}


def assert_one_sentence(done: Ended, says: str) -> None:
    assert done.code in (1, 2) and not re.search("Traceback|https?://", done.out + done.err), done.err[-3000:]
    lines = [line for line in done.err.splitlines() if not re.match(r" +\d+:\d\d  |done in ", line)]
    assert 0 < len(lines) <= 2 and says in done.err, done.err[-3000:]


@pytest.mark.parametrize("row", DAMAGES, ids=lambda row: f"{row['part']} {row['damage']}")
def test_a_command_over_a_damaged_home_is_right_or_says_what_to_do(built, right, row, tmp_path):
    home = Home(tmp_path / "home")
    shutil.copytree(built.root, home.root, symlinks=True)
    parts = [path for path in sorted(home.root.glob(row["part"])) if "none" not in path.name]
    part = parts[len(parts) // 2]
    if part.is_file():
        part.chmod(0o600)
    HOW[row["damage"]](part)
    stops = COMMANDS if row["refuses"] == "all" else row["refuses"].split()
    for name in COMMANDS:
        done, answer, made = asked(home, name, closed=row["damage"] == "unreadable")
        if name in stops or (row["refuses"] == "any" and done.code):
            assert_one_sentence(done, row["says"])
            assert made == [], name
        elif f"~{name}" in stops:
            assert done.code == 0 and row["says"] in answer and answer != right[name][0], (name, answer)
        else:
            assert (done.code, answer, made) == (0, *right[name]), (name, done.err[-2000:])
