"""The second factor of a sign-in: a code of an app on somebody's phone (TOTP), and recovery codes for a lost one.

The ledger holds no secret. A salt is drawn for each enrolment, and the secret is made of it by a key that is made of the
home's: who has the ledger without the key has nothing, and the page of an enrolment can be opened again until a code of
it has come. The salt names the key, so that a factor goes on after the key was changed. Recovery codes have 120 bits, are
kept as hashes and need no key.
"""

import hashlib
import hmac
import secrets
from base64 import b32encode
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from sqlalchemy import Connection, Engine, Row, func, insert, select
from sqlalchemy.exc import IntegrityError

from orchestration.ledger import evidence
from orchestration.ledger.tables import second_factor_uses, second_factors

if TYPE_CHECKING:  # imported where the first code is checked
    from pyotp import TOTP

ISSUER = "Reading room"
RECOVERY_CODES = 8
EITHER_SIDE = 1  # codes of 30 s before and after are taken, for clocks that differ


@dataclass(frozen=True)
class Keys:
    """The room's keys for sign-ins by the check value of the home's key that each is made of, the one of now first."""

    by_check: Mapping[str, str]

    @property
    def now(self) -> str:
        return next(iter(self.by_check.values()))

    def of(self, salt: str) -> str | None:
        """The key that a salt names, the first of the home where it names none; None where that is not kept any more."""
        check, names_one, _ = salt.rpartition(".")
        return self.by_check.get(check) if names_one else list(self.by_check.values())[-1]


def propose(keys: Keys) -> str:
    """The salt of an enrolment that is not yet confirmed."""
    return f"{next(iter(keys.by_check))}.{secrets.token_hex(20)}"


def secret(keys: Keys, username: str, salt: str) -> str:
    """What the app is given, as apps write it. Raises KeyError where its key is not kept."""
    key = keys.of(salt)
    if key is None:
        raise KeyError(salt.rpartition(".")[0])
    digest = hmac.digest(key.encode(), f"second factor|{username}|{salt}".encode(), hashlib.sha256)
    return b32encode(digest[:20]).decode()


def address(keys: Keys, username: str, salt: str) -> str:
    """The same as the address that apps open."""
    return _totp(keys, username, salt).provisioning_uri(name=username, issuer_name=ISSUER)


def enrolled(connection: Connection, username: str) -> Row | None:
    """The factor that a user has now, or None."""
    newest = (
        select(second_factors)
        .where(second_factors.c.username == username)
        .order_by(second_factors.c.factor.desc())
        .limit(1)
    )
    row = connection.execute(newest).one_or_none()
    return row if row and row.salt else None


def enrol(engine: Engine, keys: Keys, username: str, salt: str, code: str, moment: str) -> list[str]:
    """Recovery codes, shown this once, to who has given a code of the app; none where it was wrong."""
    step = _step(keys, username, salt, code)
    if step is None:
        return []
    codes = [b32encode(secrets.token_bytes(15)).decode() for _ in range(RECOVERY_CODES)]
    with engine.begin() as connection:
        hashes = " ".join(map(_hash, codes))
        row = {"username": username, "salt": salt, "recovery": hashes, "at": moment, "changed_by": username}
        (written,) = evidence.insert_rows(connection, second_factors, [row])
        _use(connection, written["factor"], step, moment)
    return ["-".join(code[at : at + 4] for at in range(0, len(code), 4)) for code in codes]


def take_away(connection: Connection, username: str, by: str, moment: str) -> None:
    row = {"username": username, "salt": "", "recovery": "", "at": moment, "changed_by": by}
    evidence.insert_rows(connection, second_factors, [row])


def shown(engine: Engine, keys: Keys, factor: Row, code: str, moment: str) -> bool:
    """Whether this is a code of the factor that was not used before; it is used then."""
    typed = code.upper().replace("-", "").replace(" ", "")
    step = _step(keys, factor.username, factor.salt, typed)
    if step is None and _hash(typed) not in factor.recovery.split():
        return False
    try:
        with engine.begin() as connection:
            newest = select(func.max(second_factor_uses.c.used)).where(
                second_factor_uses.c.factor == factor.factor, second_factor_uses.c.used.like("step %")
            )
            # an older code than the last one is an overheard one
            if step is not None and (connection.scalar(newest) or "") >= step:
                return False
            _use(connection, factor.factor, step or _hash(typed), moment)
    except IntegrityError:
        return False
    return True


def _step(keys: Keys, username: str, salt: str, code: str) -> str | None:
    """Which 30 seconds a code is of, so that later ones sort later; None where it is of none or the key is not kept."""
    from pyotp import OTPVerificationError

    if keys.of(salt) is None:
        return None
    try:
        step = _totp(keys, username, salt).verify_and_get_timecode(code.strip(), valid_window=EITHER_SIDE)
    except OTPVerificationError:
        return None
    return f"step {step:012}"


def _use(connection: Connection, factor: int, used: str, moment: str) -> None:
    connection.execute(insert(second_factor_uses), {"factor": factor, "used": used, "at": moment})


def _totp(keys: Keys, username: str, salt: str) -> "TOTP":
    from pyotp import TOTP

    return TOTP(secret(keys, username, salt))


def _hash(code: str) -> str:
    return hashlib.sha256(code.encode()).hexdigest()
