"""A command that is killed, interrupted or finds its disk full leaves what it makes whole or not there, and the same command then
does its work as if nothing had been."""

import re
import shutil
from pathlib import Path

import pytest
from harmed import Ended, cpai, disk_at
from some import some
from terminal import in_a_terminal

from orchestration.home import Home
from orchestration.stopping import AS_INTERRUPTED, INTERRUPTED

QUARTER = "2023-Q1"
# what each makes, and the folder that it makes it in
ACTS = {
    "pack": (["pack", QUARTER], f"packs/{QUARTER}"),
    "feed": (["feed", "csae_analysis", QUARTER, "--into", "{home}/feeds"], "feeds"),
    "report": (["report", QUARTER], f"reports/{QUARTER}.r1"),
}
WITHIN = 2  # seconds from Ctrl-C to the end
TURN = re.compile(r"\x1b\[[0-9;?]*[a-zA-Z]")


def copy_of(home: Home, into: Path) -> Home:
    shutil.rmtree(into, ignore_errors=True)
    shutil.copytree(home.root, into / "home", symlinks=True)
    for made in ("packs", "reports", "feeds"):
        shutil.rmtree(into / "home" / made, ignore_errors=True)
    return Home(into / "home")


def asked(home: Home, act: str, **harm) -> Ended:
    words, _ = ACTS[act]
    return cpai(home.root, *(word.format(home=home.root) for word in words), **harm)


def made_by(home: Home, act: str) -> dict[str, set[str]]:
    """By folder that is to be seen, the names of its files."""
    place = home.root / ACTS[act][1]
    return {
        folder.name: {str(file.relative_to(folder)) for file in folder.rglob("*") if file.is_file()}
        for folder in place.glob("[!.]*")
        if folder.is_dir()
    }


def aside(home: Home, act: str) -> list[str]:
    return [path.name for path in (home.root / ACTS[act][1]).rglob(".*")]


def assert_whole_whenever_killed(home: Home, act: str, many: int, tmp_path: Path) -> None:
    calm = copy_of(home, tmp_path / "calm")
    done = asked(calm, act)
    whole = made_by(calm, act)
    assert (done.code, aside(calm, act)) == (0, []) and whole and done.steps and done.steps > many
    for at in some(range(done.steps // many, done.steps + 1, done.steps // many)):
        copy = copy_of(home, tmp_path / "killed")
        assert asked(copy, act, killed_at=at).code == -9, f"{act}, step {at} of {done.steps}"
        there = made_by(copy, act)
        assert there == {folder: whole[folder] for folder in there}, f"{act}, killed before step {at}"
        again = asked(copy, act)
        assert again.code == 0 or (act == "feed" and there == whole and "is there already" in again.err), (
            again.err
        )
        assert (made_by(copy, act), aside(copy, act)) == (whole, []), f"{act}, killed before step {at}"


@pytest.mark.xdist_group("year")
def test_a_feed_is_whole_or_not_there(year, tmp_path):
    assert_whole_whenever_killed(year.home, "feed", 3, tmp_path)


@pytest.mark.proof
@pytest.mark.parametrize("act", ACTS)
def test_what_is_made_is_whole_or_not_there_whenever_it_is_killed(built, act, tmp_path):
    assert_whole_whenever_killed(built, act, 12, tmp_path)


@pytest.mark.proof
@pytest.mark.parametrize(
    ("act", "when"),
    [
        *((act, 0.3) for act in ("publish", *ACTS)),
        # what the bar then says; a feed of a quarter is done after 0.7 s
        *(("publish", "checking tables"), ("pack", "writing packs"), ("report", "writing reports")),
    ],
)
def test_ctrl_c_ends_it_and_the_same_again_does_it(built, act, when, tmp_path):
    home = copy_of(built, tmp_path)
    (home.dbt / "standing.json").unlink()
    words = (
        ["publish", QUARTER] if act == "publish" else [word.format(home=home.root) for word in ACTS[act][0]]
    )
    shown = in_a_terminal(["--home", str(home.root), *words], press=(when, b"\x03"), seconds=600)
    text = TURN.sub("", shown.text)
    assert (shown.code, "Traceback" in text, text.count(INTERRUPTED)) == (AS_INTERRUPTED, False, 1), text[
        -2000:
    ]
    assert shown.ended_after is not None and shown.ended_after < WITHIN
    again = cpai(home.root, *words)
    assert again.code == 0, again.err
    if act != "publish":
        assert made_by(home, act) and aside(home, act) == []


def says_that_it_is_full(done: Ended) -> bool:
    last = done.err.strip().splitlines()[-1]
    return done.code == 1 and "Traceback" not in done.out + done.err and last.startswith("the disk is full")


def before(built: Home, act: str, into: Path) -> tuple[Home, list[str]]:
    """A home in which it goes the whole way, and its words: a run has all before it, a publication the gate and the release."""
    home = copy_of(Home(built.root.with_name("unpublished")), into)
    if act == "run":
        for path in some(home.root.iterdir()):
            if path.name not in ("landing", "dbt"):
                shutil.rmtree(path) if path.is_dir() and not path.is_symlink() else path.unlink()
    (home.dbt / "standing.json").unlink(missing_ok=True)
    return home, [act, QUARTER]


@pytest.mark.proof
@pytest.mark.parametrize("size", [0, 4_000, 100_000, 1_000_000, 5_000_000])
@pytest.mark.parametrize("act", ["run", "publish"])
def test_where_no_file_grows_any_more_one_sentence_says_so(built, act, size, tmp_path):
    home, words = before(built, act, tmp_path)
    full = cpai(home.root, *words, up_to=size)
    assert says_that_it_is_full(full), (full.code, full.out[-500:], full.err[-3000:])
    again = cpai(home.root, *words)
    assert again.code == 0 and (act == "publish" or "44 received, 0 refused" in again.out), again.err[-2000:]
    assert cpai(home.root, "verify").code == (0 if act == "publish" else 1)


@pytest.mark.proof
@pytest.mark.parametrize("room", [0, 300_000, 3_000_000, 9_000_000])
@pytest.mark.parametrize("act", ["run", "publish"])
def test_a_full_disk_is_one_sentence_and_with_room_the_same_command_does_its_work(built, act, room, tmp_path):
    try:
        with disk_at(tmp_path / "disk", 1 << 30) as resize:
            home, words = before(built, act, tmp_path / "disk" / "copy")
            resize(taken(tmp_path / "disk") + room)
            full = cpai(home.root, *words)
            assert says_that_it_is_full(full), (full.code, full.out[-500:], full.err[-3000:])
            resize(1 << 30)
            again = cpai(home.root, *words)
            assert again.code == 0 and (act == "publish" or "44 received, 0 refused" in again.out), again.err[
                -2000:
            ]
    except PermissionError as problem:
        pytest.skip(f"{problem}: a limit on the size of files stands for a full disk")


def taken(disk: Path) -> int:
    usage = shutil.disk_usage(disk)
    return usage.used
