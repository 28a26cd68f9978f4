"""Published tables as one system of cells and sums: what an attacker would write down before solving it."""

from collections.abc import Iterable, Mapping
from functools import cached_property

import numpy as np
import scipy  # its parts are imported as they are used: they take 0.4 s of every command that knows of releases

from orchestration.releases.disclosure.relations import Key, Share, Sum

# a part that is in no table: what remains of a whole when the parts that are known do not exhaust it
REST = "rest"
# no cell of a national year comes near; an objective always has an end
NO_END = 1e9


class Unfinished(RuntimeError):
    """A search among whole numbers stopped at its limit; `point` is the best that it had found, if any."""

    def __init__(self, point: np.ndarray | None) -> None:
        super().__init__("no best table of whole numbers was found within the limit of the search")
        self.point = point


class Tables:
    """Cells with their sums and shares as one linear system.

    `keys` (n cells, remainders at the end), `known` (n floats; nan where the count is not known). Rows of
    `matrix` (sparse, m x n) times the counts lie between `least` and `greatest` (m floats each): a sum is 0.
    `lowest` and `highest` (n floats) are what a count is known to lie between: `bounds` of a rounded one, 1 for the
    least of a cell that is known not to be empty, `some`, else 0, and no end.
    A key that stands in several tables is one cell. Raises KeyError when a sum names a key that is no cell.
    """

    def __init__(
        self,
        cells: Mapping[Key, float | None],
        sums: Iterable[Sum],
        shares: Iterable[Share] = (),
        some: Iterable[Key] = (),
        bounds: Mapping[Key, tuple[int, int]] | None = None,
    ) -> None:
        self.keys = list(cells)
        self.at = {key: index for index, key in enumerate(self.keys)}
        known = [np.nan if count is None else float(count) for count in cells.values()]
        rows, columns, factors, least, greatest = [], [], [], [], []
        seen = set()
        for total in sums:
            if total in seen or total.parts == (total.whole,):
                continue
            seen.add(total)
            members = [(self.at[total.whole], -1.0)] + [(self.at[part], 1.0) for part in total.parts]
            if not total.exhaustive:
                whole, *parts = (known[column] for column, _ in members)
                members.append((len(self.keys), 1.0))
                self.keys.append((REST, len(least)))
                known.append(whole - sum(parts))  # nan when any of them is
            rows += [len(least)] * len(members)
            columns += [column for column, _ in members]
            factors += [factor for _, factor in members]
            least.append(0.0)
            greatest.append(0.0)
        for share in shares:
            for percent, low, high in ((share.low, 0.0, np.inf), (share.high, -np.inf, 0.0)):
                rows += [len(least)] * 2
                columns += [self.at[share.part], self.at[share.base]]
                factors += [100.0, -percent]
                least.append(low)
                greatest.append(high)
        self.known = np.array(known)
        self.lowest = np.zeros(len(known))
        self.lowest[[self.at[key] for key in some]] = 1.0
        self.highest = np.full(len(known), NO_END)
        for key, (low, high) in (bounds or {}).items():
            self.lowest[self.at[key]] = max(self.lowest[self.at[key]], low)
            self.highest[self.at[key]] = high
        self.least, self.greatest = np.array(least), np.array(greatest)
        shape = (len(least), len(self.keys))
        self.matrix = scipy.sparse.csr_array((factors, (rows, columns)), shape=shape)

    @cached_property
    def is_rest(self) -> np.ndarray:
        return np.array([isinstance(key, tuple) and key[0] == REST for key in self.keys])

    def blocks(self, free: np.ndarray) -> list[tuple[np.ndarray, np.ndarray]]:
        """Columns and rows of each set of `free` cells (n booleans) that no sum ties to another free cell."""
        columns = np.flatnonzero(free)
        return [(columns[found], rows) for found, rows in components(self.matrix[:, columns])]


def components(matrix: "scipy.sparse.csr_array") -> list[tuple[np.ndarray, np.ndarray]]:
    """Columns and rows of each part of a matrix that shares no row with the rest."""
    ties = abs(matrix).T @ abs(matrix)
    count, label = scipy.sparse.csgraph.connected_components(ties, directed=False)
    by_column = scipy.sparse.csc_array(matrix)
    row_label = np.full(matrix.shape[0], -1)
    row_label[by_column.indices] = np.repeat(label, np.diff(by_column.indptr))
    return list(zip(_groups(label, count), _groups(row_label, count), strict=True))


def _groups(label: np.ndarray, count: int) -> list[np.ndarray]:
    order = np.argsort(label, kind="stable")
    ends = np.searchsorted(label[order], np.arange(count + 1))
    return [order[ends[number] : ends[number + 1]] for number in range(count)]


def solve(
    objective: np.ndarray,
    matrix: "scipy.sparse.csr_array",
    least: np.ndarray,
    greatest: np.ndarray,
    lower: np.ndarray,
    upper: np.ndarray,
    whole: bool = False,
    nodes: int | None = None,
) -> np.ndarray | None:
    """The point of least `objective` in the polytope, a vertex of it; None when there is none.

    With `whole`, among points of whole numbers only; with `nodes`, Unfinished is raised when so many nodes of the search
    tree were not enough: nodes and never seconds, or a slow machine would find another pattern. Raises RuntimeError
    when the solver gives up or the objective has no end.
    """
    constraints = scipy.optimize.LinearConstraint(matrix, least, greatest) if matrix.shape[0] else ()
    found = scipy.optimize.milp(
        objective,
        constraints=constraints,
        bounds=scipy.optimize.Bounds(lower, upper),
        integrality=np.full(len(objective), int(whole)),
        options={"node_limit": nodes} if nodes else {},
    )
    if found.status == 2:
        return None
    # HiGHS calls the limit of nodes one of solutions, which scipy has no status for
    if found.status in (1, 4) and nodes:
        raise Unfinished(found.x)
    if found.x is None or found.status:
        raise RuntimeError(f"the linear programme was not solved: {found.message}")
    return found.x
