"""The key of a home: what makes tokens of persons and of readers, pseudonyms, sessions, second factors and draws.

Each use has a key of its own made from it (`of`), so that nothing made by one can be compared with another's.
A key that is lost is never replaced: tokens and pseudonyms would go on under other names, and nobody would see it.
"""

import hashlib
import hmac
import os
import re
import secrets

from orchestration.home import Home, filled
from orchestration.stopping import Stopped
from orchestration.turns import alone, write_whole

FILE = "token.key"
SHAPE = re.compile(r"[0-9a-f]{64}")
SHORTEST = 32  # letters of a key given by CPAI_TOKEN_KEY
# made with the key: where one of these is there, so was the key
MADE_WITH_IT = ("warehouse.duckdb", "releases")


class KeyLost(Stopped, RuntimeError):
    """The key of the home is missing, damaged or another one."""


def token_key(home: Home) -> str:
    """The secret of the home: from `CPAI_TOKEN_KEY`, else made once and kept in the home. Raises KeyLost."""
    if (key := os.environ.get("CPAI_TOKEN_KEY")) is not None:
        if len(key) < SHORTEST:
            raise KeyLost(
                f"CPAI_TOKEN_KEY has {len(key)} letters, a key has {SHORTEST} or more: give the key of {home.root}"
            )
        return key
    file = home.root / FILE
    if not file.exists():
        _make(home)
    key = file.read_text()
    if not SHAPE.fullmatch(key):
        raise KeyLost(f"{file} is {'empty' if not key.strip() else 'no key'}: {restored(home)}")
    return key


def of(home: Home, purpose: str) -> bytes:
    """The key of one purpose, 32 bytes: `pseudonyms of csae_analysis`, `sessions of the reading room`."""
    return hmac.new(token_key(home).encode(), purpose.encode(), hashlib.sha256).digest()


def check_value(home: Home) -> str | None:
    """What differs between two keys and gives neither away; None where there is no key yet."""
    if "CPAI_TOKEN_KEY" not in os.environ and not (home.root / FILE).exists():
        return None
    return of(home, "check value of the key").hex()[:16]


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
