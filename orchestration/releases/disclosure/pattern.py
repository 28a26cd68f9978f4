"""Which cells to hide besides those the policy hides, so that no sum gives one of them back.

Each unprotected cell is pushed up and down by moving other cells against it, at the least cost of hiding them (the
linear programme of Kelly, Golden and Assad). What moves is hidden. Same input, same pattern.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import numpy as np
import scipy  # its parts are imported as they are used: they take 0.4 s of every command that knows of releases

from orchestration.releases.disclosure.relations import Key
from orchestration.releases.disclosure.tables import Tables, components, solve

MOVES = 1e-6
# protecting a cell is worth any number of cells hidden for it
ABOVE_ALL = 1e7
ROUNDS = 12
FRUITLESS = 3


class NoPattern(RuntimeError):
    """Some cell cannot be protected whatever is hidden; `keys` names them."""

    def __init__(self, keys: list[Key]) -> None:
        super().__init__(
            f"{len(keys)} cells cannot be protected by hiding others, the first is {keys[0]}: "
            "publish this table at a wider place or period (seeds/disclosure_tables.csv)"
        )
        self.keys = keys


@dataclass(frozen=True)
class Pattern:
    """`primary`: hidden by the policy. `secondary`: hidden so that no sum gives another cell back."""

    primary: frozenset
    secondary: frozenset

    @property
    def hidden(self) -> frozenset:
        return self.primary | self.secondary


def needs(count: float, width: int) -> tuple[int, int]:
    """How far below and above its count (over the least it can be) a hidden cell must be able to lie, for `width`."""
    below = min(int(count), 1)
    return below, width - below


def choose(
    tables: Tables,
    primary: Iterable[Key],
    width: int,
    cost: Mapping[Key, float] | None = None,
    public: Iterable[Key] = (),
    apart: Iterable[Key] = (),
    hidden: Iterable[Key] = (),
) -> Pattern:
    """The cells to hide of `tables` (every count known) so that each of `primary` has an interval of `width`.

    Cells `public` already cannot be hidden; `cost` (default 1) is how much a cell is missed, per count. Cells
    `apart` tie tables together: they stand still until all else is protected, so that each table is solved alone.
    What is `hidden` before the search stays so. Raises NoPattern.
    """
    primary, public, hidden = frozenset(primary), frozenset(public), frozenset(hidden)
    apart, cost = frozenset(apart), cost or {}
    if tables.at.keys() <= public | hidden:
        # all of it is printed or hidden already, as of a release whose figures have not changed: the audit judges that
        return Pattern(primary, hidden - primary)
    chosen = _search(tables, primary, width, cost, public, apart, hidden)
    # what an early move hides, a later one may make needless: search once more, among what is hidden now
    try:
        shown = frozenset(tables.at) - chosen.hidden - hidden
        fewer = _search(tables, primary, width, cost, shown, apart, hidden)
    except NoPattern:  # of halves: the first pattern stands
        return chosen
    return min(chosen, fewer, key=lambda pattern: len(pattern.hidden))


def _search(
    tables: Tables,
    primary: frozenset,
    width: int,
    cost: Mapping[Key, float],
    public: frozenset,
    apart: frozenset,
    hidden: frozenset,
) -> Pattern:
    search = _Search(tables, primary, width, cost, public, hidden)
    everything = np.ones(len(tables.keys), dtype=bool)
    still = search.mask(apart)
    if still.any():
        search.protect(movable=~still, only=~still)
    search.protect(movable=everything, only=everything)
    while search.ask_room_for_secondary():
        search.protect(movable=everything, only=everything)
    return search.pattern()


class _Search:
    def __init__(
        self,
        tables: Tables,
        primary: frozenset,
        width: int,
        cost: Mapping[Key, float],
        public: frozenset,
        hidden: frozenset,
    ) -> None:
        self.tables, self.primary = tables, primary
        self.counts = tables.known
        self.hidden = self.mask(primary | hidden) | tables.is_rest
        self.fixed = self.mask(public)
        size = len(tables.keys)
        self.cost = np.array([cost.get(key, 1.0) for key in tables.keys])
        self.cost[tables.is_rest] = 0.0
        self.need_down, self.need_up = np.zeros(size), np.zeros(size)
        for key in sorted(primary, key=repr):
            column = tables.at[key]
            self.need_down[column], self.need_up[column] = needs(
                self.counts[column] - tables.lowest[column], width
            )
        self.down, self.up = np.zeros(size), np.zeros(size)
        # no cell need move further than this to make room for another
        self.most = 4.0 * width
        self.draw = np.random.default_rng(2023)

    def mask(self, keys: Iterable[Key]) -> np.ndarray:
        found = np.zeros(len(self.tables.keys), dtype=bool)
        found[[self.tables.at[key] for key in keys]] = True
        return found

    def pattern(self) -> Pattern:
        hidden = {self.tables.keys[column] for column in np.flatnonzero(self.hidden & ~self.tables.is_rest)}
        return Pattern(self.primary, frozenset(hidden - self.primary))

    def short(self) -> np.ndarray:
        """Cells with less room than they need, n booleans."""
        return (self.down < self.need_down) | (self.up < self.need_up)

    def ask_room_for_secondary(self) -> bool:
        """Whether some cell hidden for others is itself given back: from now on it needs room too."""
        given_back = (
            self.hidden & ~self.tables.is_rest & (self.up + self.down + self.need_up + self.need_down < 1)
        )
        self.need_up[given_back] = 1
        return bool(given_back.any())

    def protect(self, movable: np.ndarray, only: np.ndarray) -> None:
        """Hide cells until each of `only` has its room, moving none but `movable` (n booleans each)."""
        together = bool(movable.all())
        movable = movable & ~self.fixed
        blocks = self.tables.blocks(movable)
        failed = []
        for columns, rows in blocks:
            matrix = self.tables.matrix[rows][:, columns]
            wanted = only[columns]
            fruitless = 0
            for _ in range(ROUNDS):
                left = np.flatnonzero(self.short()[columns] & wanted)
                if left.size < 3 or fruitless == FRUITLESS:
                    break
                self._push(matrix, columns, left)
                fruitless += (self.short()[columns] & wanted).sum() == left.size
            # what a table alone does not protect, all of them together may: one by one only then
            for index in np.flatnonzero(self.short()[columns] & wanted) if together else ():
                failed += self._alone(matrix, columns, index)
        if together:
            failed += [self.tables.keys[column] for column in np.flatnonzero(self.short() & ~movable)]
        if failed:
            raise NoPattern(failed)

    def _alone(self, matrix: "scipy.sparse.csr_array", columns: np.ndarray, index: int) -> list[Key]:
        column = columns[index]
        width = int(self.need_down[column] + self.need_up[column])
        highest = min(int(self.counts[column] - self.tables.lowest[column]), width)
        # where it cannot go as far up and down as is usual, all of its width may lie on one side
        for below in dict.fromkeys([int(self.need_down[column]), *range(highest + 1)]):
            self.need_down[column], self.need_up[column] = below, width - below
            for way in (1.0, -1.0):
                for whole in (False, True):
                    if self._room(column, way) <= 0:
                        break
                    self._push(matrix, columns, np.array([index]), way, whole)
            if not self.short()[column]:
                return []
        return [self.tables.keys[column]]

    def _room(self, column: int, way: float) -> float:
        """Room that is still missing, up or down."""
        if way > 0:
            return self.need_up[column] - self.up[column]
        return self.need_down[column] - self.down[column]

    def _push(
        self,
        matrix: "scipy.sparse.csr_array",
        columns: np.ndarray,
        targets: np.ndarray,
        way: float | None = None,
        whole: bool = False,
    ) -> None:
        """Move `targets` (indices into `columns`) at the least cost; hide what moves, keep the room that is found.

        Half of the targets go up and half down, unless `way` is given.
        """
        count = len(columns)
        hidden, counts = self.hidden[columns], self.counts[columns] - self.tables.lowest[columns]
        cost = np.where(hidden, 1e-3, self.cost[columns])
        up_most = np.full(count, self.most)
        down_most = np.minimum(counts, self.most)
        gain_up, gain_down = cost.copy(), cost.copy()
        ways = np.full(len(targets), way) if way else self.draw.choice([1.0, -1.0], len(targets))
        for index, towards in zip(targets, ways, strict=True):
            column = columns[index]
            if not way and self._room(column, towards) <= 0:
                towards = -towards
            need = self._room(column, towards) if self._room(column, towards) > 0 else 0
            # the full way, never a part of it: room found counts from the true count, not from an earlier table
            if towards > 0:
                up_most[index], down_most[index] = (self.need_up[column] if need else self.most), 0.0
                gain_up[index] = -ABOVE_ALL
            else:
                up_most[index], down_most[index] = 0.0, self.need_down[column]
                gain_down[index] = -ABOVE_ALL
        moved = solve(
            np.concatenate([gain_up, gain_down]),
            scipy.sparse.hstack([matrix, -matrix], format="csr"),
            np.zeros(matrix.shape[0]),
            np.zeros(matrix.shape[0]),
            np.zeros(2 * count),
            np.concatenate([up_most, down_most]),
            whole=whole,
        )
        assert moved is not None, "to move nothing is a solution"
        moved = moved[:count] - moved[count:]
        if np.abs(moved[targets]).max() < 1 - MOVES:
            return
        support = np.flatnonzero(np.abs(moved) > MOVES)
        self.hidden[columns[support]] = True
        for found, _ in components(matrix[:, support]):
            part = moved[support[found]]
            # half a crime is no table that could be: such a move hides, but shows no room
            if np.abs(part - part.round()).max() <= MOVES:
                touched = columns[support[found]]
                self.up[touched] = np.maximum(self.up[touched], part.round())
                self.down[touched] = np.maximum(self.down[touched], -part.round())
