"""Damage has a way back: a command over a damaged home answers as over a sound one, or ends in one sentence that says what to
do. `damages.csv` has a row for each damage: the commands that it must stop, and what they answer."""

import csv
import json
import logging
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import dagster as dg
import pytest
from click.testing import CliRunner, Result
from small_home import Gate, describe_models, make_home
from some import some

import orchestration.command
from orchestration import jobs, outbox
from orchestration.command import cpai
from orchestration.home import Home
from orchestration.keys import token_key
from orchestration.ledger.opening import open_ledger
from orchestration.releases import publish
from orchestration.stopping import Stopped, state_of
from orchestration.warehouse import dbt, history

with Path(__file__).with_name("damages.csv").open(encoding="utf-8", newline="") as file:
    DAMAGES = list(csv.DictReader(file))
COMMANDS = {
    "status": ["status"],
    "verify": ["verify"],
    "explain": ["explain", "criterion.cse"],
    "report": ["report", "2023", "--place", "kent", "--into", "reports"],
    "feed": ["feed", "csae_analysis", "2023", "--into", "feeds"],
    "diff": ["diff", "2023.r1", "2023.r1"],
    "replay": ["replay"],
    "read": ["read", "verify"],
    "users": ["room", "user", "list"],
}


def flipped(path: Path) -> None:
    data = bytearray(path.read_bytes())
    if data:
        data[len(data) // 2] ^= 0xFF
    path.write_bytes(data or b"\xff")


def folder(path: Path) -> None:
    path.unlink()
    path.mkdir()


def dangling(path: Path) -> None:
    path.unlink()
    path.symlink_to("2022.r1")


HOW: dict[str, Callable[[Path], object]] = {
    "flipped": flipped,
    "truncated": lambda path: path.write_bytes(path.read_bytes()[: path.stat().st_size * 2 // 3]),
    "emptied": lambda path: path.write_bytes(b""),
    "garbage": lambda path: path.write_bytes(b"no such thing " * 400),
    "missing": lambda path: path.unlink(),
    "folder": folder,
    "dangling": dangling,
}


@pytest.fixture(scope="module")
def sound(tmp_path_factory) -> Home:
    """A small home with a release."""
    with pytest.MonkeyPatch.context() as patch:
        patch.delenv("CPAI_TOKEN_KEY", raising=False)
        patch.setattr(publish.release_inputs, "code_hash", lambda: "c0de")
        root = tmp_path_factory.mktemp("sound") / "home"
        token_key(Home(root))
        home = make_home(root)
        outbox.leave(home, "gate", "2023", "the gate was shut")
        publish.publish(home, "2023", Gate())
        open_ledger(home).dispose()
    return home


@pytest.fixture
def home(sound, tmp_path, monkeypatch) -> Home:
    monkeypatch.delenv("CPAI_TOKEN_KEY", raising=False)
    monkeypatch.delenv("CPAI_LEDGER_URL", raising=False)
    monkeypatch.chdir(tmp_path)
    copy = Home(tmp_path / "home")
    shutil.copytree(sound.root, copy.root, symlinks=True)
    describe_models(copy)
    monkeypatch.setenv("CPAI_HOME", str(copy.root))
    return copy


def asked(home: Home, command: str) -> Result:
    for made in ("reports", "feeds"):
        shutil.rmtree(made, ignore_errors=True)
    return CliRunner().invoke(cpai, ["--home", str(home.root), *COMMANDS[command]])


def damage(home: Home, part: str, how: str) -> None:
    path = home.root / part
    if path.is_dir() and not path.is_symlink():
        path = max(one for one in path.iterdir() if one.name != "none.parquet")
    if path.exists() and not path.is_symlink():
        path.chmod(0o600)
    if part == "ledger.db":
        for beside in ("ledger.db-wal", "ledger.db-shm"):
            (home.root / beside).unlink(missing_ok=True)
    HOW[how](path)


def in_one_sentence(answer: Result) -> str:
    assert isinstance(answer.exception, SystemExit), (answer.output, repr(answer.exception))
    assert answer.exit_code in (1, 2), answer.output
    assert not re.search("Traceback|https?://", answer.output), answer.output
    # the hand-made home has no archive, and a bar shows where the machine is slow
    said = re.sub(r"^(the archive has lost|\d+:\d\d ) .*\n?", "", answer.stderr, flags=re.MULTILINE).strip()
    assert said and len(said.splitlines()) <= 2, said
    return said


@pytest.mark.parametrize("row", DAMAGES, ids=lambda row: f"{row['part']} {row['damage']}")
def test_what_reads_it_stops_with_what_to_do(home, row):
    damage(home, row["part"], row["damage"])
    for command in row["refuses"].split():
        if command == "publish":
            with pytest.raises((Stopped, OSError)) as stopped:
                publish.publish(home, "2023", Gate())
            said = str(stopped.value) if isinstance(stopped.value, Stopped) else state_of(stopped.value)
            assert row["says"] in said
        else:
            assert row["says"] in in_one_sentence(asked(home, command)), command
    assert not list(Path().glob("feeds/*")) and not list(Path().glob("reports/*"))


def answer_of(answer: Result) -> str:
    """Without what differs between two answers over the same home."""
    times = r" in \d+\.\d s|done in .*|since \d{4}-\S+ \S+|^\d+:\d\d  .*\n"
    return re.sub(rf"{times}|/\S+/home", "", answer.output, flags=re.MULTILINE)


PARTS = sorted(
    {row["part"] for row in DAMAGES} - {"releases/current"} | {"warehouse.duckdb.wal", "intake.lock"}
)


@pytest.mark.proof
@pytest.mark.parametrize("how", ["flipped", "truncated", "emptied", "garbage", "missing", "folder"])
@pytest.mark.parametrize("part", PARTS)
def test_every_command_answers_as_over_a_sound_home_or_says_what_to_do(home, part, how):
    if not (home.root / part).exists():
        (home.root / part).write_bytes(b"left by a run that was killed")
    else:
        # what the hand-made tables lack, a report and a feed ask for
        right = {
            command: answer_of(asked(home, command))
            for command in COMMANDS
            if command not in ("report", "feed")
        }
        damage(home, part, how)
        for command in some(right):
            answer = asked(home, command)
            if answer_of(answer) != right[command] and (command, part) != ("status", "outbox/messages.jsonl"):
                # both stand on other things, and say what the warehouse cannot give
                if command in ("status", "explain") and part == "warehouse.duckdb" and not answer.exit_code:
                    assert how == "missing" or "`cpai run <quarter>`" in answer.output
                else:
                    in_one_sentence(answer)


def test_a_pointer_that_is_lost_comes_back_with_the_next_publication(home):
    (home.releases / "current").unlink()
    assert publish.publish(home, "2023", Gate()).unchanged
    assert (home.releases / "current").readlink() == Path("2023.r1")


def test_what_a_release_was_made_from_is_missed_by_the_gate(home):
    head = json.loads((home.releases / "2023.r1" / "manifest.json").read_text())
    assert history.lost(home, head) == []
    for file in (home.history / "rule_results").glob("2*.parquet"):
        file.unlink()
    (sentence,) = history.lost(home, head)
    assert "is missing: restore it from a backup" in sentence
    (home.history / "releases" / "2023.r1.parquet").unlink()
    history.keep_release(home, head)
    assert (home.history / "releases" / "2023.r1.parquet").exists()


@pytest.mark.parametrize(
    "text", ["", "no: [such", "- a list", "telemetry:\n  enabled: fal", "run_queue: 7\n"]
)
def test_settings_of_dagster_that_cannot_be_read_are_not_taken_for_none(tmp_path, monkeypatch, text):
    home = Home(tmp_path)
    jobs.instance(home).dispose()
    (home.dagster / "dagster.yaml").write_text(text)
    with pytest.raises(Stopped, match=r"dagster\.yaml holds no settings that Dagster can read: restore"):
        jobs.instance(home)


def test_settings_of_dagster_that_are_lost_are_written_again_and_said(tmp_path, capsys):
    home = Home(tmp_path)
    jobs.instance(home).dispose()
    assert "was missing" not in capsys.readouterr().out
    whole = (home.dagster / "dagster.yaml").read_text()
    (home.dagster / "dagster.yaml").unlink()
    with jobs.instance(home) as storage:
        assert not storage.telemetry_enabled
        assert type(storage.event_log_storage).__name__ == "OpenSqliteEventLog"
    assert (home.dagster / "dagster.yaml").read_text() == whole
    assert "dagster.yaml was missing" in capsys.readouterr().out
    (home.dagster / "dagster.yaml").write_text("run_queue:\n  max_concurrent_runs: 3\n")
    with jobs.instance(home) as storage:
        assert not storage.telemetry_enabled


@dg.asset
def nothing() -> None:
    pass


def ran_in(home: Home) -> int:
    """How many runs Dagster knows of, after one more."""
    with jobs.instance(home) as storage:
        jobs.free_pool(storage)
        run = dg.Definitions(assets=[nothing]).resolve_job_def("__ASSET_JOB")
        assert run.execute_in_process(instance=storage).success
        return storage.get_runs_count()


@pytest.mark.parametrize("how", ["truncated", "emptied", "garbage", "folder"])
@pytest.mark.parametrize("file", ["history/runs.db", "history/runs/index.db", "schedules/schedules.db"])
def test_a_damaged_database_of_dagsters_is_kept_aside_and_said(tmp_path, capsys, file, how):
    home = Home(tmp_path)
    assert ran_in(home) == 1
    assert "damaged" not in capsys.readouterr().err
    HOW[how](home.dagster / file)
    assert ran_in(home) == (1 if "history" in file else 2)
    part = file.partition("/")[0]
    (kept,) = home.damaged.glob(f"*/{part}")
    (said,) = [line for line in capsys.readouterr().err.splitlines() if "damaged" in line]
    assert said.startswith(f"{home.dagster / part} was damaged: it is kept as {kept}; ")
    assert ran_in(home) == (2 if "history" in file else 3)
    assert "damaged" not in capsys.readouterr().err


def test_dagster_started_by_hand_loads_nothing_over_emptied_settings(tmp_path):
    home = Home(tmp_path)
    jobs.instance(home).dispose()
    (home.dagster / "dagster.yaml").write_text("")
    said = subprocess.run(
        [sys.executable, "-c", "import orchestration.definitions"],
        env={**os.environ, "CPAI_HOME": str(home.root)},
        capture_output=True,
        text=True,
    )
    assert said.returncode == 1
    assert "dagster.yaml holds no settings that Dagster can read: restore" in said.stderr.splitlines()[-1]


def test_what_dbt_wrote_is_made_again_where_it_is_damaged(tmp_path, monkeypatch):
    home, target, parses = Home(tmp_path), tmp_path / "dbt" / "target", []

    def parse(_home: Home, _words: list[str]) -> None:
        parses.append(1)
        target.mkdir(parents=True, exist_ok=True)
        for name in ("manifest.json", "partial_parse.msgpack"):
            (target / name).write_text("{}")

    monkeypatch.setattr(dbt, "invoke", parse)
    monkeypatch.setattr(dbt, "_check_seeds", lambda _manifest: None)
    dbt.manifest_path(home)
    dbt.manifest_path(home)
    assert len(parses) == 1
    for name in ("manifest.json", "partial_parse.msgpack", "manifest.sha256"):
        for how in ("flipped", "emptied", "garbage", "missing", "folder"):
            HOW[how](target / name)
            before = len(parses)
            dbt.manifest_path(home)
            dbt.manifest_path(home)
            assert len(parses) == before + 1, (name, how)


def test_the_log_of_dbt_writes_no_traceback_of_its_own():
    """On a full disk there were 60 of them."""
    before = logging.raiseExceptions
    try:
        with pytest.raises(SystemExit), pytest.MonkeyPatch.context() as patch:
            patch.setattr(sys, "argv", ["cpai", "--help"])
            patch.setattr(orchestration.command, "quiet_teardown", lambda: None)
            patch.setattr(orchestration.command, "watch_interrupts", lambda: None)
            orchestration.command.main()
        assert not logging.raiseExceptions
    finally:
        logging.raiseExceptions = before
