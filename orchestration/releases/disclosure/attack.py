"""The attacker: everything that is printed, every sum that is known, and the bounds they leave of a hidden cell.

Knows nothing of how the pattern was chosen. A bound counts only when a whole table stands behind it, so an interval
said to be wide is wide; one said to be narrow was solved over whole numbers.
"""

from collections.abc import Hashable, Mapping
from dataclasses import dataclass

import numpy as np
from scipy import sparse

from orchestration.releases.disclosure.tables import NO_END, Tables, Unfinished, components, solve

WHOLE = 1e-6
# of a rounded year all cells are open at once: what is not found in so many nodes of a search is taken not to be there
NODES = 1000
ROUNDS = 12
FRUITLESS = 2
# moving a cell that is asked for is worth any number of others
ABOVE_ALL = 1e4


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
    lower, upper = tables.lowest[columns], tables.highest[columns]
    low, high = np.full(count, np.inf), np.full(count, -np.inf)

    def best(objective) -> np.ndarray:
        """The point of least `objective`, whole or not."""
        point = solve(objective, matrix, least, greatest, lower, upper)
        return contradiction() if point is None else point

    def reach(objective, point, nodes=None) -> np.ndarray:
        """A whole table of least `objective`, where `point` is the best of any."""
        if np.abs(point - point.round()).max() > WHOLE:
            near = nearby(objective, point)
            if near is not None and objective @ near <= objective @ point + WHOLE:
                return seen(near)
            point = solve(objective, matrix, least, greatest, lower, upper, whole=True, nodes=nodes)
            point = contradiction() if point is None else point
        return seen(point)

    def nearby(objective, point) -> np.ndarray | None:
        """A whole table that differs from `point` only in its fractions and what is summed with them, if there is one.

        Of a rounded year 3,100 of 5,200 cells: 0.7 s, where all of them take 2 to 9.
        """
        broken = np.abs(point - point.round()) > WHOLE
        loose = np.flatnonzero(broken | (abs(matrix).T @ (abs(matrix) @ broken) > 0))
        part = matrix[:, loose]
        rows = np.flatnonzero(np.diff(part.indptr))
        table = point.round()
        table[loose] = 0
        fixed = (matrix @ table)[rows]
        ends = least[rows] - fixed, greatest[rows] - fixed
        found = solve(objective[loose], part[rows], *ends, lower[loose], upper[loose], whole=True)
        if found is None:
            return None
        table[loose] = found
        return table

    def contradiction():
        names = [tables.keys[column] for column in columns[:3]]
        raise Contradiction(f"no counts are consistent with what is printed around {names}")

    def seen(point) -> np.ndarray:
        point = point.round()
        np.minimum(low, point, out=low)
        np.maximum(high, point, out=high)
        return point

    def open_() -> np.ndarray:
        return np.flatnonzero((wanted >= 0) & ~(high - low >= wanted))

    def towards(column) -> np.ndarray:
        objective = np.zeros(count)
        objective[column] = 1.0
        return objective

    draw = np.random.default_rng(2023)
    nothing = np.zeros(count)
    start = reach(nothing, best(nothing))
    is_rounded = bool((upper < NO_END).any())
    if is_rounded:
        # all cells of a year are open: from one whole table, as many as can be are moved by as little else as can be
        least_move, greatest_move = least - matrix @ start, greatest - matrix @ start
        both_ways = sparse.hstack([matrix, -matrix], format="csr")
        fruitless = 0
        for _ in range(ROUNDS):
            left = open_()
            if not left.size or fruitless == FRUITLESS:
                break
            drawn = draw.choice([True, False], left.size)
            for ups in (drawn, ~drawn):
                gain = np.ones(2 * count)
                most = np.concatenate([upper - start, start - lower])
                for way, targets in ((0, left[ups]), (count, left[~ups])):
                    gain[way + targets] = -ABOVE_ALL
                    most[way + targets] = np.minimum(most[way + targets], wanted[targets])
                    most[count - way + targets] = 0.0
                moved = solve(gain, both_ways, least_move, greatest_move, np.zeros(2 * count), most)
                moved = moved[:count] - moved[count:]
                support = np.flatnonzero(np.abs(moved) > WHOLE)
                for found, _ in components(matrix[:, support]):
                    part = moved[support[found]]
                    if np.abs(part - part.round()).max() <= WHOLE:
                        point = start.copy()
                        point[support[found]] += part.round()
                        seen(point)
            fruitless = fruitless + 1 if open_().size == left.size else 0
    elif np.isfinite(wanted).all():
        # a point that pushes half of the cells up and half down widens many intervals at once
        while (left := open_()).size > 2:
            objective = np.zeros(count)
            objective[left] = draw.choice([-1.0, 1.0], left.size)
            reach(objective, best(objective))
            reach(-objective, best(-objective))
            if open_().size > 0.8 * left.size:
                break
    exact = np.zeros(count, dtype=bool)
    for column in open_():
        if high[column] - low[column] >= wanted[column]:
            continue  # widened on the way
        down, up = towards(column), -towards(column)
        lowest, highest = best(down), best(up)
        least_count, most_count = np.ceil(lowest[column] - WHOLE), np.floor(highest[column] + WHOLE)
        if least_count == most_count:  # given back: whatever table it is, no whole one need be found
            low[column] = high[column] = least_count
            exact[column] = True
            continue
        finished = 0
        for objective, point in ((down, lowest), (up, highest)):
            if high[column] - low[column] >= wanted[column]:
                break
            try:
                reach(objective, point, NODES if is_rounded else None)
                finished += 1
            except Unfinished as stopped:
                if stopped.point is not None:
                    seen(stopped.point)
        exact[column] = finished == 2
    return {
        tables.keys[columns[index]]: Interval(
            tables.keys[columns[index]], int(low[index]), int(high[index]), bool(exact[index])
        )
        for index in np.flatnonzero(wanted >= 0)
    }
