"""How a test waits: for something to be so, never for a time; and a clock that goes on by waiting alone."""

import time
from collections.abc import Callable

GIVES_UP = 300  # seconds, which no machine needs: a test that is slow is no test that fails


def until(is_so: Callable[[], object], what: str, looks_again: float = 0.05, seconds: float = GIVES_UP):
    """What `is_so` gives, as soon as it is anything. Raises AssertionError when it never is."""
    began = time.monotonic()
    while not (found := is_so()):
        assert time.monotonic() - began < seconds, f"not within {seconds} s: {what}"
        time.sleep(looks_again)
    return found


class Clock:
    """In place of the module `time`: it stands still but for who sleeps. At second `at` of it, `then` happens."""

    def __init__(self, then: Callable[[], object] = lambda: None, at: float = 1.0) -> None:
        self.now, self.then, self.at = 0.0, then, at

    def monotonic(self) -> float:
        return self.now

    def time(self) -> float:
        return 1_700_000_000 + self.now

    def sleep(self, seconds: float) -> None:
        before, self.now = self.now, self.now + seconds
        if before < self.at <= self.now:
            self.then()
