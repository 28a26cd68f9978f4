"""A small synthetic year, run once for all tests that ask what comes out of it."""

import os
import runpy
import shutil
import sqlite3
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

import pytest
from by_command import done, said
from click.testing import Result
from sqlalchemy import URL, make_url

from orchestration import doors
from orchestration.command import quiet_teardown
from orchestration.home import Home
from orchestration.ledger import migrations

quiet_teardown()
GUARDED = Path(__file__).with_name("guarded")
QUARTERS = ["2023-Q1", "2023-Q2", "2023-Q3", "2023-Q4"]


@dataclass(frozen=True)
class Year:
    """A home, the truth its returns were made from, and what the commands answered on the way."""

    home: Home
    truth: Path
    said: dict[str, Result]

    def cpai(self, *words: str) -> Result:
        """The command on this home, in this process."""
        return said(self.home, *words)

    def json(self, *words: str) -> dict | list:
        return done(self.home, *words)


@pytest.fixture(scope="session", autouse=True)
def this_machine_alone(tmp_path_factory):
    """No command and no library reaches another machine: in this process, and in every Python that a test starts."""
    reached = tmp_path_factory.mktemp("reached") / "elsewhere.txt"
    reached.touch()
    path = os.pathsep.join([str(GUARDED), *filter(None, [os.environ.get("PYTHONPATH")])])
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("CPAI_REACHED", str(reached))
        patch.setenv("PYTHONPATH", path)
        runpy.run_path(str(GUARDED / "sitecustomize.py"))
        yield
        assert reached.read_text(encoding="utf-8") == ""


@pytest.fixture(autouse=True)
def by_no_door():
    """A test comes by no door, whatever commands ran in this process before it."""
    with doors.coming_by("Python"):
        yield


@pytest.fixture(scope="session", autouse=True)
def made_ledger(tmp_path_factory):
    """A new ledger is a copy of one that was made once: making it takes 0.11 s, and the tests need hundreds."""
    made = tmp_path_factory.mktemp("made") / "ledger.db"
    make = migrations.upgrade
    make(make_url(f"sqlite:///{made}"))

    def upgrade(url: URL) -> None:
        if url.get_backend_name() == "sqlite":
            with closing(sqlite3.connect(made)) as ready, closing(sqlite3.connect(url.database)) as new:
                if not new.execute("select 1 from sqlite_master").fetchone():
                    ready.backup(new)
                    return
        make(url)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(migrations, "upgrade", upgrade)
        yield


@pytest.fixture(scope="session")
def parsed(tmp_path_factory) -> Path:
    """dbt's target folder of a home whose models were parsed, for other homes to begin with: parsing takes 5 s."""
    from orchestration.warehouse.dbt import manifest_path

    return manifest_path(Home(tmp_path_factory.mktemp("parsed"))).parent


@pytest.fixture(scope="session")
def year(tmp_path_factory, parsed) -> Year:
    """Landing to release at a fiftieth of the published year.

    On the way: Kent's second delivery of 2023-Q3 is a damaged file, a release of recorded crime has a heading that
    nobody knows, and publishing is tried before anyone has read.
    """
    root = tmp_path_factory.mktemp("year")
    told = Year(Home(root / "home"), root / "truth", {})
    shutil.copytree(parsed, told.home.dbt / "target")
    sample = ["--scale", "0.02", "--into", str(told.home.root), "--truth", str(told.truth)]
    told.said["sample"] = told.cpai("sample", *sample)
    second = told.home.landing / "2023-Q3" / "kent" / "2"
    second.mkdir()
    (second / "kent_athena.csv").write_bytes(b"PK\x03\x04\x00\x00 not a table")
    recorded_crime = told.home.landing / "recorded_crime"
    recorded_crime.mkdir()
    (recorded_crime / "prc-pfa-tables-250124.csv").write_text("Force Name,Offence Code,Region\n")
    told.said["run"] = told.cpai("run", *QUARTERS, "--json")
    told.said["unread"] = told.cpai("publish", "2023")
    files = [str(told.home.root / "readings" / f"{quarter}.csv") for quarter in QUARTERS]
    told.said["import"] = told.cpai("read", "import", *files, "--json")
    told.said["publish"] = told.cpai("publish", "2023", "--json")
    return told
