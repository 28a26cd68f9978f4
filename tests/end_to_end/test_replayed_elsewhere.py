"""A release is made again from a backup, on a machine that is otherwise in everything, and every file is the same."""

import csv
import json
import os
import re
import shutil
import sqlite3
import subprocess
import sys
import zipfile
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import replace
from pathlib import Path

import duckdb
import pytest
from a_postgresql import administration, postgresql_programs
from some import some
from sqlalchemy import create_engine, select

from orchestration.command import cpai
from orchestration.home import DBT_PROJECT, PROJECT, Home, file_hash
from orchestration.ledger import chain, cut, evidence, tables
from orchestration.ledger.opening import ledger_of
from orchestration.releases import elsewhere, inputs, package
from orchestration.releases.elsewhere import aside, backup, marts
from tests.end_to_end.conftest import QUARTER, done, received_and_read

pytestmark = pytest.mark.xdist_group("year")  # one worker builds the year once
ANOTHER_MACHINE = Path(__file__).with_name("on_another_machine.py")
FORCE = "cheshire"


def backup_of(home: Home, folder: Path) -> Path:
    """What cannot be made again, and of each release its manifest alone: no landing, raw, warehouse, history or release."""
    folder.mkdir()
    shutil.copytree(home.archive, folder / "archive")
    for name in ("token.key", "home.json"):
        shutil.copy(home.root / name, folder)
    if (home.root / "ledger.db").is_file():
        with (
            closing(sqlite3.connect(home.root / "ledger.db")) as ledger,
            closing(sqlite3.connect(folder / "ledger.db")) as copy,
        ):
            ledger.backup(copy)
    for manifest in home.releases.glob("*.r*/manifest.json"):
        (folder / "releases" / manifest.parent.name).mkdir(parents=True)
        shutil.copy(manifest, folder / "releases" / manifest.parent.name)
    return folder


def seen(folder: Path) -> dict[str, tuple]:
    return {
        str(path.relative_to(folder)): (path.stat().st_size, path.stat().st_mtime_ns)
        for path in sorted(folder.rglob("*"))
    }


def on_another_machine(folder: Path, *words: str, installed: Path | None = None, **settings: str) -> dict:
    """The answer of the command in a process of its own, where time zone, language, umask, cores, order of files, home of the
    user and order of sets are others. `installed`: where its code lies; `settings`: what its environment has besides."""
    folder.mkdir()
    environment = {
        "PATH": os.environ["PATH"],
        "PYTHONPATH": os.pathsep.join(map(str, filter(None, [installed, os.environ["PYTHONPATH"]]))),
        "CPAI_REACHED": os.environ["CPAI_REACHED"],
        "HOME": str(folder),
        "TZ": "Pacific/Auckland",
        "LC_ALL": "C",
        "PYTHONCOERCECLOCALE": "0",
        "PYTHONUTF8": "0",
        "PYTHONHASHSEED": "4",
        **settings,
    }
    command = [sys.executable, str(ANOTHER_MACHINE), "--home", str(folder / "none"), *words, "--json"]
    ran = subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True)
    assert not ran.returncode, ran.stdout + ran.stderr
    return json.loads(ran.stdout)


def assert_the_same(published: Path, made: Path, signed: tuple[str, ...] = ()) -> None:
    """Every file but those excepted is the same, and each exception is needed."""
    then, now = (
        {
            path: file_hash(folder / path)
            for path in [*package.files_of(folder), *signed]
            if (folder / path).exists()
        }
        for folder in (published, made)
    )
    assert some(then.keys() | now.keys()) and {
        path for path in then.keys() | now.keys() if then.get(path) != now.get(path)
    } == {
        "marts.duckdb",
        *signed,
    }
    assert list(marts.differing(published / "marts.duckdb", made / "marts.duckdb")) == []


@pytest.mark.proof
def test_a_quarter_comes_out_the_same_on_another_machine(built, tmp_path):
    """From archive, ledger and key; the folder of the release is what an auditor has of it. 40 s of a processor."""
    kept, into = backup_of(built, tmp_path / "backup"), tmp_path / "made elsewhere"
    before = seen(kept)
    published = built.releases / "2023-Q1.r1"
    answer = on_another_machine(
        tmp_path / "user", "replay", str(published), "--from", str(kept), "--into", str(into)
    )
    assert answer["done"] and answer["same"] == len(package.files_of(published)) - 1
    assert not answer["noted"]
    assert_the_same(published, into / "home" / "releases" / "2023-Q1.r1")
    assert seen(kept) == before
    # a file of the release that is another is named; the answer does not hang on the folder being whole
    some_file = into / "home" / "releases" / "2023-Q1.r1" / "figures.csv"
    some_file.chmod(0o600)
    some_file.write_text("another")
    package.write_manifest(some_file.parent, {})
    one = backup.Published(json.loads((published / "manifest.json").read_text()), published)
    assert "figures.csv does not come out the same" in list(elsewhere._differing(some_file.parent, one))


@pytest.mark.proof
def test_a_public_tier_comes_out_the_same_on_another_machine(tmp_path):
    """Of a quarter that is large enough to have one: three fifths of its size. 4 minutes of a processor."""
    home, sampled = Home(tmp_path / "home"), Home(tmp_path / "sampled")
    received_and_read(home, sampled, "2023-Q2", "0.6")
    done("--home", str(home.root), "publish", "2023-Q2")
    published, into = home.releases / "2023-Q2.r1", tmp_path / "made elsewhere"
    assert {"public/figures.csv", "public/disclosure.json"} <= set(package.files_of(published))
    kept = backup_of(home, tmp_path / "backup")
    on_another_machine(tmp_path / "user", "replay", "2023-Q2.r1", "--from", str(kept), "--into", str(into))
    assert_the_same(published, into / "home" / "releases" / "2023-Q2.r1")


@pytest.fixture
def home(tmp_path) -> Home:
    return Home(tmp_path / "home")


@pytest.mark.proof
def test_a_release_of_a_ledger_on_postgresql_comes_out_the_same_on_another_machine(
    postgresql_ledger, postgresql, home, tmp_path, monkeypatch
):
    """From a database that was restored; the home aside has its ledger in a file. 2 minutes of a processor."""
    received_and_read(home, Home(tmp_path / "sampled"), QUARTER, "0.02")
    done("--home", str(home.root), "publish", QUARTER)
    kept, into = backup_of(home, tmp_path / "backup"), tmp_path / "made elsewhere"
    assert not list(kept.glob("ledger.db*"))
    with restored(postgresql, postgresql_ledger, tmp_path / "ledger.dump") as url:
        before = rows_of(url)
        monkeypatch.delenv("CPAI_LEDGER_URL")
        assert (
            "has no ledger.db: name a backup that has it, or give it by CPAI_LEDGER_URL"
            in replayed(kept).output
        )
        words = ("replay", f"{QUARTER}.r1", "--from", str(kept), "--into", str(into))
        answer = on_another_machine(tmp_path / "user", *words, CPAI_LEDGER_URL=url)
        assert rows_of(url) == before
    assert answer["done"]
    assert_the_same(home.releases / f"{QUARTER}.r1", into / "home" / "releases" / f"{QUARTER}.r1")
    assert (into / "home" / "ledger.db").is_file()


@pytest.mark.proof
def test_the_wheel_beside_the_releases_makes_one_again_where_code_has_moved_on(built, tmp_path, monkeypatch):
    """By the commands that are printed, but for the tools: they are those of this environment. 3 minutes of a processor."""
    kept, into = backup_of(built, tmp_path / "backup"), tmp_path / "made elsewhere"
    wheel = made_wheel(tmp_path / "checkout")
    for file in (wheel, PROJECT / "requirements.lock"):
        shutil.copy(file, kept / "releases")
    wheel = kept / "releases" / wheel.name
    with monkeypatch.context() as patch:
        patch.setattr(inputs, "code_hash", lambda: "0" * 64)
        told = replayed(kept, f"{QUARTER}.r1")
    assert told.exit_code == 1 and f"then/bin/pip install --no-deps {wheel}" in told.output
    then = tmp_path / "then"
    install = [sys.executable, "-m", "pip", "install", "--quiet", "--no-deps", "--target", then, wheel]
    subprocess.run(install, check=True, capture_output=True)
    words = ("replay", f"{QUARTER}.r1", "--from", str(kept), "--into", str(into))
    on_another_machine(tmp_path / "user", *words, installed=then)
    assert_the_same(built.releases / f"{QUARTER}.r1", into / "home" / "releases" / f"{QUARTER}.r1")
    # it was the wheel's code that made it: no seed of it is as it was, and nothing is made
    seed = then / "orchestration" / "project" / "seeds" / "forces.csv"
    seed.write_bytes(seed.read_bytes().replace(b"Kent Police", b"Police of Kent"))
    with pytest.raises(AssertionError, match=r"was made by other seeds \(forces\.csv\) than this"):
        on_another_machine(tmp_path / "again", *words[:-2], installed=then)


def made_wheel(checkout: Path) -> Path:
    """What `make wheel` makes of this checkout as it is."""
    ignored = shutil.ignore_patterns(".venv", "data", "dist", "target", "logs", "__pycache__", ".*_cache")
    shutil.copytree(PROJECT, checkout, symlinks=True, ignore=ignored)
    make = ["make", "-o", ".venv/installed", f"BIN={Path(sys.executable).parent}", "wheel"]
    subprocess.run(make, cwd=checkout, check=True, capture_output=True)
    (wheel,) = (checkout / "dist").glob("*.whl")
    return wheel


@contextmanager
def restored(server: str, url: str, dump: Path) -> Iterator[str]:
    """The URL of a database that was restored from a dump of another."""
    programs, to = postgresql_programs(), server.format("restored")
    plain = [one.replace("+psycopg", "") for one in (url, to)]
    subprocess.run([programs / "pg_dump", "-Fc", "-f", dump, "-d", plain[0]], check=True)
    with administration(server) as connection:
        connection.exec_driver_sql("create database restored")
    subprocess.run([programs / "pg_restore", "--exit-on-error", "-d", plain[1], dump], check=True)
    yield to
    with administration(server) as connection:
        connection.exec_driver_sql("drop database restored with (force)")


def rows_of(url: str) -> dict[str, list]:
    engine = create_engine(url)
    with engine.connect() as ledger:
        found = {
            table.name: sorted(map(repr, ledger.execute(select(table))))
            for table in tables.metadata.sorted_tables
        }
    engine.dispose()
    assert found["evidence"] and found["readings"]
    return found


def records(home: Home, table: str) -> tuple[Path, list[dict[str, str]]]:
    file = home.landing / "2023-Q1" / FORCE / f"{FORCE}_2023-Q1_{table}.csv"
    with file.open(encoding="cp1252", newline="") as text:
        return file, list(csv.DictReader(text))


@pytest.fixture
def sent_again(year, authority, tmp_path, monkeypatch):
    """The published year, and a force's first quarter sent again without a crime that is no candidate, published as 2023.r2 with
    both signatures and a time stamp. Kent's second delivery of 2023-Q3 was refused."""
    monkeypatch.setenv("CPAI_SIGNING_KEY", "")
    home = Home(tmp_path / "home")
    shutil.copytree(
        year.home.root, home.root, symlinks=True, ignore=shutil.ignore_patterns("packs", "recorded_crime")
    )
    of = replace(year, home=home)
    with duckdb.connect(str(home.releases / "2023.r1" / "marts.duckdb"), read_only=True) as facts:
        ((gone,),) = facts.execute(
            "select crime_reference from fct_crimes where force = ? and quarter = '2023-Q1' and not is_contact "
            "order by all limit 1",
            [FORCE],
        ).fetchall()
    for table in ("crimes", "victims", "suspects"):
        file, rows = records(home, table)
        again = file.parent / "2" / file.name
        again.parent.mkdir(exist_ok=True)
        with again.open("w", encoding="cp1252", newline="") as text:
            writer = csv.DictWriter(text, rows[0])
            writer.writeheader()
            writer.writerows(row for row in rows if row["Occurrence Number"] != gone)
    keys = {role: str(tmp_path / f"{role}.pem") for role in ("analyst", "assurer")}
    for words in (
        ["keys", "make", keys["analyst"], "--role", "analyst"],
        ["keys", "make", keys["assurer"], "--role", "assurer", "--person", "ben"],
        ["run", "2023-Q1"],
        ["publish", "2023", "--key", keys["analyst"]],
        ["assure", "2023.r2", "--key", keys["assurer"]],
    ):
        answer = of.cpai(*words)
        assert answer.exit_code == 0, answer.output
    return of


@pytest.mark.proof
def test_a_year_and_what_was_sent_again_come_out_the_same_on_another_machine(sent_again, authority, tmp_path):
    """Both releases, one after the other, and the history that they show. Minutes."""
    home, into = sent_again.home, tmp_path / "made elsewhere"
    kept = backup_of(home, tmp_path / "backup")
    answer = on_another_machine(
        tmp_path / "user", "replay", "2023.r2", "--from", str(kept), "--into", str(into)
    )
    signed = evidence.ADDED
    assert all((home.releases / "2023.r2" / name).is_file() for name in signed)
    # asked the same question again, an authority gives another stamp
    stamp = (home.releases / "2023.r2" / evidence.TIMESTAMP).read_bytes()
    assert authority.answer((authority.folder / "request.tsq").read_bytes()) != stamp
    assert set(answer["except"]) == {"marts.duckdb", *evidence.ADDED}
    assert_the_same(home.releases / "2023.r2", into / "home" / "releases" / "2023.r2", signed)
    assert_the_same(home.releases / "2023.r1", into / "home" / "releases" / "2023.r1")
    # what the manifest alone knows is there
    head = json.loads((home.releases / "2023.r2" / "manifest.json").read_text())
    for part in answer["given"]:
        first, _, second = part.partition(".")
        assert head[first] and (not second or head[first][second])
    # with a whole copy of the earlier release, and history, nothing of before is built again
    shutil.copytree(home.releases / "2023.r1", kept / "releases" / "2023.r1", dirs_exist_ok=True)
    shutil.copytree(home.history, kept / "history")
    again = tmp_path / "made with copies"
    on_another_machine(
        tmp_path / "another user", "replay", "2023.r2", "--from", str(kept), "--into", str(again)
    )
    assert (again / "home" / "releases" / "2023.r1").is_symlink()
    assert_the_same(home.releases / "2023.r2", again / "home" / "releases" / "2023.r2", signed)


def test_no_view_of_a_release_replaces_or_excludes_columns_by_a_list():
    """DuckDB keeps such a list in any order: the text of the view would be another in each release."""
    views = {file.name: file.read_text() for file in (DBT_PROJECT / "models" / "release").glob("*.sql")}
    listed = re.compile(r"\breplace\s*\(\s*case\b|\* replace|\) replace|\bexclude\s*\([^)]*,", re.IGNORECASE)
    assert [name for name, text in some(views.items()) if listed.search(text)] == []


# what is wrong, and what does not wait until something is built ---------------------------------------------------


@pytest.fixture
def kept(year, tmp_path) -> Path:
    return backup_of(year.home, tmp_path / "backup")


def replayed(folder: Path, wanted: str = "2023.r1"):
    from click.testing import CliRunner

    return CliRunner().invoke(cpai, ["--home", str(folder / "none"), "replay", wanted, "--from", str(folder)])


def archived(folder: Path) -> Path:
    """The file of a return that stands in the release."""
    head = json.loads((folder / "releases" / "2023.r1" / "manifest.json").read_text())
    sha256 = next(file["sha256"] for row in head["submissions"] for file in row["files"])
    return folder / "archive" / sha256[:2] / sha256


def changed(file: Path) -> None:
    file.chmod(0o600)
    file.write_bytes(file.read_bytes()[:-1] + b"?")


def another_key(folder: Path) -> None:
    (folder / "token.key").write_text("ab" * 32)


def cut_short(folder: Path) -> None:
    """The ledger of a backup from before the release was made, which knows of it nevertheless."""
    with closing(sqlite3.connect(folder / "ledger.db")) as ledger, ledger:
        for (name,) in ledger.execute("select name from sqlite_master where type = 'trigger'").fetchall():
            ledger.execute(f"drop trigger {name}")
        ledger.execute("update readings set reason = 'another' where reading_id = 3")


WRONG = {
    "a byte of the archive": (
        lambda folder: changed(archived(folder)),
        "its bytes are not those of its name",
    ),
    "a file of the archive is lost": (
        lambda folder: archived(folder).unlink(),
        "is missing; restore it from a backup",
    ),
    "no archive": (lambda folder: shutil.rmtree(folder / "archive"), "has no archive/"),
    "no ledger": (lambda folder: (folder / "ledger.db").unlink(), "has no ledger.db"),
    "no key": (lambda folder: (folder / "token.key").unlink(), "has no token.key"),
    "another key": (another_key, "the key of"),
    "another reading": (cut_short, "reading 3, of a crime of"),
    "no manifest": (
        lambda folder: (folder / "releases/2023.r1/manifest.json").unlink(),
        "put manifest.json of 2023.r1 into",
    ),
    "another manifest": (
        lambda folder: changed(folder / "releases/2023.r1/manifest.json"),
        "is not the manifest of 2023.r1",
    ),
}


@pytest.mark.parametrize("wrong", WRONG)
def test_what_a_backup_lacks_is_one_sentence(kept, wrong):
    harm, sentence = WRONG[wrong]
    harm(kept)
    answer = replayed(kept)
    assert answer.exit_code in (1, 2)
    (said,) = [line for line in answer.output.splitlines() if line[:1] not in " d"] or [""]
    assert sentence in said


def test_a_ledger_that_the_environment_names_is_the_backups_and_no_home_of_this_machine(kept, monkeypatch):
    """Regression: the consultation was to be logged in it, for which the key was asked that no home here has."""
    (kept / "ledger.db").rename(kept / "restored.db")
    monkeypatch.setenv("CPAI_LEDGER_URL", f"sqlite:///{kept / 'restored.db'}")
    changed(archived(kept))
    assert "its bytes are not those of its name" in replayed(kept).output


def test_a_release_that_the_ledger_does_not_know_is_named_with_those_that_it_does(kept):
    answer = replayed(kept, "2023.r7")
    assert answer.exit_code == 2 and "has no release '2023.r7': it has 2023.r1" in answer.output


def head_of(folder: Path) -> dict:
    return json.loads((folder / "releases" / "2023.r1" / "manifest.json").read_text())


def test_other_code_is_told_with_its_commit_and_the_commands(kept, monkeypatch):
    monkeypatch.setattr(inputs, "code_hash", lambda: "0" * 64)
    answer = replayed(kept)
    assert answer.exit_code == 1
    commit = head_of(kept)["code_commit"]
    assert "2023.r1 was made by other code than this" in answer.output
    assert commit.removesuffix("+changes") in answer.output


def test_a_wheel_of_the_commit_beside_the_release_is_named(kept):
    head = head_of(kept) | {"code_sha256": "0" * 64, "code_commit": "f" * 40}
    places = [kept / "releases"]
    (said,) = elsewhere.other_code(head, places)
    assert f"git worktree add ../cpai-ffffffffffff {'f' * 40} && make -C" in said
    (places[0] / "broken.whl").write_text("no wheel")
    with zipfile.ZipFile(places[0] / "cpai.whl", "w") as wheel:
        wheel.writestr("orchestration/commit", "f" * 40 + "\n")
    # without the versions of its tools it is of no use
    assert "git worktree" in some(elsewhere.other_code(head, places))[0]
    (places[0] / "requirements.lock").write_text("duckdb==2.0.0")
    (said,) = elsewhere.other_code(head, places)
    assert f"then/bin/pip install --no-deps {places[0] / 'cpai.whl'}" in said


def test_a_seed_and_a_tool_that_are_others_are_named(kept, monkeypatch):
    seeds = inputs.seed_hashes() | {"rules.csv": "0" * 64}
    with monkeypatch.context() as patch:
        patch.setattr(inputs, "seed_hashes", lambda: seeds)
        answer = replayed(kept)
        assert answer.exit_code == 1 and "was made by other seeds (rules.csv) than this" in answer.output
    tools = package.tool_versions() | {"duckdb": "1.0.0", "python": "3.11.99"}
    monkeypatch.setattr(package, "tool_versions", lambda: tools)
    answer = replayed(kept)
    assert answer.exit_code == 1 and "was made by other tools (duckdb" in answer.output
    assert "python" not in answer.output


def test_the_ledger_cut_back_ends_where_the_manifest_says(kept, tmp_path):
    """Whatever was written since: entries of the log, at the least."""
    head = head_of(kept)
    with (
        backup.opened("2023.r1", kept) as opened,
        ledger_of(Home(tmp_path / "new")) as engine,
    ):
        cut.copy(opened.ledger, engine, aside.end_of_release(opened, head))
        assert chain.ends(engine) == head["ledger"] == evidence.ends(engine)
        assert evidence.problems(engine) == []
        assert chain.ends(opened.ledger)["log"] != head["ledger"]["log"]
