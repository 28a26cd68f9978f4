"""`cpai quarter`: run, read import and publish with one start, each where the one before is done."""

import json
import shutil
import sys
from dataclasses import replace

import dagster as dg
import pytest
from click.testing import CliRunner

from orchestration import jobs
from orchestration.command import cpai
from orchestration.home import Home
from orchestration.ledger.opening import open_ledger
from orchestration.ledger.tables import log_entries

pytestmark = pytest.mark.xdist_group("year")
FIRST = "2023-Q1"


@pytest.fixture(scope="module")
def fresh(year, tmp_path_factory):
    """The returns and readings of the year's first quarter, of which nothing is received yet."""
    home = Home(tmp_path_factory.mktemp("quarter") / "home")
    for part in (f"landing/{FIRST}", "dbt/target"):
        shutil.copytree(year.home.root / part, home.root / part)
    shutil.copytree(year.home.root / "readings", home.root / "readings")
    return replace(year, home=home)


def runs(home):
    with jobs.instance(home) as instance:
        found = reversed(list(instance.get_runs()))
        return [(run.job_name, run.status) for run in found if not run.job_name.startswith("__")]


def noted(home):
    with open_ledger(home).connect() as connection:
        return [row.what for row in connection.execute(log_entries.select().order_by("entry"))]


def test_each_step_begins_where_the_one_before_is_done(fresh):
    """A file that is refused keeps the release back; then all of it."""
    readings = fresh.home.root / "readings" / f"{FIRST}.csv"
    wrong = fresh.home.root / "wrong.csv"
    wrong.write_text("a,b\n1,2\n")
    refused = fresh.cpai("quarter", FIRST, "--readings", str(wrong), "--publish", "--json")
    answer = json.loads(refused.stdout)
    assert refused.exit_code == 2 and not answer["done"] and answer["imported"] == []
    assert answer["run"]["quarters"][0]["received"]
    assert runs(fresh.home) == [("quarter", dg.DagsterRunStatus.SUCCESS)]

    published = fresh.cpai("quarter", FIRST, "--readings", str(readings), "--publish", "--json")
    answer = json.loads(published.stdout)
    assert published.exit_code == 0, published.output
    assert answer["done"] and answer["imported"][0]["added"]
    assert answer["published"]["release"] == f"{FIRST}.r1"
    assert (fresh.home.releases / "current").readlink().name == f"{FIRST}.r1"
    done = dg.DagsterRunStatus.SUCCESS
    assert runs(fresh.home)[-1] == ("publish", done)
    assert noted(fresh.home)[-1] == "release published" and "readings imported" in noted(fresh.home)


def test_what_is_not_received_keeps_the_rest_back(tmp_path, monkeypatch):
    """A refused return: exit code 1, as of `run`; nothing is imported and nothing published."""
    home = Home(tmp_path / "home")
    (home.landing / FIRST / "kent").mkdir(parents=True)
    (home.landing / FIRST / "kent" / "NIL").write_text("A. Clerk, 2023-04-03")
    answers = home.root / "answers.csv"
    answers.write_text("")
    stands = {"done": False, "quarters": [], "recorded_crime_refused": [], "not_read": ["landing/x"]}
    module = sys.modules["orchestration.command.quarter"]
    begun = []
    monkeypatch.setattr(module, "received", lambda *_: stands)
    monkeypatch.setattr(module, "imported", lambda *_, **__: begun.append("imported"))
    monkeypatch.setattr(module, "publish_period", lambda *_, **__: begun.append("published"))
    words = ["--home", str(home.root), "quarter", FIRST, "--readings", str(answers), "--publish"]
    answer = CliRunner().invoke(cpai, words)
    assert (answer.exit_code, begun) == (1, [])
    assert "not read: landing/x" in answer.output and "nothing is published" in answer.output
    told = CliRunner().invoke(cpai, [*words, "--json"])
    assert (told.exit_code, json.loads(told.stdout)) == (1, {"done": False, "run": stands})
    stands["done"] = True
    monkeypatch.setattr(module, "as_released", lambda *_: "published")
    assert CliRunner().invoke(cpai, words).exit_code == 0 and begun == ["imported", "published"]
