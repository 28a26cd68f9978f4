"""What a test goes through is not empty: `for row in some(rows)`."""

from collections.abc import Iterable
from typing import TypeVar

T = TypeVar("T")


def some(things: Iterable[T]) -> list[T]:
    """The same things as a list; a test that has none to look at fails."""
    found = list(things)
    assert found, "nothing to look at"
    return found
