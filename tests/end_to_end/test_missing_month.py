"""A return that holds one month of its quarter, after quarters that held all three: no release is made of it."""

import shutil
from pathlib import Path

import duckdb
import pytest
from click.testing import CliRunner

from orchestration.command import cpai
from orchestration.home import Home

pytestmark = pytest.mark.xdist_group("year")  # one worker builds the year once

OCTOBER = Path(__file__).with_name("sent") / "october_alone"


def test_a_quarter_of_october_alone_shuts_the_gate(year, tmp_path):
    home = Home(tmp_path / "home")
    shutil.copytree(year.home.root, home.root, symlinks=True, ignore=shutil.ignore_patterns("packs"))
    shutil.copytree(OCTOBER, home.landing / "2023-Q4" / "metropolitan" / "2")
    live = (home.releases / "current").readlink()

    def run(*words: str):
        return CliRunner().invoke(cpai, ["--home", str(home.root), *words])

    run("run", "2023-Q4")
    with duckdb.connect(str(home.warehouse), read_only=True) as warehouse:
        found = warehouse.execute(
            "select force, quarter, found, severity from quality.findings where rule = 'MN01' order by found"
        ).fetchall()
    of_october = ("metropolitan", "2023-Q4")
    assert found == [(*of_october, f"month_{month}_missing", "blocks") for month in (2, 3)]
    answer = run("publish", "2023")
    assert answer.exit_code == 1
    assert "MN01" in answer.output
    assert "metropolitan 2023-Q4" in answer.output
    assert (home.releases / "current").readlink() == live
