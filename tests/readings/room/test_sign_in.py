"""Who comes in, who does not, and what is written down about it, on SQLite and on PostgreSQL."""

import pytest
from sqlalchemy import select
from sqlalchemy.exc import IntegrityError

from orchestration import ledger
from orchestration.readings.room import sign_in
from orchestration.readings.room.sign_in import SignInRefused, UserRefused

PASSWORD = "a lamp on the stairs"
SECRET = "the room's key"


@pytest.fixture(params=["sqlite", "postgresql"])
def engine(request, home):
    if request.param == "postgresql":
        request.getfixturevalue("postgresql_ledger")
    engine = ledger.open_ledger(home)
    sign_in.add_user(engine, "a.reader", {"reader"}, PASSWORD, by="test")
    yield engine
    engine.dispose()


def come_in(engine, username="a.reader", password=PASSWORD):
    return sign_in.sign_in(engine, username, password, "127.0.0.1", SECRET)


def outcomes(engine):
    with engine.connect() as connection:
        return list(connection.scalars(select(ledger.sign_ins.c.outcome).order_by(ledger.sign_ins.c.sign_in)))


def test_the_right_password_comes_in_and_the_hash_is_argon2(engine):
    user = come_in(engine)
    assert user.may("reader") and not user.may("lead", "auditor", "adjudicator")
    assert sign_in.signed_in(engine, user.username, user.sign_in) == user
    with engine.connect() as connection:
        kept = connection.scalar(select(ledger.users.c.password_hash))
    assert kept.startswith("$argon2id$") and PASSWORD not in kept


@pytest.mark.parametrize(
    ("username", "password"), [("a.reader", "a lamp on the stair"), ("nobody", PASSWORD), ("a.reader", "")]
)
def test_a_wrong_name_and_a_wrong_password_are_told_alike(engine, username, password):
    with pytest.raises(SignInRefused, match="The username or the password is wrong"):
        come_in(engine, username, password)
    assert outcomes(engine) == ["refused"]


def test_five_wrong_passwords_lock_the_name_and_a_new_password_opens_it(engine):
    for _ in range(5):
        with pytest.raises(SignInRefused, match="wrong"):
            come_in(engine, password="not this one")
    with pytest.raises(SignInRefused, match="wait 15 minutes"):
        come_in(engine)
    assert outcomes(engine) == ["refused"] * 5 + ["locked"]
    sign_in.change_user(engine, "a.reader", "lead", password=PASSWORD)
    assert come_in(engine)


def test_a_name_that_nobody_has_locks_too_and_is_not_written_down(engine):
    typed = "my secret password"
    for _ in range(5):
        with pytest.raises(SignInRefused, match="wrong"):
            come_in(engine, typed)
    with pytest.raises(SignInRefused, match="wait 15 minutes"):
        come_in(engine, typed)
    with engine.connect() as connection:
        assert not any(typed in str(tuple(row)) for row in connection.execute(select(ledger.sign_ins)))


def test_four_wrong_ones_and_a_right_one_begin_the_count_anew(engine):
    for _ in range(2):
        for _ in range(4):
            with pytest.raises(SignInRefused, match="wrong"):
                come_in(engine, password="not this one")
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
        ("b.reader", set(), PASSWORD, "say which roles"),
        ("b.reader", {"king"}, PASSWORD, "no such role"),
        ("b.reader", {"reader"}, "short", "12 to 200"),
        ("b.reader", {"reader"}, "x" * 201, "12 to 200"),
    ],
)
def test_a_user_who_may_not_be_added(engine, username, roles, password, says):
    with pytest.raises(UserRefused, match=says):
        sign_in.add_user(engine, username, roles, password, by="test")
    assert [user.username for user in sign_in.list_users(engine)] == ["a.reader"]


@pytest.mark.parametrize("table", [ledger.users, ledger.sign_ins, ledger.case_views], ids=str)
def test_what_is_written_stays(engine, table):
    user = come_in(engine)
    sign_in.note_view(engine, user, "case", slot=1)
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
