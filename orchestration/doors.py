"""By which door somebody comes in, and who: what the log, runs and manifests say of every act."""

import getpass
import os
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar

# Python: a script or a notebook that calls us by itself
DOORS = ("command", "room", "Dagster", "schedule", "sensor", "Python")
_by: ContextVar[tuple[str, str | None]] = ContextVar("by", default=("Python", None))


def operator() -> str:
    """The user of this machine whose process this is."""
    try:
        return getpass.getuser()
    except (KeyError, OSError):  # a user that only has a number
        return str(os.getuid())


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
