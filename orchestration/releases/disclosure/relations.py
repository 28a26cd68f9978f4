"""What is known of cells besides their counts: which sum to which, and what a printed percentage gives away."""

from collections.abc import Hashable
from dataclasses import dataclass


@dataclass(frozen=True)
class Sum:
    """`whole` is the sum of `parts`; when not `exhaustive`, of those and a remainder that is nowhere given."""

    whole: Hashable
    parts: tuple[Hashable, ...]
    exhaustive: bool = True


@dataclass(frozen=True)
class Share:
    """A printed percentage: 100 x `part` / `base` lies between `low` and `high`."""

    part: Hashable
    base: Hashable
    low: float
    high: float
