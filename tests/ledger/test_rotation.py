"""A key that is changed: what was made with the one before can still be read, nothing new equals it, and it is whole or not at
all."""

import hmac
import json
import os
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from by_command import said
from sqlalchemy import select

from orchestration import keys
from orchestration.erasure.elsewhere import words
from orchestration.home import PROJECT
from orchestration.ledger import log
from orchestration.ledger.erasures import Marks
from orchestration.ledger.inventory import key_check
from orchestration.ledger.opening import open_ledger
from orchestration.ledger.tables import log_entries
from orchestration.readings.agreement import reader_token
from orchestration.warehouse.dbt import environment

PURPOSES = ("pseudonyms of csae_analysis", "sessions of the reading room", "records in the log", "anything")
QUARTER = timedelta(days=92)


@pytest.fixture
def used(home):
    """A home whose ledger knows its key."""
    keys.token_key(home)
    open_ledger(home).dispose()
    return home


def changes(home) -> list[list[str]]:
    with open_ledger(home).connect() as connection:
        entries = connection.execute(
            select(log_entries).where(log_entries.c.what == "key changed")
        ).mappings()
        return [json.loads(row["concerns"])["key"] for row in entries]


def test_the_command_changes_the_key_keeps_the_one_before_and_notes_both(engine, home):
    keys.token_key(home)
    open_ledger(home).dispose()
    before = keys.kept(home)[0]
    answer = json.loads(said(home, "key", "rotate", "--json").stdout)
    now, kept = keys.kept(home)
    assert kept.text == before.text and (answer["key"], answer["before"]) == (now.check, before.check)
    assert key_check(engine) == now.check and changes(home) == [[before.check, now.check]]
    assert before.text not in (text := said(home, "key", "list").stdout) and now.text not in text
    assert before.check in text and now.check in text
    assert (home.root / "token.key").stat().st_mode & 0o077 == 0
    assert said(home, "log", "verify").exit_code == 0


def test_nothing_under_one_key_equals_anything_under_another_and_all_are_kept(used):
    """After any number of changes."""
    made, texts = [], [keys.token_key(used)]

    def everything():
        return [
            *(keys.of(used, purpose) for purpose in PURPOSES),
            keys.check_value(used),
            log.token(used, "kent", "1/23"),
            reader_token(used, "reader-01"),
        ]

    made += everything()
    for _ in range(4):
        assert said(used, "key", "rotate").exit_code == 0
        texts.insert(0, keys.token_key(used))
        made += everything()
        assert [key.text for key in keys.kept(used)] == texts
    assert len(set(made)) == len(made) == 5 * (len(PURPOSES) + 3)
    assert len(changes(used)) == 4


def test_the_next_run_makes_tokens_of_persons_with_the_key_of_now(used):
    keys.rotate(used, QUARTER)
    with environment(used):
        assert os.environ["CPAI_TOKEN_KEY"] == keys.token_key(used)


def test_a_crime_is_found_in_the_log_whatever_key_it_was_named_under(used):
    for _ in range(3):
        log.note(used, "consultation", "crime explained", {"record": log.token(used, "kent", "1/23")})
        assert said(used, "key", "rotate").exit_code == 0
    rows = json.loads(said(used, "log", "--crime", "kent:1/23", "--json").stdout)
    assert len({row["set"]["record"] for row in rows}) == len(rows) == 3


def test_what_was_erased_is_known_again_whatever_key_came_after(used):
    before = Marks(used).of("crime", "kent", "46/1/23")
    for _ in range(2):
        keys.rotate(used, QUARTER)
        assert Marks(used).of("crime", "kent", "46/1/23") == before
    # and a feed of before that lies in the home is found by the pseudonym that it has
    made = {key.of("pseudonyms of csae_analysis") for key in keys.kept(used)}
    found = {hmac.new(key, b"kent\n46/1/23", "sha256").hexdigest() for key in made}
    assert len(found) == 3 and all(words(used, "kent", ["46/1/23"]).in_bytes(one.encode()) for one in found)


def test_a_change_that_was_killed_before_its_rename_did_not_happen(used, monkeypatch):
    before = (used.root / "token.key").read_text()
    monkeypatch.setattr("os.fsync", lambda _file: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        keys.rotate(used, QUARTER)
    monkeypatch.undo()
    monkeypatch.delenv("CPAI_TOKEN_KEY", raising=False)
    assert (used.root / "token.key").read_text() == before and changes(used) == []


def test_a_change_that_was_killed_after_it_is_followed_by_the_ledger_once(used):
    """By whoever opens it next, several at once."""
    old = keys.kept(used)[0].check
    keys.rotate(used, QUARTER)
    with ThreadPoolExecutor(4) as several:
        list(several.map(lambda _: open_ledger(used).dispose(), range(8)))
    assert changes(used) == [[old, keys.kept(used)[0].check]]


KILLED = """
import os, sys
from datetime import timedelta
from pathlib import Path
from orchestration import keys, turns
from orchestration.home import Home
at = int(sys.argv[2])
steps = 0

def traced(frame, event, _argument):
    global steps
    if frame.f_code.co_filename in (keys.__file__, turns.__file__):
        steps += 1
        if steps == at:
            os._exit(9)
    return traced

sys.settrace(traced)
keys.rotate(Home(Path(sys.argv[1])), timedelta(days=92))
sys.settrace(None)
print(steps, flush=True)
os._exit(0)
"""


def test_killed_at_any_line_it_is_the_one_key_or_the_other(used):
    def rotated(at: int) -> subprocess.CompletedProcess:
        words = [sys.executable, "-c", KILLED, used.root, str(at)]
        return subprocess.run(words, cwd=PROJECT, check=False, capture_output=True, text=True)

    steps = int(rotated(0).stdout)
    was_new = set()
    # the last lines, after the rename, are few, and a key more that is kept adds some
    for at in (*range(1, steps, steps // 8), *range(steps - 6, steps + 18, 3)):
        before = keys.token_key(used)
        ran = rotated(at)
        now, *kept = keys.kept(used)
        if ran.returncode:
            was_new.add(now.text != before)
        assert before in [key.text for key in (now, *kept[:1])]
        open_ledger(used).dispose()
        assert changes(used)[-1][1] == now.check
        if True in was_new:
            break
    assert was_new == {True, False}, "killed on both sides of the rename"


def test_an_older_copy_of_the_key_is_refused_and_of_the_ledger_followed(used):
    old_key = (used.root / "token.key").read_text()
    assert said(used, "key", "rotate").exit_code == 0
    new_key = (used.root / "token.key").read_text()
    (used.root / "token.key").write_text(old_key)
    with pytest.raises(keys.KeyLost, match="is another one: restore"):
        open_ledger(used)
    (used.root / "token.key").write_text(new_key)
    open_ledger(used).dispose()


@pytest.mark.parametrize(
    "spoiled", ["\n", "\nnot a key", "\n" + "0" * 64, "\n" + "0" * 63 + " until x, feeds until 2023-01-01"]
)
def test_a_key_file_that_is_damaged_below_is_no_key(used, spoiled):
    file = used.root / "token.key"
    file.write_text(file.read_text() + spoiled)
    with pytest.raises(keys.KeyLost, match="is no key: restore"):
        keys.token_key(used)


def test_a_key_of_the_environment_is_changed_there(used, monkeypatch):
    monkeypatch.setenv("CPAI_TOKEN_KEY", keys.token_key(used))
    refused = said(used, "key", "rotate")
    assert refused.exit_code == 1 and "CPAI_TOKEN_KEY_BEFORE" in refused.output
    old = keys.kept(used)[0].check
    monkeypatch.setenv("CPAI_TOKEN_KEY_BEFORE", keys.token_key(used))
    monkeypatch.setenv("CPAI_TOKEN_KEY", "another key, as long as one has to be")
    open_ledger(used).dispose()
    assert changes(used) == [[old, keys.kept(used)[0].check]] and keys.previous(used).check == old
    monkeypatch.setenv(
        "CPAI_TOKEN_KEY_BEFORE", f"{os.environ['CPAI_TOKEN_KEY']}\n{os.environ['CPAI_TOKEN_KEY_BEFORE']}"
    )
    monkeypatch.setenv("CPAI_TOKEN_KEY", "a third key, as long as one has to be")
    open_ledger(used).dispose()
    assert len(changes(used)) == 2 and keys.first(used).check == old
    monkeypatch.setenv("CPAI_TOKEN_KEY_BEFORE", "short")
    with pytest.raises(keys.KeyLost, match="letters"):
        keys.token_key(used)


def test_feeds_have_the_key_before_for_as_long_as_was_said(used, monkeypatch):
    with pytest.raises(keys.NotRotated, match="never changed"):
        keys.previous(used)
    before = keys.kept(used)[0]
    keys.rotate(used, timedelta(days=1))
    assert keys.previous(used).text == before.text
    keys.rotate(used, timedelta(days=-1))
    with pytest.raises(keys.NotRotated, match="feeds had the previous key until"):
        keys.previous(used)
    assert keys.overlapping(used) is None


def test_a_home_without_a_key_has_none_to_change(home):
    open_ledger(home).dispose()
    assert (
        "no key yet" in said(home, "key", "rotate").output
        and "no key yet" in said(home, "key", "list").output
    )
    assert not (home.root / "token.key").exists()
