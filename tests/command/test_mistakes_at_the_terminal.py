"""Mistakes at the terminal and what is answered: one sentence with what to do, an exit code, and nothing done.

`mistakes.csv` has a row each: the state of the home, the command line, the exit code, the sentence. `{home}` is that home,
`{near}` a folder beside it.
"""

import csv
import shlex
import socket
from datetime import date
from pathlib import Path

import duckdb
import pytest
from click.testing import CliRunner

from orchestration import clock, quarters
from orchestration.command import cpai
from orchestration.home import Home
from orchestration.keys import token_key
from orchestration.ledger.opening import ledger_of, open_ledger
from orchestration.ledger.tables import HEAD, releases
from orchestration.releases import package

with Path(__file__).with_name("mistakes.csv").open(encoding="utf-8", newline="") as file:
    MISTAKES = list(csv.DictReader(file))

RETURN = "crime_reference,force,offence_code,recorded_date\n46/000001/23,kent,19/8,2023-01-04\n"


def nothing(_home: Home) -> None:
    pass


def empty(home: Home) -> None:
    home.root.mkdir()


def a_file(home: Home) -> None:
    home.root.write_text("no folder")


def other_things(home: Home) -> None:
    home.root.mkdir()
    (home.root / "letter.txt").write_text("no home")


def new(home: Home) -> None:
    home.landing.mkdir(parents=True)


def landed(home: Home) -> None:
    (home.landing / "2023-Q1" / "kent").mkdir(parents=True)
    (home.landing / "2023-Q1" / "kent" / "NIL").write_text("A. Clerk, 2023-04-03")
    (home.landing / "2023-Q2").mkdir()


def half_built(home: Home) -> None:
    landed(home)
    with duckdb.connect(str(home.warehouse)) as connection:
        connection.execute("create schema marts; create table marts.figures (figure_id varchar)")


def built(home: Home) -> None:
    landed(home)
    open_ledger(home).dispose()
    with duckdb.connect(str(home.warehouse)) as connection:
        columns = ", ".join(f"{name} varchar" for name in ("force", "quarter", "crime_reference", "version"))
        connection.execute(f"create schema cocad; create table cocad.cocad_candidates ({columns})")


def damaged_warehouse(home: Home) -> None:
    landed(home)
    home.warehouse.write_text("no warehouse")


def damaged_ledger(home: Home) -> None:
    landed(home)
    (home.root / "ledger.db").write_bytes(b"no ledger" * 1000)


def newer_ledger(home: Home) -> None:
    landed(home)
    engine = open_ledger(home)
    with engine.begin() as connection:
        connection.exec_driver_sql("update alembic_version set version_num = '9999'")
    engine.dispose()


def released(home: Home) -> None:
    """As much of a release as a question about what is not in it needs."""
    landed(home)
    open_ledger(home).dispose()
    token_key(home)
    release = home.releases / "2023.r1"
    release.mkdir(parents=True)
    (home.releases / "current").symlink_to("2023.r1")
    with duckdb.connect(str(release / "marts.duckdb")) as connection:
        connection.execute(
            "create table figures as select 'criterion.cse' as figure_id, 'England and Wales' as place, '2023' as period, "
            "'2023' as scheme, 'year' as period_type;"
            "create table dim_force as select * from (values ('kent', 'Kent Police', 'South East'),"
            " ('cleveland', 'Cleveland Police', 'North East')) as rows (force, name, region)"
        )
    for name in ("marts/figures.parquet", "lineage/dbt_manifest.json"):
        (release / name).parent.mkdir()
        (release / name).touch()
    package.write_manifest(release, {"release": "2023.r1", "period": "2023", "submissions": []})
    row = {
        "release": "2023.r1",
        "period": "2023",
        "created_at": "2024-01-01",
        "fingerprint": "",
        "manifest_sha256": package.file_hash(release / "manifest.json"),
        "live": True,
    }
    with ledger_of(home) as engine, engine.begin() as connection:
        connection.execute(releases.insert().values(**row))


def damaged_release(home: Home) -> None:
    released(home)
    (home.releases / "2023.r1" / "manifest.json").write_text('{"release": ')


def damaged_marts(home: Home) -> None:
    released(home)
    (home.releases / "2023.r1" / "marts.duckdb").write_text("no database")


STATES = {
    one.__name__: one
    for one in (
        *(
            nothing,
            empty,
            a_file,
            other_things,
            new,
            landed,
            half_built,
            built,
            damaged_warehouse,
            damaged_ledger,
        ),
        *(newer_ledger, released, damaged_release, damaged_marts),
    )
}


TODAY = date(2026, 5, 14)


def tree(folder: Path) -> dict:
    return {path: path.lstat().st_mtime_ns for path in folder.rglob("*") if not path.is_dir()} | {
        path: 0 for path in folder.rglob("*") if path.is_dir()
    }


@pytest.mark.parametrize("row", MISTAKES, ids=[f"{row['home']}: {row['command']}" for row in MISTAKES])
def test_each_is_answered_by_its_sentence_and_nothing_is_done(row, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(clock, "today", lambda: TODAY)
    for name in ("CPAI_HOME", "CPAI_LEDGER_URL", "CPAI_WAIT", "SSH_AUTH_SOCK"):
        monkeypatch.delenv(name, raising=False)
    home = Home(tmp_path / "home")
    STATES[row["home"]](home)
    near = tmp_path / "near"
    near.mkdir()
    (near / "kent_crimes.csv").write_text(RETURN)
    before = tree(tmp_path)
    with socket.create_server(("127.0.0.1", 0)) as taken:
        words = row["command"].format(home=home.root, near=near, port=taken.getsockname()[1])
        answer = CliRunner().invoke(cpai, shlex.split(words))
        says = row["says"].format(
            home=home.root,
            near=near,
            near_parent=tmp_path,
            revision=HEAD,
            port=taken.getsockname()[1],
            ended=quarters.ended(TODAY),
        )
    assert (answer.exit_code, answer.stderr.rstrip("\n")) == (int(row["exit"]), says), answer.output
    assert not answer.stdout
    made = {path for path in tree(tmp_path) if path not in before} - {home.root / "warehouse.lock"}
    # SQLite's own beside a ledger that was there
    assert not {path for path in made if not path.name.startswith("ledger.db-")}, made


def test_there_are_forty_at_least_and_every_command_is_among_them():
    assert len(MISTAKES) >= 40
    tried = {
        word for row in MISTAKES for word in shlex.split(row["command"].replace("{", "").replace("}", ""))
    }
    assert tried >= cpai.commands.keys() - {"demo"}
