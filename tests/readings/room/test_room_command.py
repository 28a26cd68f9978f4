"""`cpai room`: people are added, changed and shut out from the command line, and what may not be is refused."""

import json

import pyotp
import pytest
from click.testing import CliRunner
from sqlalchemy import select

from orchestration.command import cpai
from orchestration.ledger import tables
from orchestration.ledger.opening import open_ledger
from orchestration.readings.room import second_factor, sign_in

PASSWORD = "a lamp on the stairs"


@pytest.fixture
def room(home):
    """`room("user", "list")` runs the command; its exit code and what it printed."""

    home.landing.mkdir(parents=True, exist_ok=True)

    def run(*words, typed=""):
        done = CliRunner().invoke(cpai, ["--home", str(home.root), "room", *words], input=typed)
        assert PASSWORD not in done.output
        return done.exit_code, done.output

    return run


def add(room, username="a.reader", *more):
    return room("user", "add", username, "--role", "reader", "--password-stdin", *more, typed=f"{PASSWORD}\n")


def test_a_user_is_added_and_listed(home, room):
    assert room("user", "list") == (0, "nobody yet: cpai room user add NAME --role reader\n")
    assert add(room, "a.reader", "--role", "adjudicator") == (
        0,
        "a.reader may come in as reader, adjudicator\n",
    )
    code, said = room("user", "list", "--json")
    (user,) = json.loads(said)
    assert code == 0 and (user["username"], user["roles"], user["active"]) == (
        "a.reader",
        ["adjudicator", "reader"],
        True,
    )
    engine = open_ledger(home)
    assert sign_in.sign_in(engine, "a.reader", PASSWORD, "127.0.0.1", second_factor.Keys({"": "key"})).may(
        "adjudicator"
    )
    with engine.connect() as connection:
        assert connection.scalar(select(tables.users.c.changed_by)).startswith("command:")
    engine.dispose()


def test_a_password_is_asked_for_twice_and_not_shown(room):
    typed = f"{PASSWORD}\n{PASSWORD}\n"
    code, said = room("user", "add", "b.reader", "--role", "reader", typed=typed)
    assert code == 0 and "Repeat for confirmation" in said


def test_roles_password_and_entry_change_at_once(home, room):
    add(room)
    engine = open_ledger(home)

    key = second_factor.Keys({"": "the room's key"})

    def comes_in(password=PASSWORD):
        return sign_in.sign_in(engine, "a.reader", password, "127.0.0.1", key)

    user = comes_in()
    assert room("user", "roles", "a.reader", "--role", "lead") == (0, "a.reader: lead\n")
    assert sign_in.signed_in(engine, "a.reader", user.sign_in) is None
    assert comes_in().roles == {"lead"}
    assert room("user", "close", "a.reader") == (0, "a.reader may not come in any more\n")
    with pytest.raises(sign_in.SignInRefused):
        comes_in()
    assert "(closed)" in room("user", "list")[1]
    assert room("user", "close", "a.reader", "--again") == (0, "a.reader may come in again\n")
    other = "another lamp altogether"
    assert room("user", "password", "a.reader", "--password-stdin", typed=f"{other}\n")[0] == 0
    with pytest.raises(sign_in.SignInRefused):
        comes_in()
    assert comes_in(other).roles == {"lead"}
    engine.dispose()


def test_a_locked_account_is_opened_and_a_lost_phone_forgotten(home, room, monkeypatch):
    add(room)
    monkeypatch.setattr(sign_in, "DELAYS", (0,) * 5)
    engine = open_ledger(home)

    key = second_factor.Keys({"": "the room's key"})

    def comes_in(password=PASSWORD, code=""):
        return sign_in.sign_in(engine, "a.reader", password, "127.0.0.1", key, code)

    for _ in range(5):
        with pytest.raises(sign_in.SignInRefused):
            comes_in("not this one")
    with pytest.raises(sign_in.SignInRefused, match="wait 15 minutes"):
        comes_in()
    assert room("user", "open", "a.reader")[0] == 0
    user, salt = comes_in(), second_factor.propose(key)
    code = pyotp.TOTP(second_factor.secret(key, "a.reader", salt)).now()
    sign_in.enrol(engine, user, salt, code, "127.0.0.1", key)
    assert json.loads(room("user", "list", "--json")[1])[0]["second_factor"]
    assert "(second factor)" in room("user", "list")[1]
    with pytest.raises(sign_in.SignInRefused):
        comes_in()
    assert room("user", "lost-phone", "a.reader")[0] == 0
    assert not comes_in().enrolled
    engine.dispose()


@pytest.mark.parametrize(
    ("words", "typed", "code", "says"),
    [
        (("user", "add", "a.reader", "--role", "reader", "--password-stdin"), f"{PASSWORD}\n", 1, "already"),
        (("user", "add", "b.reader", "--role", "reader", "--password-stdin"), "short\n", 1, "12 to 200"),
        (("user", "add", "b.reader", "--role", "king", "--password-stdin"), "", 2, "king"),
        (("user", "add", "b.reader", "--password-stdin"), "", 2, "--role"),
        (("user", "roles", "nobody", "--role", "lead"), "", 1, "no user nobody"),
        (("user", "close", "nobody"), "", 1, "no user nobody"),
        (("user", "open", "nobody"), "", 1, "no user nobody"),
        (("user", "lost-phone", "nobody"), "", 1, "no user nobody"),
        (("--host", "0.0.0.0"), "", 2, "in the clear"),
        (("--single-sign-on", "x-user"), "", 2, "go together"),
    ],
)
def test_what_may_not_be_is_refused_and_changes_nothing(room, words, typed, code, says):
    add(room)
    ended, said = room(*words, typed=typed)
    assert ended == code and says in said
    assert len(json.loads(room("user", "list", "--json")[1])) == 1
