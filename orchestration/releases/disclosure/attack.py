"""The attacker: everything that is printed, every sum that is known, and the bounds they leave of a hidden cell.

Knows nothing of how the pattern was chosen. A bound counts only when a whole table stands behind it, so an interval
said to be wide is wide; one said to be narrow was solved over whole numbers.
"""

from collections.abc import Hashable, Mapping
from dataclasses import dataclass

import numpy as np

from orchestration.releases.disclosure.tables import Tables, solve

WHOLE = 1e-6
# no cell of a national year comes near; an objective always has an end
NO_END = 1e9


class Contradiction(RuntimeError):
    """The printed tables contradict each other: no counts satisfy all of them."""


@dataclass(frozen=True)
class Interval:
    """Least and greatest count of a hidden cell found so far; `exact` when there is none beyond them."""

    key: Hashable
    least: int
    greatest: int
    exact: bool

    @property
    def width(self) -> int:
        return self.greatest - self.least


def intervals(tables: Tables, widths: Mapping[Hashable, int] | None = None) -> dict[Hashable, Interval]:
    """The interval of each hidden cell (a key whose count is None), given all the others.

    With `widths` (key -> counts), only these keys, and no further than to show each that wide; narrower ones are
    exact. Without, every hidden cell exactly. Raises Contradiction when no table is consistent with what is
    printed.
    """
    free = np.isnan(tables.known)
    shown = np.where(free, 0.0, tables.known)
    offset = tables.matrix @ shown
    wanted = np.full(len(tables.keys), -1.0)
    if widths is None:
        wanted[free & ~tables.is_rest] = np.inf
    else:
        for key, width in widths.items():
            wanted[tables.at[key]] = width
    _no_contradiction(tables, free, offset)
    found = {}
    for columns, rows in tables.blocks(free):
        if (wanted[columns] >= 0).any():
            found |= _of_block(tables, columns, rows, offset[rows], wanted[columns])
    for column in np.flatnonzero(~free & (wanted >= 0)):
        count = round(tables.known[column])
        found[tables.keys[column]] = Interval(tables.keys[column], count, count, True)
    return found


def _no_contradiction(tables: Tables, free: np.ndarray, offset: np.ndarray) -> None:
    unfree = np.diff(tables.matrix[:, np.flatnonzero(free)].indptr) == 0
    wrong = unfree & ((offset < tables.least - WHOLE) | (offset > tables.greatest + WHOLE))
    if wrong.any():
        row = tables.matrix[[np.flatnonzero(wrong)[0]]]
        raise Contradiction(f"parts and whole disagree: {[tables.keys[column] for column in row.indices]}")


def _of_block(tables, columns, rows, offset, wanted) -> dict[Hashable, Interval]:
    matrix = tables.matrix[rows][:, columns]
    least, greatest = tables.least[rows] - offset, tables.greatest[rows] - offset
    count = len(columns)
    lower, upper = tables.lowest[columns], np.full(count, NO_END)
    low, high = np.full(count, np.inf), np.full(count, -np.inf)

    def reach(objective) -> np.ndarray:
        point = solve(objective, matrix, least, greatest, lower, upper)
        if point is not None and np.abs(point - point.round()).max() > WHOLE:
            point = solve(objective, matrix, least, greatest, lower, upper, whole=True)
        if point is None:
            names = [tables.keys[column] for column in columns[:3]]
            raise Contradiction(f"no counts are consistent with what is printed around {names}")
        point = point.round()
        np.minimum(low, point, out=low)
        np.maximum(high, point, out=high)
        return point

    def open_() -> np.ndarray:
        return np.flatnonzero((wanted >= 0) & ~(high - low >= wanted))

    # a point that pushes half of the cells up and half down widens many intervals at once
    draw = np.random.default_rng(2023)
    reach(np.zeros(count))
    if np.isfinite(wanted).all():
        while (left := open_()).size > 2:
            objective = np.zeros(count)
            objective[left] = draw.choice([-1.0, 1.0], left.size)
            reach(objective)
            reach(-objective)
            if open_().size > 0.8 * left.size:
                break
    exact = np.zeros(count, dtype=bool)
    for column in open_():
        if high[column] - low[column] >= wanted[column]:
            continue  # widened on the way
        objective = np.zeros(count)
        objective[column] = 1.0
        low[column] = reach(objective)[column]
        if high[column] - low[column] < wanted[column]:
            high[column] = reach(-objective)[column]
            exact[column] = True
    return {
        tables.keys[columns[index]]: Interval(
            tables.keys[columns[index]], int(low[index]), int(high[index]), bool(exact[index])
        )
        for index in np.flatnonzero(wanted >= 0)
    }
