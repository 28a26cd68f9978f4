"""The second factor: who needs one, how it is set up, used once, lost; what the ledger holds of it."""

import re
from base64 import b64decode
from dataclasses import replace
from threading import Thread

import pyotp
import pytest
from small_room import APPS, PASSWORD, Person, furnish, served
from sqlalchemy import select
from sqlalchemy.exc import IntegrityError

from orchestration.ledger import tables
from orchestration.ledger.opening import open_ledger
from orchestration.readings import desk
from orchestration.readings.policy import read_policy
from orchestration.readings.room import second_factor, sign_in
from orchestration.readings.room.sign_in import SignInRefused

KEY = second_factor.Keys({"": "the room's key"})
STEP = 58_000_000  # 30 seconds of some day


@pytest.fixture(autouse=True)
def at_once(monkeypatch):
    """No delays between guesses."""
    monkeypatch.setattr(sign_in, "DELAYS", (0,) * sign_in.FAILURES)


@pytest.fixture(params=["sqlite", "postgresql"])
def engine(request, home, monkeypatch):
    if request.param == "postgresql":
        request.getfixturevalue("postgresql_ledger")
    # 30 seconds in which nothing moves
    monkeypatch.setattr("pyotp.totp.time.time", lambda: STEP * 30)
    engine = open_ledger(home)
    sign_in.add_user(engine, "a.lead", {"lead"}, PASSWORD, by="test")
    yield engine
    engine.dispose()


def come_in(engine, code="", key=KEY):
    return sign_in.sign_in(engine, "a.lead", PASSWORD, "127.0.0.1", key, code)


def set_up(engine):
    """The codes of the app by their 30 seconds, from 0; the recovery codes; who is in."""
    salt = second_factor.propose(KEY)
    app = pyotp.TOTP(second_factor.secret(KEY, "a.lead", salt))
    user, recovery = sign_in.enrol(
        engine, come_in(engine), salt, app.generate_otp(STEP - 1), "127.0.0.1", KEY
    )
    return lambda number: app.generate_otp(STEP + number), recovery, user


def test_a_password_alone_does_not_come_in_any_more_and_a_code_does_once(engine):
    code, _, _ = set_up(engine)
    for wrong in ("", "000000", code(-5), code(5), "not a code", "é"):
        with pytest.raises(SignInRefused, match="or the code"):
            come_in(engine, wrong)
        sign_in.change_user(engine, "a.lead", "test")
    assert come_in(engine, code(0)).enrolled
    for used in (code(0), code(-1)):
        with pytest.raises(SignInRefused):
            come_in(engine, used)
    assert come_in(engine, code(1))


def test_one_code_sent_twice_at_once_comes_in_once(engine):
    code, _, _ = set_up(engine)
    came = []

    def try_it():
        try:
            came.append(come_in(engine, code(0)))
        except SignInRefused:
            came.append(None)

    threads = [Thread(target=try_it) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len([user for user in came if user]) == 1


def test_wrong_codes_are_counted_as_wrong_passwords_are(engine):
    code, _, _ = set_up(engine)
    for _ in range(5):
        with pytest.raises(SignInRefused, match="or the code"):
            come_in(engine, "000000")
    with pytest.raises(SignInRefused, match="wait 15 minutes"):
        come_in(engine, code(0))


def test_a_recovery_code_comes_in_once_and_eight_are_not_guessed(engine):
    _, recovery, _ = set_up(engine)
    assert len(set(recovery)) == 8 and all(len(code.replace("-", "")) * 5 >= 112 for code in recovery)
    assert come_in(engine, recovery[3].lower())
    with pytest.raises(SignInRefused):
        come_in(engine, recovery[3])
    assert come_in(engine, recovery[4].replace("-", " "))


def test_the_ledger_holds_neither_secret_nor_code(engine):
    code, recovery, _ = set_up(engine)
    with engine.connect() as connection:
        (row,) = connection.execute(select(tables.second_factors))
        held = str([*row, *connection.execute(select(tables.second_factor_uses))])
    secret = second_factor.secret(KEY, "a.lead", row.salt)
    for kept_back in (secret, code(-1), *recovery, *(one.replace("-", "") for one in recovery)):
        assert kept_back not in held
    # another key or another's name makes another secret of the same salt
    assert secret not in (
        second_factor.secret(second_factor.Keys({"": "other"}), "a.lead", row.salt),
        second_factor.secret(KEY, "b.lead", row.salt),
    )
    with pytest.raises(SignInRefused):
        come_in(engine, code(0), key=second_factor.Keys({"": "another key"}))


def test_a_factor_goes_on_under_the_key_that_it_was_set_up_under(engine):
    """One from before salts named a key is of the first that the home had; a key that is gone leaves recovery codes."""
    code, recovery, _ = set_up(engine)
    changed = second_factor.Keys({"new": "another key", **KEY.by_check})
    assert come_in(engine, code(0), key=changed).enrolled
    assert second_factor.propose(changed).startswith("new.")
    old = "aa" * 20
    assert second_factor.secret(changed, "a.lead", old) == second_factor.secret(KEY, "a.lead", old)
    assert second_factor.secret(changed, "a.lead", f"new.{old}") != second_factor.secret(
        changed, "a.lead", f".{old}"
    )
    lost = second_factor.Keys({"new": "another key"})
    with pytest.raises(SignInRefused):
        come_in(engine, code(1), key=lost)
    assert come_in(engine, recovery[0], key=lost)


@pytest.mark.parametrize("table", [tables.second_factors, tables.second_factor_uses], ids=str)
def test_what_is_written_stays(engine, table):
    set_up(engine)
    for statement in (table.delete(), table.update().values(at="")):
        with pytest.raises(IntegrityError, match="append-only"), engine.begin() as connection:
            connection.execute(statement)


def test_who_was_in_by_the_password_alone_is_out_once_there_is_a_second_factor(engine):
    earlier = come_in(engine)
    _, _, user = set_up(engine)
    assert sign_in.signed_in(engine, "a.lead", earlier.sign_in) is None
    assert sign_in.signed_in(engine, "a.lead", user.sign_in).enrolled


def test_a_second_factor_is_not_replaced_by_who_is_in(engine):
    _, _, user = set_up(engine)
    salt = second_factor.propose(KEY)
    code = pyotp.TOTP(second_factor.secret(KEY, "a.lead", salt)).generate_otp(STEP)
    with pytest.raises(SignInRefused, match="take it away"):
        sign_in.enrol(engine, user, salt, code, "127.0.0.1", KEY)


def test_a_lost_one_is_taken_away_and_ends_every_session(engine):
    code, recovery, user = set_up(engine)
    sign_in.take_second_factor_away(engine, "a.lead", "other.lead")
    assert sign_in.signed_in(engine, "a.lead", user.sign_in) is None
    assert not come_in(engine).enrolled
    again, _, _ = set_up(engine)
    for old in (code(0), recovery[0]):
        with pytest.raises(SignInRefused):
            come_in(engine, old)
    assert come_in(engine, again(0))


def test_a_new_password_takes_the_code_too(engine):
    code, _, user = set_up(engine)
    new = "another lamp altogether"
    with pytest.raises(SignInRefused):
        sign_in.change_own_password(engine, user, PASSWORD, new, "127.0.0.1", KEY)
    sign_in.change_own_password(engine, user, PASSWORD, new, "127.0.0.1", KEY, code(0))
    with pytest.raises(SignInRefused):
        come_in(engine, code(1))


class TestInTheRoom:
    @pytest.fixture
    def room(self, home):
        APPS.clear()
        furnish(home)
        with served(home) as address:
            yield address

    @pytest.mark.parametrize("username", ["lead", "judge", "auditor"])
    def test_nothing_opens_until_it_is_set_up(self, room, username):
        person = Person(room)
        person.post("/sign-in", {"username": username, "password": PASSWORD}, seen_on="/sign-in")
        for path in ("/", "/progress", "/views", "/people", "/codebook", "/case/1", "/password"):
            answer = person.get(path, allow_redirects=False)
            assert (answer.status_code, answer.headers.get("location")) == (303, "/second-factor"), path
        taken = person.post("/next", {"role": "adjudicator"}, seen_on="/second-factor", allow_redirects=False)
        assert taken.headers["location"] == "/second-factor"
        refused = person.post("/second-factor", {"code": "000000"}, seen_on="/second-factor")
        assert refused.status_code == 422 and "not the code that the app shows" in refused.text
        codes = person.set_up(username).text
        assert len(re.findall(r"<li><code>[A-Z2-7-]{29}</code>", codes)) == 8
        assert person.get("/codebook", allow_redirects=False).status_code == 200
        # shown once: neither the key nor the codes are on the page again
        assert 'id="key"' not in person.get("/second-factor").text

    def test_the_key_stays_the_same_until_it_is_set_up_and_is_not_in_the_cookie(self, room):
        person = Person(room)
        person.post("/sign-in", {"username": "lead", "password": PASSWORD}, seen_on="/sign-in")
        keys = {re.search(r'id="key">([^<]+)<', person.get("/second-factor").text)[1] for _ in range(2)}
        assert len(keys) == 1
        cookie = person.session.cookies["reading_room"].split(".")[0]
        assert keys.pop().replace(" ", "") not in b64decode(cookie + "==").decode()

    def test_the_next_sign_in_asks_for_the_code(self, room):
        Person(room).come_in("lead")
        person = Person(room)
        refused = person.post("/sign-in", {"username": "lead", "password": PASSWORD}, seen_on="/sign-in")
        assert refused.status_code == 403
        assert "Progress" in person.come_in("lead").text

    def test_a_reader_is_not_asked_and_may_have_one(self, room):
        reader = Person(room)
        assert "/second-factor" not in reader.come_in("reader-1").url
        assert "recovery codes" in reader.set_up("reader-1").text
        other = Person(room)
        refused = other.post("/sign-in", {"username": "reader-1", "password": PASSWORD}, seen_on="/sign-in")
        assert refused.status_code == 403 and other.come_in("reader-1").status_code == 200

    def test_the_lead_opens_accounts_and_takes_lost_ones_away_but_not_their_own(self, room):
        lead, auditor = Person(room), Person(room)
        lead.come_in("lead")
        auditor.come_in("auditor")
        for _ in range(5):
            Person(room).come_in("reader-1", "not this one")
        assert Person(room).come_in("reader-1").status_code == 403
        assert "Open the account: reader-1" in lead.get("/people").text
        lead.post("/people", {"username": "reader-1", "do": "open"})
        assert Person(room).come_in("reader-1").status_code == 200
        lead.post("/people", {"username": "auditor", "do": "take"})
        assert auditor.get("/views", allow_redirects=False).headers["location"] == "/sign-in"
        assert lead.post("/people", {"username": "lead", "do": "take"}).status_code == 403
        assert lead.post("/people", {"username": "nobody", "do": "take"}).status_code == 404
        assert auditor.post("/people", {"username": "lead", "do": "take"}).url.endswith("/sign-in")

    def test_it_is_a_row_of_the_policy(self, home, monkeypatch):
        assert read_policy().second_factor_roles == {"lead", "adjudicator", "auditor"}
        policy = replace(read_policy(), second_factor_roles=frozenset({"reader"}))
        monkeypatch.setattr(desk, "read_policy", lambda: policy)
        furnish(home)
        with served(home) as address:
            lead, reader = Person(address), Person(address)
            for person, username in ((lead, "lead"), (reader, "reader-1")):
                person.post("/sign-in", {"username": username, "password": PASSWORD}, seen_on="/sign-in")
            assert lead.get("/progress").status_code == 200
            assert reader.get("/").url.endswith("/second-factor")
