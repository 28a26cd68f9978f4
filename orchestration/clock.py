"""The one clock of the warehouse: what is written, judged and built is of this moment, and of this day in UTC.

A release that is made again is made at the moment that it was made at: `standing_at` is for that, and for nothing else.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, date, datetime

# of the process, not of a thread: dbt builds in threads of its own
_stands_at: datetime | None = None


def now() -> datetime:
    """This moment in UTC."""
    return _stands_at or datetime.now(UTC)


def today() -> date:
    """This day in UTC: the same wherever the machine is."""
    return now().date()


@contextmanager
def standing_at(moment: str) -> Iterator[None]:
    """The clock stands at a moment (ISO text with its zone) for as long as it takes."""
    global _stands_at
    before, _stands_at = _stands_at, datetime.fromisoformat(moment).astimezone(UTC)
    try:
        yield
    finally:
        _stands_at = before
