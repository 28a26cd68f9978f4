"""A quarter from landing to release, built once for the tests that harm copies of it."""

import shutil
import sqlite3

import pytest
from click.testing import CliRunner, Result

from orchestration import command
from orchestration.home import Home

QUARTER = "2023-Q1"


@pytest.fixture(scope="session")
def built(tmp_path_factory, parsed) -> Home:
    """A quarter of all forces, a fiftieth of its size, from landing to release; beside it, as it was before it was published."""
    home, sampled = (Home(tmp_path_factory.mktemp(name) / "home") for name in ("built", "sampled"))
    shutil.copytree(parsed, home.dbt / "target")
    answers = [invoked("sample", "--scale", "0.02", "--into", str(sampled.root))]
    home.landing.mkdir()
    (sampled.landing / QUARTER).rename(home.landing / QUARTER)
    for words in (
        ["run", QUARTER],
        ["read", "import", str(sampled.root / "readings" / f"{QUARTER}.csv")],
        ["publish", QUARTER],
    ):
        if words[0] == "publish":
            shutil.copytree(home.root, home.root.with_name("unpublished"), symlinks=True)
        answers.append(invoked("--home", str(home.root), *words))
    assert {answer.exit_code for answer in answers} == {0}, answers[-1].output
    with sqlite3.connect(home.root / "ledger.db") as ledger:
        ledger.execute("pragma wal_checkpoint(truncate)")
    return home


def invoked(*words: str) -> Result:
    return CliRunner().invoke(command.cpai, words)
