"""Nothing from outside reaches a terminal as it came, and no console ends a command for want of a letter."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner

from orchestration.command import cpai
from orchestration.home import PACKAGE
from orchestration.printing import printable
from orchestration.returns.reasons import Reason

# colours the screen, turns the sentence round, and has letters that neither console has
NASTY = "kent\x1b[31m\u202etxt.\u0142\u00e9"
FORBIDDEN = re.compile("[\x00-\x09\x0b-\x1f\x7f-\x9f\u200b-\u200f\u2028-\u202e\u2066-\u2069\ufeff]")


def test_what_does_not_show_is_written_out_and_the_rest_stays():
    assert printable("caf\u00e9 \u2013 \u0142\n") == "caf\u00e9 \u2013 \u0142\n"
    assert printable("a\tb\x1b[2J\u202e\u00a0\ud800\u200d") == r"a\tb\x1b[2J\u202e\xa0\ud800\u200d"
    assert printable("one\ntwo", lines=False) == r"one\ntwo"
    assert printable(printable(NASTY)) == printable(NASTY)


def test_a_reason_is_one_line_that_shows():
    assert (
        Reason("ST05", f"{NASTY}\n: unknown").sentence == "kent\\x1b[31m\\u202etxt.\u0142\u00e9\\n: unknown"
    )


def test_in_this_process_too(tmp_path):
    (tmp_path / "landing" / "2023-Q1" / NASTY).mkdir(parents=True)
    answer = CliRunner().invoke(cpai, ["--home", str(tmp_path), "status", "2023-Q1"])
    assert answer.exit_code == 0
    assert r"kent\x1b[31m\u202etxt" in answer.output
    assert not FORBIDDEN.search(answer.output)


@pytest.mark.parametrize("encoding", ["ascii", "cp1252", "latin-1", "utf-8", "utf-16"])
def test_any_console_takes_it(tmp_path, encoding):
    (tmp_path / "landing" / "2023-Q1" / NASTY).mkdir(parents=True)
    answer = told(encoding, "--home", str(tmp_path), "status", "2023-Q1")
    assert answer.returncode == 0, answer.stderr
    said = answer.stdout.decode(encoding)
    assert r"kent\x1b[31m\u202etxt" in said
    assert not FORBIDDEN.search(said.replace("\r\n", "\n"))


@pytest.mark.parametrize("encoding", ["ascii", "cp1252", "utf-8"])
def test_a_wrong_word_is_said_back_so_that_it_shows(tmp_path, encoding):
    answer = told(encoding, "--home", str(tmp_path), "read", "import", f"{NASTY}.csv")
    assert answer.returncode == 2
    said = answer.stderr.decode(encoding)
    assert r"kent\x1b[31m\u202etxt" in said
    assert not FORBIDDEN.search(said)


def told(encoding: str, *words: str) -> subprocess.CompletedProcess:
    environment = {**os.environ, "PYTHONIOENCODING": encoding}
    program = [sys.executable, "-c", "from orchestration.command import main; main()", *words]
    return subprocess.run(program, env=environment, capture_output=True, timeout=120)


# how something could reach a console without passing printing.py, and where it may
OTHER_WAYS = re.compile(
    r"click\.(?:echo|secho|style|echo_via_pager)|(?<![\w.])print\(|sys\.(?:__)?std(?:out|err)|StreamHandler\("
)
MAY = {
    "printing.py": "the one place",
    "progress.py": "a bar on a terminal, each text in it made printable",
    "in_process.py": "standard error as it is, but for what Dagster says of an event it could not write",
    "__main__.py": "one sentence of ours, when Ctrl-C comes before anything else is there",
}


def test_there_is_no_other_way_to_a_console():
    found = {
        str(file.relative_to(PACKAGE))
        for folder in (PACKAGE, PACKAGE.parent / "expectations")
        for file in Path(folder).rglob("*.py")
        if OTHER_WAYS.search(file.read_text(encoding="utf-8"))
    }
    assert found == MAY.keys()
