"""By which door somebody comes in, and who: what the log, runs and manifests say of every act."""

import getpass
import os
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from pathlib import Path

try:
    import pwd
except ImportError:  # Windows, where `cpai check` alone is used
    pwd = None

# Python: a script or a notebook that calls us by itself
DOORS = ("command", "room", "Dagster", "schedule", "sensor", "Python")
_by: ContextVar[tuple[str, str | None]] = ContextVar("by", default=("Python", None))


LOGIN = Path(
    "/proc/self/loginuid"
)  # who signed in to the machine, whatever user they became since; Linux keeps it
NOBODY = 2**32 - 1  # there: a service, which nobody signed in to


def operator() -> str:
    """The user of this machine whose process this is, `anna as cpai` where they became another. By the system's number:
    a name of the environment is what anybody writes there."""
    if not pwd:
        return getpass.getuser()
    user = os.getuid()
    login = int(LOGIN.read_text()) if LOGIN.exists() else NOBODY
    return _name(user) if login in (user, NOBODY) else f"{_name(login)} as {_name(user)}"


def _name(user: int) -> str:
    assert pwd
    try:
        return pwd.getpwuid(user).pw_name
    except KeyError:  # a user that only has a number
        return str(user)


def by() -> tuple[str, str]:
    """The door and the person: who is signed in, else the user of the machine."""
    door, who = _by.get()
    return door, who or operator()


def came_by(door: str, who: str | None = None) -> None:
    """What is done from here on is done by this door, and by this person where somebody is signed in."""
    assert door in DOORS, door
    _by.set((door, who))


@contextmanager
def coming_by(door: str, who: str | None = None) -> Iterator[None]:
    """`came_by` for as long as it takes."""
    before = _by.get()
    came_by(door, who)
    try:
        yield
    finally:
        _by.set(before)
