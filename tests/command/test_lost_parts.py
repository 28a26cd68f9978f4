"""An absent thing is not a new thing: what a home had and has no more is named, and nothing goes on without it."""

import json
import shutil

import pytest
from click.testing import CliRunner
from sqlalchemy import make_url

from orchestration import keys
from orchestration.command import cpai
from orchestration.home import Home
from orchestration.keys import KeyLost, token_key
from orchestration.ledger import migrations
from orchestration.ledger.inventory import PartLost
from orchestration.ledger.opening import open_ledger
from orchestration.ledger.receipts import record_submission


@pytest.fixture
def home(tmp_path, monkeypatch) -> Home:
    """A home in use: key, ledger, archive, a release."""
    monkeypatch.delenv("CPAI_TOKEN_KEY", raising=False)
    monkeypatch.delenv("CPAI_LEDGER_URL", raising=False)
    place = Home(tmp_path / "home")
    engine = open_ledger(place)
    with engine.begin() as connection:
        of = {
            "force": "kent",
            "quarter": "2023-Q1",
            "submission": 1,
            "delivered_as": "kent",
            "status": "accepted",
        }
        record_submission(connection, {**of, "received_at": "now", "fingerprint": "f", "reasons": []}, [])
    engine.dispose()
    token_key(place)
    for part in (place.archive / "ab" / "abc.gz", place.releases / "2023.r1" / "manifest.json"):
        part.parent.mkdir(parents=True)
        part.write_text("{}")
    open_ledger(place).dispose()
    return place


def opened(home: Home) -> None:
    open_ledger(home).dispose()


@pytest.mark.parametrize("part", ["token.key", "ledger.db", "archive", "releases"])
def test_a_part_that_was_there_is_missed(home, part):
    (home.root / part).rename(home.root.parent / part)
    with pytest.raises(PartLost, match=rf"{part} is missing.*restore"):
        opened(home)
    assert not (home.root / part).exists(), "nothing was made in its place"
    (home.root.parent / part).rename(home.root / part)
    opened(home)


@pytest.mark.parametrize("text", ["", "\n", "0" * 63, "0" * 64 + "\n", "z" * 64])
def test_a_key_that_is_none_is_no_key(home, text):
    (home.root / "token.key").write_text(text)
    with pytest.raises(KeyLost, match=r"token\.key is (empty|no key): restore"):
        token_key(home)
    with pytest.raises(KeyLost):
        opened(home)


def test_another_key_is_refused(home, monkeypatch):
    (home.root / "token.key").write_text("0" * 64)
    with pytest.raises(KeyLost, match="is another one"):
        opened(home)
    monkeypatch.setenv("CPAI_TOKEN_KEY", "short")
    with pytest.raises(KeyLost, match="has 5 letters"):
        opened(home)


def test_a_key_that_was_moved_into_the_environment_is_the_same(home, monkeypatch):
    monkeypatch.setenv("CPAI_TOKEN_KEY", token_key(home))
    (home.root / "token.key").unlink()
    opened(home)


def test_no_key_is_made_beside_what_was_made_with_one(home):
    """Without the inventory too: a home of before, restored in part."""
    for part in ("token.key", "home.json"):
        (home.root / part).unlink()
    with pytest.raises(KeyLost, match="releases was made with it"):
        token_key(home)


def test_a_ledger_of_another_home_or_an_empty_one_is_refused(home, tmp_path):
    other = Home(tmp_path / "other")
    opened(other)
    own = (home.root / "ledger.db").read_bytes()
    for wal in home.root.glob("ledger.db-*"):
        wal.unlink()
    (home.root / "ledger.db").write_bytes((other.root / "ledger.db").read_bytes())
    with pytest.raises(PartLost, match="another ledger in place"):
        opened(home)
    (home.root / "ledger.db").write_bytes(b"")
    with pytest.raises(PartLost, match="another ledger in place"):
        opened(home)
    (home.root / "ledger.db").write_bytes(own)
    opened(home)


def test_a_ledger_that_has_nothing_of_what_is_there_is_refused(home):
    """Without the inventory too: restored in part, or CPAI_LEDGER_URL names another database."""
    for lost in ("ledger.db", "ledger.db-wal", "ledger.db-shm", "home.json"):
        (home.root / lost).unlink(missing_ok=True)
    for absent in ("archive", "archive and raw"):
        with pytest.raises(PartLost, match=r"ledger.db is missing, and this home had one: restore it"):
            opened(home)
        assert not (home.root / "ledger.db").exists(), absent
        shutil.rmtree(home.archive, ignore_errors=True)
    said = CliRunner().invoke(cpai, ["--home", str(home.root), "read", "verify"])
    assert said.exit_code == 1 and "ledger.db is missing" in said.output, said.output
    empty = f"sqlite:///{home.root.parent / 'empty.db'}"
    migrations.upgrade(make_url(empty))
    with pytest.MonkeyPatch.context() as patch, pytest.raises(PartLost, match="has nothing of it: restore"):
        patch.setenv("CPAI_LEDGER_URL", empty)
        opened(home)


def test_a_home_of_before_is_adopted(home):
    (home.root / "home.json").unlink()
    opened(home)
    seen = json.loads((home.root / "home.json").read_text())["seen"]
    assert set(seen) == {"archive", "ledger.db", "releases", "token.key"}


def test_each_purpose_has_a_key_of_its_own(home):
    made = {keys.of(home, purpose) for purpose in ("pseudonyms of a", "pseudonyms of b", "sessions")}
    assert len(made) == 3 and all(len(key) == 32 for key in made)
    assert keys.check_value(home) not in token_key(home)


def test_a_start_that_was_killed_leaves_no_half_of_a_key(tmp_path, monkeypatch):
    monkeypatch.delenv("CPAI_TOKEN_KEY", raising=False)
    place = Home(tmp_path)
    monkeypatch.setattr("os.fsync", lambda _file: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        token_key(place)
    assert not (tmp_path / "token.key").exists()
