"""A home may have any name that every tool beneath reads as it is written; another is refused before anything is made."""

import re
import shutil
from pathlib import Path

import dagster as dg
import duckdb
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from click.testing import CliRunner
from some import some
from sqlalchemy import make_url
from sqlalchemy.exc import OperationalError
from written import crime, suspect, victim, write_return

from orchestration import home as homes
from orchestration import jobs
from orchestration.command import cpai
from orchestration.home import PROJECT, HomeRefused
from orchestration.ledger.opening import open_ledger
from orchestration.returns.layouts import layout_for
from orchestration.statements import one_file, quoted

MISREAD = ["?", "*", "[a]", "%41", ",", "\\"]
# a folder `quarter=9` is to a reader of Parquet a column
ALLOWED = [
    "a b",
    "it's",
    "\u00e9 & \u00fc;",
    "(1) @a+b~c",
    "a#b",
    "50%",
    "quarter=9",
    "a]b",
    'say "a"',
    "$HOME",
    "{q}",
]


@pytest.mark.parametrize("letters", [*MISREAD, "\x1b", "\n", "\u202e"])
def test_a_home_that_some_tool_would_misread_is_refused_at_once(tmp_path, letters):
    place = tmp_path / f"a{letters}b"
    for words in (["status"], ["run", "2023-Q1"], ["read", "verify"]):
        answer = CliRunner().invoke(cpai, ["--home", str(place), *words])
        assert answer.exit_code == 2
        assert answer.stderr.startswith("the home ")
        assert answer.stderr.rstrip().endswith("; choose a folder without.")
        assert len(answer.stderr.splitlines()) == 1
    assert not list(tmp_path.iterdir())


def test_the_variable_is_asked_too(tmp_path, monkeypatch):
    monkeypatch.setenv("CPAI_HOME", str(tmp_path / "a?b"))
    with pytest.raises(HomeRefused):
        homes.home()


def test_each_refusal_is_of_letters_that_are_tried_below():
    tried = "".join(MISREAD)
    assert all(re.search(letters, tried) for letters in some(homes.MISREAD))


@pytest.mark.parametrize("letters", ["*", "[x]"])
def test_dagster_reads_other_settings_there(tmp_path, letters):
    """Once it reads its own alone, take the letter out of MISREAD."""
    for name, telemetry in ((f"a{letters}b", "false"), ("axb", "true")):
        (tmp_path / name).mkdir()
        (tmp_path / name / "dagster.yaml").write_text(f"telemetry:\n  enabled: {telemetry}\n")
    own, read = (dg.DagsterInstance.from_config(str(tmp_path / name)) for name in ("axb", f"a{letters}b"))
    assert own.telemetry_enabled and read.telemetry_enabled


@pytest.mark.parametrize("letters", ["?", "%41"])
def test_dagster_opens_other_files_there(tmp_path, letters):
    place = tmp_path / f"a{letters}b"
    place.mkdir()
    with pytest.raises(OperationalError, match=r"unable to open database file|no such table"):
        dg.DagsterInstance.from_config(str(place)).get_runs()


@pytest.mark.parametrize("letters", [",", "\\"])
def test_duckdb_does_not_find_files_there(tmp_path, letters):
    place = tmp_path / f"a{letters}b"
    place.mkdir()
    pq.write_table(pa.table({"a": [1]}), place / "one.parquet")
    with duckdb.connect() as connection:
        connection.execute(f"set file_search_path = {quoted(place)}")
        with pytest.raises(duckdb.IOException, match="No files found"):
            connection.execute("from 'one.parquet'")


@pytest.mark.parametrize("name", ALLOWED)
def test_the_ledger_and_dagster_lie_in_their_home_whatever_that_is_called(tmp_path, name):
    place = homes.home(tmp_path / name)
    assert make_url(place.ledger_url).database == str(place.root / "ledger.db")
    open_ledger(place).dispose()
    with jobs.instance(place) as storage:
        assert not storage.telemetry_enabled
    assert [path.name for path in tmp_path.iterdir()] == [name]
    assert (place.root / "ledger.db").stat().st_size
    assert (place.dagster / "history" / "runs" / "index.db").stat().st_size


@pytest.mark.parametrize("name", [*ALLOWED, "a?b", "a*b", "a[x]b"])
def test_a_reader_reads_the_file_that_is_meant_and_no_other(tmp_path, name):
    """A feed may be put into a folder of any name."""
    for folder, value in ((name, "meant"), ("axb", "another")):
        (tmp_path / folder).mkdir()
        pq.write_table(pa.table({"quarter": [value]}), tmp_path / folder / "one.parquet")
    with duckdb.connect() as connection:
        reader = "select * from read_parquet(?, hive_partitioning = false)"
        assert connection.execute(reader, [one_file(tmp_path / name / "one.parquet")]).fetchall() == [
            ("meant",)
        ]
        assert connection.execute(reader, [f"{one_file(tmp_path / name)}/*.parquet"]).fetchall() == [
            ("meant",)
        ]


def test_no_reader_takes_a_folder_for_a_column():
    places = [
        PROJECT / "orchestration",
        PROJECT / "dbt_project" / "models",
        PROJECT / "dbt_project" / "macros",
    ]
    found = []
    for file in (
        file for place in places for file in place.rglob("*") if file.suffix in {".py", ".sql", ".yml"}
    ):
        text = file.read_text(encoding="utf-8")
        for call in re.finditer(r"\bread_(parquet|csv)\((?=[?$'{]).*", text):
            found.append(f"{file.relative_to(PROJECT)}: {call[0]}")
    assert [call for call in some(found) if "hive_partitioning = false" not in call] == []


@pytest.mark.proof
def test_a_quarter_is_built_and_read_in_a_home_of_such_a_name(tmp_path, parsed):
    place = homes.home(tmp_path / "quarter=9 #1" / "50% ]'\u00e9&b$HOME{q}")
    shutil.copytree(parsed, place.dbt / "target")
    crimes = [crime(number) for number in range(3)]
    records = {"crimes": crimes, "victims": [victim(one) for one in crimes], "suspects": [suspect(crimes[0])]}
    write_return(place.landing / "2023-Q1" / "kent", layout_for("kent", "2023-Q1"), records)
    for words in (
        ["run", "2023-Q1"],
        ["pack", "2023-Q1"],
        ["read", "export", "2023-Q1", "--to", str(tmp_path / "w.csv")],
    ):
        answer = CliRunner().invoke(cpai, ["--home", str(place.root), *words])
        assert answer.exit_code == 0, answer.output
    with duckdb.connect(str(place.warehouse), read_only=True) as connection:
        quarters = connection.execute("select distinct quarter from cpai.cpai_classified_crimes").fetchall()
    assert quarters == [("2023-Q1",)]
    assert [path.name for path in tmp_path.iterdir() if path.name != "w.csv"] == ["quarter=9 #1"]
    assert Path(place.root / "packs" / "2023-Q1" / "kent.1" / "pack.json").exists()
