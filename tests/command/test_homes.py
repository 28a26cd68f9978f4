"""A home may have any name that every tool beneath reads as it is written; another is refused before anything is made."""

import pytest
from click.testing import CliRunner
from sqlalchemy import make_url

from orchestration import home as homes
from orchestration.command import cpai
from orchestration.home import Home, HomeRefused
from orchestration.ledger.opening import open_ledger


@pytest.mark.parametrize("letter", [*homes.NOT_IN_A_HOME, "\x1b", "\n", "\u202e"])
def test_a_home_that_some_tool_would_misread_is_refused_at_once(tmp_path, letter):
    place = tmp_path / f"a{letter}b"
    for words in (["status"], ["run", "2023-Q1"], ["read", "verify"]):
        answer = CliRunner().invoke(cpai, ["--home", str(place), *words])
        assert answer.exit_code == 2
        assert answer.stderr.startswith("the home ")
        assert answer.stderr.rstrip().endswith("choose a folder without.")
        assert len(answer.stderr.splitlines()) == 1
    assert not list(tmp_path.iterdir())


def test_the_variable_is_asked_too(tmp_path, monkeypatch):
    monkeypatch.setenv("CPAI_HOME", str(tmp_path / "a?b"))
    with pytest.raises(HomeRefused):
        homes.home()


@pytest.mark.parametrize("name", ["a b", "it's", "\u00e9 & \u00fc;", "(1) @a+b~c=d", "a#b", "50%41", "a?b=c"])
def test_the_ledger_lies_in_its_home_whatever_that_is_called(tmp_path, name):
    place = Home(tmp_path / name)
    assert make_url(place.ledger_url).database == str(place.root / "ledger.db")
    open_ledger(place).dispose()
    assert sorted(path.name for path in tmp_path.iterdir()) == [name]
    assert (place.root / "ledger.db").stat().st_size
