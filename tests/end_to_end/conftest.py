"""A quarter from landing to release, built once for the tests that harm copies of it."""

import shutil
import sqlite3

import pytest
from a_postgresql import postgresql, postgresql_ledger  # noqa: F401 - for the tests that ask for them
from an_authority import authority, made_authority  # noqa: F401 - for the tests that ask for them
from click.testing import CliRunner, Result

from orchestration import command
from orchestration.home import Home

QUARTER = "2023-Q1"


@pytest.fixture(scope="session")
def built(tmp_path_factory, parsed) -> Home:
    """A quarter of all forces, a fiftieth of its size, from landing to release; beside it, as it was before it was published."""
    home, sampled = (Home(tmp_path_factory.mktemp(name) / "home") for name in ("built", "sampled"))
    shutil.copytree(parsed, home.dbt / "target")
    received_and_read(home, sampled, QUARTER, "0.02")
    shutil.copytree(home.root, home.root.with_name("unpublished"), symlinks=True)
    done("--home", str(home.root), "publish", QUARTER)
    with sqlite3.connect(home.root / "ledger.db") as ledger:
        ledger.execute("pragma wal_checkpoint(truncate)")
    return home


def received_and_read(home: Home, sampled: Home, quarter: str, scale: str) -> None:
    """A quarter of a synthetic year of this scale in a home, all but published."""
    done("sample", "--scale", scale, "--into", str(sampled.root))
    home.landing.mkdir(parents=True)
    (sampled.landing / quarter).rename(home.landing / quarter)
    done("--home", str(home.root), "run", quarter)
    done("--home", str(home.root), "read", "import", str(sampled.root / "readings" / f"{quarter}.csv"))


def done(*words: str) -> None:
    answer = invoked(*words)
    assert answer.exit_code == 0, answer.output


def invoked(*words: str) -> Result:
    return CliRunner().invoke(command.cpai, words)
