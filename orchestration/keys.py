"""The key of a home: what makes tokens of persons and of readers, pseudonyms, sessions, second factors and draws.

Each use has a key of its own made from it (`of`), so that nothing made by one can be compared with another's.
A key that is lost is never replaced: tokens and pseudonyms would go on under other names, and nobody would see it.
It is changed on purpose (`rotate`), and those before it are kept: what was made with them can still be read.
"""

import hashlib
import hmac
import os
import re
import secrets
from dataclasses import dataclass
from datetime import timedelta

from orchestration import clock
from orchestration.home import Home, filled
from orchestration.stopping import Stopped
from orchestration.turns import alone, write_whole

FILE = "token.key"
# the key; below it each one before, the newest first: until when it was the key, and until when feeds may still have it
SHAPE = re.compile(r"[0-9a-f]{64}")
BEFORE = re.compile(r"([0-9a-f]{64}) until (\S+), feeds until (\d{4}-\d\d-\d\d)")
SHORTEST = 32  # letters of a key given by CPAI_TOKEN_KEY
# made with the key: where one of these is there, so was the key
MADE_WITH_IT = ("warehouse.duckdb", "releases")


class KeyLost(Stopped, RuntimeError):
    """The key of the home is missing, damaged or another one."""


class NotRotated(Stopped, RuntimeError):
    """The key cannot be changed as things are; it is the one that it was."""


@dataclass(frozen=True)
class Key:
    """A key, and of one that was replaced until when it was the key, and the last day on which feeds may have it."""

    text: str
    until: str = ""
    feeds_until: str = ""

    def of(self, purpose: str) -> bytes:
        """The key of one purpose, 32 bytes."""
        return hmac.new(self.text.encode(), purpose.encode(), hashlib.sha256).digest()

    @property
    def check(self) -> str:
        """What differs between two keys and gives neither away."""
        return self.of("check value of the key").hex()[:16]


def kept(home: Home) -> list[Key]:
    """The key of the home and those before it, the newest first: from `CPAI_TOKEN_KEY` and `CPAI_TOKEN_KEY_BEFORE` (one a
    line), else made once and kept in the home. Raises KeyLost."""
    if "CPAI_TOKEN_KEY" in os.environ:
        given, before = os.environ["CPAI_TOKEN_KEY"], os.environ.get("CPAI_TOKEN_KEY_BEFORE", "").splitlines()
        for key in (given, *before):
            if len(key) < SHORTEST:
                raise KeyLost(
                    f"CPAI_TOKEN_KEY has {len(key)} letters, a key has {SHORTEST} or more: give the key of {home.root}"
                )
        # for as long as it is given
        return [Key(given), *(Key(key, "replaced", "9999-12-31") for key in before)]
    file = home.root / FILE
    if not file.exists():
        _make(home)
    first, *others = file.read_text(encoding="utf-8", errors="replace").split("\n")
    before = [BEFORE.fullmatch(line) for line in others]
    if not SHAPE.fullmatch(first) or not all(before):
        raise KeyLost(f"{file} is {'empty' if not first.strip() else 'no key'}: {restored(home)}")
    return [Key(first), *(Key(*match.groups()) for match in before if match)]


def token_key(home: Home) -> str:
    """The secret of the home as it is now. Raises KeyLost."""
    return kept(home)[0].text


def first(home: Home) -> Key:
    """The first that the home had: of what has to be the same for ever."""
    return kept(home)[-1]


def of(home: Home, purpose: str) -> bytes:
    """The key of one purpose: `pseudonyms of csae_analysis`, `sessions of the reading room`."""
    return kept(home)[0].of(purpose)


def check_value(home: Home) -> str | None:
    """That of the key as it is now; None where there is no key yet."""
    if "CPAI_TOKEN_KEY" not in os.environ and not (home.root / FILE).exists():
        return None
    return kept(home)[0].check


def rotate(home: Home, overlap: timedelta) -> Key:
    """A new key in place of the one there is, which is kept; feeds may still have that for so long. The new one.

    One rename: whoever is killed on the way has the one or the other. The ledger follows when it is next opened.
    Raises NotRotated.
    """
    if "CPAI_TOKEN_KEY" in os.environ:
        raise NotRotated(
            "the key is given by CPAI_TOKEN_KEY: give a new one there and the one of now in CPAI_TOKEN_KEY_BEFORE, "
            "above those that it has; the next command takes it over"
        )
    if not (home.root / FILE).exists():
        raise NotRotated(f"{home.root} has no key yet: there is nothing to change")
    with alone(home.root):
        now, *before = kept(home)
        moment = clock.now()
        replaced = Key(now.text, moment.isoformat(timespec="seconds"), (moment + overlap).date().isoformat())
        new = Key(secrets.token_hex(32))
        lines = [
            f"{key.text} until {key.until}, feeds until {key.feeds_until}" for key in (replaced, *before)
        ]
        write_whole(home.root / FILE, "\n".join([new.text, *lines]))
    return new


def previous(home: Home) -> Key:
    """The key before, which feeds may still have. Raises NotRotated where there is none or its days are over."""
    if found := overlapping(home):
        return found
    _, *before = kept(home)
    if not before:
        raise NotRotated(f"the key of {home.root} was never changed: there is no previous one")
    raise NotRotated(
        f"feeds had the previous key until {before[0].feeds_until}: write this one under the key of now"
    )


def overlapping(home: Home) -> Key | None:
    """The key before, while feeds may have it."""
    today = clock.today().isoformat()
    return next((key for key in kept(home)[1:2] if key.feeds_until >= today), None)


def restored(home: Home) -> str:
    """What to do about a key that is lost."""
    return (
        f"restore {FILE} of {home.root} from the backup of keys, or give it in CPAI_TOKEN_KEY; without it no token and no "
        "pseudonym of before can be made again"
    )


def _make(home: Home) -> None:
    """The key of a new home, whole or not at all."""
    home.root.mkdir(parents=True, exist_ok=True)
    with alone(home.root):
        file = home.root / FILE
        if file.exists():
            return
        # a home that has lost its key has things that were made with it
        for part in MADE_WITH_IT:
            if filled(home.root / part):
                raise KeyLost(f"{file} is missing, and {part} was made with it: {restored(home)}")
        write_whole(file, secrets.token_hex(32))
