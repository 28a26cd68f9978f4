"""Who comes in, who does not, and what is written down about it, on SQLite and on PostgreSQL."""

from datetime import datetime, timedelta
from threading import Barrier, Thread

import pytest
from sqlalchemy import select
from sqlalchemy.exc import IntegrityError
from waiting import until

from orchestration.ledger import tables
from orchestration.ledger.opening import open_ledger
from orchestration.readings.room import second_factor, sign_in
from orchestration.readings.room.sign_in import SignInRefused, UserRefused

PASSWORD = "a lamp on the stairs"
SECRET = second_factor.Keys({"": "the room's key"})


@pytest.fixture(params=["sqlite", "postgresql"])
def engine(request, home):
    if request.param == "postgresql":
        request.getfixturevalue("postgresql_ledger")
    engine = open_ledger(home)
    sign_in.add_user(engine, "a.reader", {"reader"}, PASSWORD, by="test")
    yield engine
    engine.dispose()


HOME, ELSEWHERE = "10.0.0.1", "203.0.113.9"


@pytest.fixture
def at_once(monkeypatch):
    """No delays between guesses."""
    monkeypatch.setattr(sign_in, "DELAYS", (0,) * sign_in.FAILURES)


@pytest.fixture
def later(monkeypatch):
    """`later(seconds)` moves the clock of the sign-in on."""

    class Clock(datetime):
        ahead = timedelta()

        @classmethod
        def now(cls, tz=None):
            return datetime.now(tz) + cls.ahead

    monkeypatch.setattr(sign_in, "datetime", Clock)

    def move(seconds):
        Clock.ahead += timedelta(seconds=seconds)

    return move


def come_in(engine, username="a.reader", password=PASSWORD, address=HOME):
    return sign_in.sign_in(engine, username, password, address, SECRET)


def guess(engine, count, username="a.reader", address=HOME):
    for _ in range(count):
        with pytest.raises(SignInRefused, match="is wrong"):
            come_in(engine, username, "not this one", address)


def outcomes(engine):
    with engine.connect() as connection:
        return list(connection.scalars(select(tables.sign_ins.c.outcome).order_by(tables.sign_ins.c.sign_in)))


def test_the_right_password_comes_in_and_the_hash_is_argon2(engine):
    user = come_in(engine)
    assert user.may("reader") and not user.may("lead", "auditor", "adjudicator")
    assert sign_in.signed_in(engine, user.username, user.sign_in) == user
    with engine.connect() as connection:
        kept = connection.scalar(select(tables.users.c.password_hash))
    assert kept.startswith("$argon2id$") and PASSWORD not in kept


@pytest.mark.parametrize(
    ("username", "password"),
    [
        ("a.reader", "a lamp on the stair"),
        ("nobody", PASSWORD),
        ("a.reader", ""),
        # as typed: neither trimmed, cut nor in other letters
        ("a.reader", f"{PASSWORD} "),
        ("a.reader", PASSWORD.upper()),
        ("a.reader", PASSWORD + "x" * 300),
        ("a.reader' or '1'='1", PASSWORD),
        ("a.reader' --", PASSWORD),
        ("%", PASSWORD),
    ],
)
def test_a_wrong_name_and_a_wrong_password_are_told_alike(engine, username, password):
    with pytest.raises(SignInRefused, match="The username or the password is wrong"):
        come_in(engine, username, password)
    assert outcomes(engine) == ["refused"]


def test_five_wrong_passwords_lock_the_name_and_a_new_password_opens_it(engine, at_once):
    guess(engine, 5)
    with pytest.raises(SignInRefused, match="wait 15 minutes"):
        come_in(engine)
    assert outcomes(engine) == ["refused"] * 5 + ["locked"]
    sign_in.change_user(engine, "a.reader", "lead", password=PASSWORD)
    assert come_in(engine)


def test_the_lead_opens_a_locked_account_and_the_password_stays(engine, at_once):
    guess(engine, 5)
    assert sign_in.wrong_passwords(engine)["a.reader"] == 5
    sign_in.change_user(engine, "a.reader", "lead")
    assert come_in(engine)
    assert "a.reader" not in sign_in.wrong_passwords(engine)


def test_delays_grow_before_the_lock_which_ends(engine, later):
    guess(engine, 1)
    for wait in (2, 5, 15):
        guess(engine, 1)
        with pytest.raises(SignInRefused, match=f"Wait {wait} seconds"):
            come_in(engine)
        later(wait + 1)
    guess(engine, 1)
    with pytest.raises(SignInRefused, match="wait 15 minutes"):
        come_in(engine)
    later(15 * 60)
    assert come_in(engine)


def test_the_right_password_after_the_delay_comes_in(engine, later):
    guess(engine, 2)
    later(3)
    assert come_in(engine)


def test_a_stranger_locks_nobody_out_of_where_they_came_in_before(engine, at_once):
    come_in(engine)
    guess(engine, 5, address=ELSEWHERE)
    for number in range(sign_in.FAILURES_OF_ADDRESS - 5):
        guess(engine, 1, f"name{number}", ELSEWHERE)
    with pytest.raises(SignInRefused, match="from your address"):
        come_in(engine, "another.name", address=ELSEWHERE)
    for number in range(sign_in.FAILURES_OF_ALL):
        with pytest.raises(SignInRefused):
            come_in(engine, "a.reader", "not this one", f"198.51.100.{number}")
    assert come_in(engine)


def test_a_name_is_not_guessed_from_many_addresses(engine, at_once):
    for number in range(sign_in.FAILURES_OF_NAME):
        guess(engine, 1, address=f"198.51.100.{number}")
    with pytest.raises(SignInRefused, match="for this name"):
        come_in(engine, address=ELSEWHERE)
    sign_in.change_user(engine, "a.reader", "lead")
    assert come_in(engine, address=ELSEWHERE)


def test_an_address_is_known_for_thirty_days(engine, at_once, later):
    come_in(engine)
    later(31 * 24 * 3600)
    for number in range(sign_in.FAILURES_OF_NAME):
        guess(engine, 1, address=f"198.51.100.{number}")
    with pytest.raises(SignInRefused, match="for this name"):
        come_in(engine)


def test_who_goes_on_trying_fills_no_ledger(engine, at_once):
    guess(engine, 5)
    for _ in range(20):
        with pytest.raises(SignInRefused):
            come_in(engine)
    assert outcomes(engine) == ["refused"] * 5 + ["locked"]


def test_passwords_that_wait_to_be_tried_are_few(engine, monkeypatch):
    """Each holds a thread that pages need."""
    said = []
    begin = Barrier(30)

    def try_one(number):
        begin.wait()
        try:
            come_in(engine, f"name{number}", "not this one", f"198.51.100.{number}")
        except SignInRefused as refused:
            said.append(str(refused))

    # nobody's turn comes while this is held
    with sign_in.ONE_BY_ONE:
        threads = [Thread(target=try_one, args=(number,)) for number in range(30)]
        for thread in threads:
            thread.start()
        until(lambda: len(said) >= 20, "20 of 30 are turned away")
        assert len(said) == 20 and all("wait a moment" in one for one in said)
    for thread in threads:
        thread.join()
    assert come_in(engine)


def test_a_name_that_nobody_has_locks_too_and_is_not_written_down(engine, at_once):
    typed = "my secret password"
    for _ in range(5):
        with pytest.raises(SignInRefused, match="wrong"):
            come_in(engine, typed)
    with pytest.raises(SignInRefused, match="wait 15 minutes"):
        come_in(engine, typed)
    with engine.connect() as connection:
        assert not any(typed in str(tuple(row)) for row in connection.execute(select(tables.sign_ins)))


def test_four_wrong_ones_and_a_right_one_begin_the_count_anew(engine, at_once):
    for _ in range(2):
        guess(engine, 4)
        assert come_in(engine)


def test_one_guess_at_each_of_many_names_is_slowed(engine, monkeypatch):
    monkeypatch.setattr(sign_in, "FAILURES_OF_ALL", 6)
    for number in range(6):
        with pytest.raises(SignInRefused, match="wrong"):
            come_in(engine, f"guess{number}")
    with pytest.raises(SignInRefused, match="wait a minute"):
        come_in(engine)


@pytest.mark.parametrize(
    "change",
    [
        {"roles": {"auditor"}},
        {"password": "another lamp altogether"},
        {"active": False},
    ],
)
def test_whoever_is_changed_is_out_at_once(engine, change):
    user = come_in(engine)
    sign_in.change_user(engine, "a.reader", "lead", **change)
    assert sign_in.signed_in(engine, user.username, user.sign_in) is None


def test_signing_out_ends_every_copy_of_the_session_and_no_other(engine):
    here, there = come_in(engine), come_in(engine)
    sign_in.sign_out(engine, here, "127.0.0.1")
    assert sign_in.signed_in(engine, "a.reader", here.sign_in) is None
    assert sign_in.signed_in(engine, "a.reader", there.sign_in)


def test_a_session_ends_ten_hours_after_it_began(engine, monkeypatch):
    user = come_in(engine)
    monkeypatch.setattr(sign_in, "LONGEST", sign_in.LONGEST * 0)
    assert sign_in.signed_in(engine, user.username, user.sign_in) is None


def test_somebody_elses_sign_in_is_not_mine(engine):
    sign_in.add_user(engine, "an.auditor", {"auditor"}, PASSWORD, by="test")
    user = come_in(engine)
    assert sign_in.signed_in(engine, "an.auditor", user.sign_in) is None


def test_a_closed_user_does_not_come_in_by_password_or_proxy(engine):
    sign_in.change_user(engine, "a.reader", "lead", active=False)
    with pytest.raises(SignInRefused):
        come_in(engine)
    with pytest.raises(SignInRefused):
        sign_in.sign_in_trusted(engine, "a.reader", "10.0.0.1")


def test_a_user_without_a_password_comes_in_by_the_proxy_alone(engine):
    sign_in.add_user(engine, "b.reader", {"reader"}, None, by="test")
    for password in ("", "nobody has this password"):
        with pytest.raises(SignInRefused):
            come_in(engine, "b.reader", password)
    assert sign_in.sign_in_trusted(engine, "b.reader", "10.0.0.1").may("reader")
    with pytest.raises(SignInRefused):
        sign_in.sign_in_trusted(engine, "c.reader", "10.0.0.1")


@pytest.mark.parametrize(
    ("username", "roles", "password", "says"),
    [
        ("a.reader", {"reader"}, PASSWORD, "already"),
        ("b reader", {"reader"}, PASSWORD, "a username is"),
        ("", {"reader"}, PASSWORD, "a username is"),
        ("b.reader", set(), PASSWORD, "give one or more roles"),
        ("b.reader", {"king"}, PASSWORD, "no such role"),
        ("b.reader", {"reader"}, "short", "12 to 200"),
        ("b.reader", {"reader"}, "x" * 201, "12 to 200"),
        # in lists of stolen passwords, and as such a one in capitals
        ("b.reader", {"reader"}, "qwertyuiop123", "lists of stolen"),
        ("b.reader", {"reader"}, "Password123456", "lists of stolen"),
        ("b.reader", {"reader"}, "1q2w3e4r5t6y7u8i", "lists of stolen"),
        # and what one would try first here
        ("jane.doe-smith", {"reader"}, "jane.doe-smith-2026!", "hardly more than names"),
        ("b.reader", {"reader"}, "Reading Room CPAI 2026", "hardly more than names"),
    ],
)
def test_a_user_who_may_not_be_added(engine, username, roles, password, says):
    with pytest.raises(UserRefused, match=says):
        sign_in.add_user(engine, username, roles, password, by="test")
    assert [user.username for user in sign_in.list_users(engine)] == ["a.reader"]


@pytest.mark.parametrize("table", [tables.users, tables.sign_ins], ids=str)
def test_what_is_written_stays(engine, table):
    come_in(engine)
    for statement in (table.delete(), table.update().values(username="other")):
        with pytest.raises(IntegrityError, match="append-only"), engine.begin() as connection:
            connection.execute(statement)


def test_a_view_says_who_what_and_when(engine):
    user = come_in(engine)
    sign_in.note_view(engine, user, "case", slot=7)
    sign_in.note_view(engine, user, "history", item=3)
    newest, oldest = sign_in.views(engine)
    assert (oldest["username"], oldest["page"], oldest["slot"]) == ("a.reader", "case", 7)
    assert (newest["page"], newest["item"]) == ("history", 3)
    assert sign_in.views(engine, "someone.else") == []
