"""What a person sees at a real terminal: a bar, colours, Ctrl-C; and what a file or a pipe gets instead."""

import re
import resource
import subprocess
import sys
from functools import partial

import duckdb
import pytest
from terminal import CPAI, in_a_terminal

from orchestration.home import Home, memory
from orchestration.stopping import AS_INTERRUPTED, INTERRUPTED, Stopped, state, state_of

WITHIN = 2  # seconds from Ctrl-C to the end
COLOUR = re.compile(r"\x1b\[[0-9;]*[1-9]m")


@pytest.fixture(scope="module")
def sampled(tmp_path_factory):
    """A synthetic year being written at a terminal: what was shown of it."""
    into = tmp_path_factory.mktemp("made") / "home"
    return into, in_a_terminal(["sample", "--scale", "0.02", "--into", str(into)])


def test_a_bar_says_what_it_is_at_how_far_it_is_and_since_when(sampled):
    into, shown = sampled
    assert shown.code == 0
    assert "writing synthetic returns: " in shown.text
    assert re.search(r"\b\d+/1\d\d\b", re.sub(r"\x1b\[[0-9;?]*[a-zA-Z]", "", shown.text))
    assert "0:00:0" in shown.text
    assert COLOUR.search(shown.text)
    # the bar goes away, the answer stays
    assert shown.text.rstrip().endswith(f"readings in {into / 'readings'}".split("/")[-1])
    assert "done in " in shown.text


@pytest.mark.proof
def test_elsewhere_there_are_lines_without_a_control_code(tmp_path):
    words = [*CPAI, "sample", "--scale", "0.02", "--into", str(tmp_path / "made")]
    done = subprocess.run(words, capture_output=True, text=True, timeout=300)
    assert done.returncode == 0
    assert "\x1b" not in done.stderr + done.stdout and "\r" not in done.stderr
    lines = done.stderr.splitlines()
    assert re.fullmatch(r" +\d+:\d\d  writing synthetic returns", lines[0])
    assert lines[-1].startswith("done in ")
    assert len(lines) == 2


def test_a_refusal_is_red_on_a_terminal_unless_no_colour_is_wanted(tmp_path):
    words = ["--home", str(tmp_path / "none"), "status"]
    shown = in_a_terminal(words)
    assert (shown.code, shown.text.count("\n")) == (2, 1)
    assert shown.text.startswith("\x1b[31mthere is no home ")
    for settings in ({"NO_COLOR": "1"}, {"TERM": "dumb"}):
        plain = in_a_terminal(words, **settings)
        assert plain.text.startswith("there is no home ")
        assert "\x1b" not in plain.text


def test_what_comes_from_outside_colours_nothing_even_there(tmp_path):
    shown = in_a_terminal(["--home", str(tmp_path), "run", "\x1b[32mQ1"], NO_COLOR="1")
    assert "\x1b" not in shown.text
    assert r"\x1b[32mQ1" in shown.text


@pytest.mark.parametrize("when", ["writing synthetic", 0.8])
def test_ctrl_c_ends_with_one_sentence(tmp_path, when):
    shown = in_a_terminal(
        ["sample", "--scale", "0.2", "--into", str(tmp_path / "made")], press=(when, b"\x03")
    )
    assert shown.code == AS_INTERRUPTED
    assert "Traceback" not in shown.text
    assert shown.text.count(INTERRUPTED) == 1
    assert re.sub(r"\x1b\[[0-9;?]*[a-zA-Z]", "", shown.text).rstrip().endswith(INTERRUPTED)


def test_ctrl_c_closes_the_reading_room(tmp_path):
    (tmp_path / "landing").mkdir()
    shown = in_a_terminal(["--home", str(tmp_path), "room", "--port", "0"], press=("Ctrl+C ends it", b"\x03"))
    assert (shown.code, "Traceback" in shown.text) == (AS_INTERRUPTED, False)
    assert "the reading room is closed" in shown.text


@pytest.mark.proof
@pytest.mark.parametrize("when", ["receiving 2023-Q1", "building the warehouse", 1.0, 3.0, 6.0, 12.0])
def test_ctrl_c_during_a_run_and_then_the_same_again(sampled, tmp_path, when):
    place = Home(tmp_path / "home")
    (place.root / "landing").mkdir(parents=True)
    (place.landing / "2023-Q1").symlink_to(sampled[0] / "landing" / "2023-Q1")
    shown = in_a_terminal(["--home", str(place.root), "run", "2023-Q1"], press=(when, b"\x03"), seconds=900)
    assert (shown.code, "Traceback" in shown.text) == (AS_INTERRUPTED, False), shown.text[-2000:]
    assert shown.text.count(INTERRUPTED) == 1
    assert shown.ended_after and shown.ended_after < WITHIN
    again = in_a_terminal(["--home", str(place.root), "run", "2023-Q1"], seconds=900)
    assert "44 received, 0 refused" in again.text, again.text[-2000:]


def limited(size: int) -> None:
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, size))


@pytest.mark.parametrize("size", [0, 4_000])
def test_a_file_that_cannot_grow_is_a_sentence_and_the_next_command_goes_on(tmp_path, size):
    """As a full disk: by a limit on the size of each file, which any user may set."""
    into = tmp_path / "made"
    words = [*CPAI, "sample", "--scale", "0.02", "--into", str(into)]
    done = subprocess.run(
        words, capture_output=True, text=True, timeout=300, preexec_fn=partial(limited, size)
    )
    assert (done.returncode, "Traceback" in done.stderr) == (1, False), done.stderr[-2000:]
    assert done.stderr.splitlines()[-1].startswith("the disk is full")


FULL = """
import os, sys
from unittest import mock
from pathlib import Path
from orchestration import command
real = os.replace
def full(self, *what, **more):
    raise OSError(28, "No space left on device", str(self))
with mock.patch.object(Path, "mkdir", full):
    command.main()
"""


def test_a_full_disk_is_a_sentence(tmp_path):
    words = [sys.executable, "-c", FULL, "sample", "--scale", "0.02", "--into", str(tmp_path / "made")]
    done = subprocess.run(words, capture_output=True, text=True, timeout=300)
    assert done.returncode == 1
    assert "Traceback" not in done.stderr
    assert done.stderr.splitlines()[-1].startswith("the disk is full: make room")


def test_where_memory_is_too_small_is_a_sentence(tmp_path):
    with duckdb.connect(config={"temp_directory": ""}) as connection, pytest.raises(duckdb.Error) as raised:
        connection.execute("set memory_limit = '20MB'")
        connection.execute("select list(range) from range(100_000_000)").fetchall()
    assert state_of(raised.value).startswith("DuckDB needs more memory than it may take")


@pytest.mark.parametrize("given", ["much", "3", "3 GB or so", "-3GB"])
def test_a_memory_that_is_no_size_is_a_sentence(monkeypatch, given):
    monkeypatch.setenv("CPAI_MEMORY", given)
    with pytest.raises(Stopped, match="and no size: write it as 3GB"):
        memory()


def test_a_fault_of_ours_is_no_state_that_can_be_expected():
    assert state_of(ValueError("No space left on device")) == ""
    assert state("'NoneType' object has no attribute 'name'") == ""


def test_the_version_has_the_commit():
    shown = subprocess.run([*CPAI, "--version"], capture_output=True, text=True, timeout=120)
    assert re.fullmatch(r"cpai \d+\.\d+\.\d+, commit [0-9a-f]{40}(, with changes)?\n", shown.stdout)


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_shells_complete_commands_options_and_forces(shell):
    def asked(line: str) -> str:
        words = line.split(" ")
        environment = {
            "_CPAI_COMPLETE": f"{shell}_complete",
            "COMP_WORDS": line,
            "COMP_CWORD": words[-1] if shell == "fish" else str(len(words) - 1),
            "PATH": "/usr/bin:/bin",
        }
        return subprocess.run(CPAI, env=environment, capture_output=True, text=True, timeout=120).stdout

    assert "publish" in asked("cpai pub")
    assert "cleveland" in asked("cpai pack 2023-Q1 --force clev")
    source = subprocess.run(
        CPAI, env={"_CPAI_COMPLETE": f"{shell}_source"}, capture_output=True, text=True, timeout=120
    ).stdout
    assert "\\x" not in source and "_CPAI_COMPLETE" in source
