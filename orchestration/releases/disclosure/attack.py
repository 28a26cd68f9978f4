"""The attacker: everything that is printed, every sum that is known, and the bounds they leave of a hidden cell.

It does not use how the pattern was chosen. A bound counts only when a whole table stands behind it, so an interval
found wide is wide; one found narrow was solved over whole numbers.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import scipy  # its parts are imported as they are used: they take 0.4 s of every command that knows of releases

from orchestration.releases.disclosure.relations import Key
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

    key: Key
    least: int
    greatest: int
    exact: bool

    @property
    def width(self) -> int:
        return self.greatest - self.least


def intervals(tables: Tables, widths: Mapping[Key, int] | None = None) -> dict[Key, Interval]:
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


def _of_block(
    tables: Tables, columns: np.ndarray, rows: np.ndarray, offset: np.ndarray, wanted: np.ndarray
) -> dict[Key, Interval]:
    block = _Block(tables, columns, rows, offset, wanted)
    nothing = np.zeros(block.count)
    start = block.reach(nothing, block.best(nothing))
    if block.is_rounded:
        block.widen_from(start)
    elif np.isfinite(wanted).all():
        block.widen_by_halves()
    for column in block.open():
        block.ask(column)
    return {
        tables.keys[columns[index]]: Interval(
            tables.keys[columns[index]],
            int(block.low[index]),
            int(block.high[index]),
            bool(block.exact[index]),
        )
        for index in np.flatnonzero(wanted >= 0)
    }


class _Block:
    """Cells tied by sums, with the least and most that each had in any whole table seen so far."""

    def __init__(
        self, tables: Tables, columns: np.ndarray, rows: np.ndarray, offset: np.ndarray, wanted: np.ndarray
    ) -> None:
        self.matrix = tables.matrix[rows][:, columns]
        self.least, self.greatest = tables.least[rows] - offset, tables.greatest[rows] - offset
        self.lower, self.upper = tables.lowest[columns], tables.highest[columns]
        self.names, self.wanted, self.count = (
            [tables.keys[column] for column in columns[:3]],
            wanted,
            len(columns),
        )
        self.low, self.high = np.full(self.count, np.inf), np.full(self.count, -np.inf)
        self.exact = np.zeros(self.count, dtype=bool)
        self.is_rounded = bool((self.upper < NO_END).any())
        self._draw = np.random.default_rng(2023)

    def _solved(self, objective: np.ndarray, **how: Any) -> np.ndarray:
        point = solve(objective, self.matrix, self.least, self.greatest, self.lower, self.upper, **how)
        if point is None:
            raise Contradiction(f"no counts are consistent with what is printed around {self.names}")
        return point

    def best(self, objective: np.ndarray) -> np.ndarray:
        """The point of least `objective`, whole or not."""
        return self._solved(objective)

    def reach(self, objective: np.ndarray, point: np.ndarray, nodes: int | None = None) -> np.ndarray:
        """A whole table of least `objective`, where `point` is the best of any."""
        if np.abs(point - point.round()).max() > WHOLE:
            near = self._nearby(objective, point)
            if near is not None and objective @ near <= objective @ point + WHOLE:
                return self._seen(near)
            point = self._solved(objective, whole=True, nodes=nodes)
        return self._seen(point)

    def _nearby(self, objective: np.ndarray, point: np.ndarray) -> np.ndarray | None:
        """A whole table that differs from `point` only in its fractions and what is summed with them, if there is one.

        Of a rounded year 3,100 of 5,200 cells: 0.7 s, where all of them take 2 to 9.
        """
        broken = np.abs(point - point.round()) > WHOLE
        loose = np.flatnonzero(broken | (abs(self.matrix).T @ (abs(self.matrix) @ broken) > 0))
        part = self.matrix[:, loose]
        rows = np.flatnonzero(np.diff(part.indptr))
        table = point.round()
        table[loose] = 0
        fixed = (self.matrix @ table)[rows]
        ends = self.least[rows] - fixed, self.greatest[rows] - fixed
        found = solve(objective[loose], part[rows], *ends, self.lower[loose], self.upper[loose], whole=True)
        if found is None:
            return None
        table[loose] = found
        return table

    def _seen(self, point: np.ndarray) -> np.ndarray:
        point = point.round()
        np.minimum(self.low, point, out=self.low)
        np.maximum(self.high, point, out=self.high)
        return point

    def open(self) -> np.ndarray:
        """The cells whose interval is not yet as wide as required."""
        return np.flatnonzero((self.wanted >= 0) & ~(self.high - self.low >= self.wanted))

    def widen_from(self, start: np.ndarray) -> None:
        """All cells of a year are open: from one whole table, as many as can be are moved by as little else as can be."""
        ends = self.least - self.matrix @ start, self.greatest - self.matrix @ start
        both_ways = scipy.sparse.hstack([self.matrix, -self.matrix], format="csr")
        fruitless = 0
        for _ in range(ROUNDS):
            left = self.open()
            if not left.size or fruitless == FRUITLESS:
                break
            drawn = self._draw.choice([True, False], left.size)
            for ups in (drawn, ~drawn):
                self._move(start, both_ways, ends, left[ups], left[~ups])
            fruitless = fruitless + 1 if self.open().size == left.size else 0

    def _move(
        self,
        start: np.ndarray,
        both_ways: "scipy.sparse.csr_array",
        ends: tuple[np.ndarray, np.ndarray],
        up: np.ndarray,
        down: np.ndarray,
    ) -> None:
        count = self.count
        gain = np.ones(2 * count)
        most = np.concatenate([self.upper - start, start - self.lower])
        for way, targets in ((0, up), (count, down)):
            gain[way + targets] = -ABOVE_ALL
            most[way + targets] = np.minimum(most[way + targets], self.wanted[targets])
            most[count - way + targets] = 0.0
        moved = solve(gain, both_ways, *ends, np.zeros(2 * count), most)
        assert moved is not None, "to move nothing is a solution"
        moved = moved[:count] - moved[count:]
        support = np.flatnonzero(np.abs(moved) > WHOLE)
        for found, _ in components(self.matrix[:, support]):
            part = moved[support[found]]
            if np.abs(part - part.round()).max() <= WHOLE:
                point = start.copy()
                point[support[found]] += part.round()
                self._seen(point)

    def widen_by_halves(self) -> None:
        """A point that pushes half of the cells up and half down widens many intervals at once."""
        while (left := self.open()).size > 2:
            objective = np.zeros(self.count)
            objective[left] = self._draw.choice([-1.0, 1.0], left.size)
            self.reach(objective, self.best(objective))
            self.reach(-objective, self.best(-objective))
            if self.open().size > 0.8 * left.size:
                break

    def ask(self, column: int) -> None:
        """Find the ends of one cell's interval, as far as it is not wide enough already."""
        if self.high[column] - self.low[column] >= self.wanted[column]:
            return  # widened on the way
        down = np.zeros(self.count)
        down[column] = 1.0
        lowest, highest = self.best(down), self.best(-down)
        least_count, most_count = np.ceil(lowest[column] - WHOLE), np.floor(highest[column] + WHOLE)
        if least_count == most_count:  # given back: whatever table it is, no whole one need be found
            self.low[column] = self.high[column] = least_count
            self.exact[column] = True
            return
        finished = 0
        for objective, point in ((down, lowest), (-down, highest)):
            if self.high[column] - self.low[column] >= self.wanted[column]:
                break
            try:
                self.reach(objective, point, NODES if self.is_rounded else None)
                finished += 1
            except Unfinished as stopped:
                if stopped.point is not None:
                    self._seen(stopped.point)
        self.exact[column] = finished == 2
