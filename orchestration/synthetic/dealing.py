"""Exact quotas: who gets what is random, how many get it is not."""

from collections.abc import Mapping

import numpy as np

Labels = np.ndarray
"""One label (text) per record."""


class QuotaError(ValueError):
    """The quotas contradict each other: names the group and the label that cannot be served."""


def apportion(total: int, weights: np.ndarray) -> np.ndarray:
    """`total` whole units shared in proportion to `weights` (largest remainder); earlier wins a tie."""
    weights = np.asarray(weights, dtype=float)
    exact = total * weights / weights.sum()
    shares = np.floor(exact).astype(int)
    most_wanting = np.argsort(-(exact - shares), kind="stable")
    shares[most_wanting[: total - shares.sum()]] += 1
    return shares


def split(total: int, weights: Mapping[str, float]) -> dict[str, int]:
    """`apportion` by name."""
    return dict(zip(weights, apportion(total, np.array(list(weights.values()))).tolist(), strict=True))


def pick(rng: np.random.Generator, n: int, weights: Mapping[str, float]) -> Labels:
    """`n` independent draws: for what no published figure pins down."""
    chances = np.array(list(weights.values()), dtype=float)
    return np.array(list(weights), dtype=object)[rng.choice(len(chances), n, p=chances / chances.sum())]


def choose(rng: np.random.Generator, n: int, weights: np.ndarray) -> np.ndarray:
    """Positions of exactly `n` records, chosen without replacement, likelier where the weight is greater."""
    if n > (weights > 0).sum():
        raise QuotaError(f"asked to choose {n} of {(weights > 0).sum()} records")
    with np.errstate(divide="ignore"):
        keys = np.log(weights) + rng.gumbel(size=len(weights))
    return np.sort(np.argpartition(-keys, n - 1)[:n]) if n else np.array([], dtype=int)


def deal(
    rng: np.random.Generator,
    groups: Labels,
    totals: Mapping[str, int],
    pinned: Mapping[str, Mapping[str, int]],
) -> Labels:
    """A label for each record, so that each label comes out `totals[label]` times in all and, in a pinned
    group, exactly as often as pinned. The pins of a group must name every record of it; what they leave goes
    to the other groups at random. Raises QuotaError when that cannot be."""
    if sum(totals.values()) != len(groups):
        raise QuotaError(f"{sum(totals.values())} labels for {len(groups)} records")
    left = dict(totals)
    dealt = np.empty(len(groups), dtype=object)
    open_to_all = np.ones(len(groups), dtype=bool)
    for group, quota in pinned.items():
        members = np.flatnonzero(groups == group)
        if sum(quota.values()) != len(members):
            raise QuotaError(f"group {group}: {sum(quota.values())} labels for {len(members)} records")
        for label, n in quota.items():
            left[label] -= n
            if n < 0 or left[label] < 0:
                raise QuotaError(f"group {group}: {n} x {label} leaves {left[label]}")
        dealt[members] = _shuffled(rng, quota)
        open_to_all[members] = False
    dealt[open_to_all] = _shuffled(rng, left)
    return dealt


def _shuffled(rng: np.random.Generator, counts: Mapping[str, int]) -> Labels:
    return rng.permutation(np.repeat(np.array(list(counts), dtype=object), list(counts.values())))
