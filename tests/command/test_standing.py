"""Where nothing has come since, a run and a publication do nothing; whatever has come is seen."""

import os
import sqlite3
import subprocess
import sys
from contextlib import closing

import pytest

from orchestration.command import standing
from orchestration.home import Home
from orchestration.keys import token_key
from orchestration.ledger.opening import open_ledger
from orchestration.releases import inputs

RUN, PUBLISH = "run 2023-Q1", "publish 2023"
FILES = (
    "landing/2023-Q1/kent/crimes.csv",
    "landing/recorded_crime/prc.csv",
    "archive/ab/abcd",
    "raw/crimes/2023-Q1/kent.1.parquet",
    "history/counts/1.parquet",
    "reading/2023-Q1/kent.xlsx",
    "warehouse.duckdb",
    "releases/2023.r1/manifest.json",
)


@pytest.fixture
def home(tmp_path) -> Home:
    """A home with a file in each part, of which a run and a publication were noted."""
    made = Home(tmp_path / "home")
    token_key(made)
    open_ledger(made).dispose()
    in_the_ledger(RECEIPT.format(1))(made)
    for name in FILES:
        file = made.root / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text("as it was")
    (made.releases / "current").symlink_to("2023.r1")
    standing.note(made, RUN, standing.begun(made, RUN), 0)
    standing.note(made, PUBLISH, standing.begun(made, PUBLISH), {"release": "2023.r1"})
    return made


def stand(home: Home) -> set[str]:
    return {what for what in (RUN, PUBLISH) if standing.stands(home, what)}


def written_again(name: str):
    """The same number of bytes, in a file of its own that takes the other's place."""

    def change(home: Home) -> None:
        file = home.root / name
        aside = file.with_name("aside")
        aside.write_bytes(b"x" * file.stat().st_size)
        aside.replace(file)

    return change


def in_the_ledger(*statements: str):
    def change(home: Home) -> None:
        with closing(sqlite3.connect(home.root / "ledger.db")) as ledger:
            for statement in statements:
                ledger.execute(statement)
            ledger.commit()

    return change


ITEM = "insert into items values (1, 'kent', '2023-Q1', 'CR/1', 'v1', 'two_suspects', false, '2023-06-01')"
SLOT = "insert into reading_slots values (1, 1, '{}', {}, 'drawn', '2023-06-01')"
RECEIPT = (
    "insert into submissions (force, quarter, submission, delivered_as, status, received_at, fingerprint, "
    "crimes, victims, suspects, reasons) values ('kent', '2023-Q1', {}, 'kent', 'accepted', '2023-05-01', 'f', 1, 0, 0, '[]')"
)
READING = (
    "insert into readings (force, crime_reference, version, role, imported_at) "
    "values ('kent', 'CR/1', 'v1', 'first', '2023-06-01')"
)


def both(what: str) -> bool:
    return what not in {
        *("landing/2023-Q1/kent/crimes.csv", "landing/recorded_crime/prc.csv", "astray"),
        *("releases/2023.r1/manifest.json", "live"),
    }


CHANGES = {
    **{name: written_again(name) for name in (*FILES, "token.key")},
    "a file more": lambda home: (home.archive / "ab" / "ef").touch(),
    "a file less": lambda home: (home.archive / "ab" / "abcd").unlink(),
    "astray": lambda home: (home.landing / "2024-Q1").mkdir(),
    "live": lambda home: [(home.releases / "current").unlink(), (home.releases / "current").symlink_to("x")],
    "a reading": in_the_ledger(READING),
    "a second reading due": in_the_ledger(ITEM, SLOT.format("second", 1)),
    "a reading anew due": in_the_ledger(ITEM, SLOT.format("first", 2)),
    "a receipt": in_the_ledger(RECEIPT.format(2)),
    "an erasure": in_the_ledger(
        "insert into erasures (erasure, identity, at, who, authority, reason, text, kind, mark, plan, digest, previous_hash, "
        "hash) values (1, 'a', '', '', '', '', '', 'crime', '', '{}', '', '', '')"
    ),
}


@pytest.mark.parametrize("what", CHANGES)
def test_whatever_has_come_is_seen(home, what):
    assert stand(home) == {RUN, PUBLISH}
    CHANGES[what](home)
    concerned = {RUN, PUBLISH} if both(what) else {RUN} if what in {*FILES[:2], "astray"} else {PUBLISH}
    assert stand(home) == {RUN, PUBLISH} - concerned


@pytest.mark.parametrize(
    "change",
    [
        lambda patch: patch.setattr(inputs, "code_hash", lambda: "other"),
        lambda patch: patch.setattr(inputs, "seed_hashes", lambda: {"seeds/rules.csv": "other"}),
        lambda patch: patch.setenv("CPAI_TOKEN_KEY", "f" * 64),
        lambda patch: patch.setenv("CPAI_TOKEN_KEY_BEFORE", "f" * 64),
        lambda patch: patch.setenv("CPAI_LEDGER_URL", "postgresql://nowhere/cpai"),
    ],
    ids=["code", "seeds", "key", "key before", "a ledger on a server"],
)
def test_another_version_key_or_ledger_goes_the_whole_way(home, monkeypatch, change):
    change(monkeypatch)
    assert stand(home) == set()


def test_what_nothing_is_made_of_changes_nothing(home):
    users = "insert into users (username, roles, password_hash, active, changed_at, changed_by) values ('a', '', '', 1, '', '')"
    signed_in = "insert into sign_ins (username, at, outcome, address) values ('a', '2023-06-01', 'in', '')"
    in_the_ledger(users, signed_in)(home)
    assert stand(home) == {RUN, PUBLISH}
    # cases are made by a run, and first readings of them fall due with it
    in_the_ledger(ITEM)(home)
    standing.note(home, RUN, standing.begun(home, RUN), 0)
    in_the_ledger(SLOT.format("first", 1))(home)
    assert RUN in stand(home)


@pytest.mark.parametrize("what", ["landing/2023-Q1/kent/crimes.csv", "a reading"])
def test_what_comes_while_a_run_goes_on_is_new_to_the_next(home, what):
    begun = standing.begun(home, RUN)
    CHANGES[what](home)
    standing.note(home, RUN, begun, 0)
    assert RUN not in stand(home)


def test_a_run_that_stood_before_a_publication_stands_after_it(home):
    run = standing.last_run(home)
    CHANGES["warehouse.duckdb"](home)
    standing.still(home, run)
    assert stand(home) == {RUN}
    # and one that did not stand does not come to
    CHANGES["astray"](home)
    standing.still(home, standing.last_run(home))
    assert stand(home) == set()


def test_a_note_that_cannot_be_read_is_none(home):
    (home.dbt / standing.FILE).write_text("{")
    assert stand(home) == set()
    standing.note(home, RUN, standing.begun(home, RUN), 0)
    standing.forget(home)
    assert stand(home) == set()


def test_the_day_is_that_of_models_wherever_the_machine_is(home):
    """Waivers run out by it. At any moment one of the two zones has another day than UTC."""
    ask = (
        "import duckdb, sys; from pathlib import Path; from orchestration.home import Home; "
        "from orchestration.command import standing; from orchestration.warehouse_plugin import Plugin; "
        "print(standing.begun(Home(Path(sys.argv[1])), 'publish 2023')['day']); cursor = duckdb.connect(); "
        "Plugin('cpai', {}).configure_cursor(cursor); print(*cursor.execute(\"select getvariable('today')\").fetchone())"
    )
    words = [sys.executable, "-c", ask, str(home.root)]
    days = []
    for zone in ("Pacific/Kiritimati", "Etc/GMT+12"):
        environment = {**os.environ, "TZ": zone, "CPAI_TOKEN_KEY": "k" * 64}
        answer = subprocess.run(words, capture_output=True, text=True, env=environment, check=True)
        days += answer.stdout.split()
    assert len(days) == 4 and len({*days}) == 1
