"""What is known of cells besides their counts: which sum to which, and what a printed percentage gives away."""

from dataclasses import dataclass
from typing import Any

Key = Any  # by which a table knows a cell: in a release a Cell, elsewhere whatever can be in a set


@dataclass(frozen=True)
class Sum:
    """`whole` is the sum of `parts`; when not `exhaustive`, of those and a remainder that is nowhere given."""

    whole: Key
    parts: tuple[Key, ...]
    exhaustive: bool = True


@dataclass(frozen=True)
class Share:
    """A printed percentage: 100 x `part` / `base` lies between `low` and `high`."""

    part: Key
    base: Key
    low: float
    high: float
