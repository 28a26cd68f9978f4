"""Earlier public tiers: what was printed once stays known, and differs from today's only where data changed."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from orchestration.releases.disclosure.cells import Cell, Cells, Contradiction, broken, sums
from orchestration.releases.disclosure.relations import Sum
from orchestration.stopping import read_json


@dataclass(frozen=True)
class Earlier:
    """A release whose public tier is out: `printed` has None for a hidden count, `counts` the true one, `regions` maps a
    force to its region as it then was, by which its forces add up, and `judged` are the cells that describe people or
    crimes."""

    release: str
    printed: Cells
    counts: Mapping[Cell, int]
    regions: Mapping[str, str]
    judged: frozenset[Cell]


@dataclass(frozen=True)
class Known:
    """All that is printed, now and before, as one set of cells with its sums.

    `of_release` (release -> cell there -> cell here): a count that did not change between releases is one cell.
    `some`: cells known not to be empty. `bounds`: of counts that are printed rounded, anywhere.
    """

    counts: dict[Cell, int | None]
    sums: list[Sum]
    some: set[Cell]
    of_release: dict[str, dict[Cell, Cell]]
    bounds: dict[Cell, tuple[int, int]]


def read(
    releases: Path,
    figures_of: Callable[[Path], tuple[dict[Cell, int], dict[str, str], frozenset[Cell]]],
    cells_of: Callable[[Iterable[Mapping]], Cells],
    read_printed: Callable[[Path], list[dict]],
) -> list[Earlier]:
    """Every release in the folder that has a public tier, newest first; `figures_of` a folder gives its true counts,
    its regions and what of it is judged."""
    found = []
    for path in releases.glob("[0-9]*/public/figures.csv"):
        folder = path.parent.parent
        created = read_json(folder / "manifest.json")["created_at"]
        earlier = Earlier(folder.name, cells_of(read_printed(path)), *figures_of(folder))
        true = Cells(dict(earlier.counts), withheld=earlier.printed.withheld)
        earlier.printed.broken |= broken(true, earlier.regions)
        found.append((created, folder.name, earlier))
    return [earlier for _, _, earlier in sorted(found, key=lambda row: row[:2], reverse=True)]


def labels(counts: Mapping[Cell, int], earlier: Iterable[Earlier]) -> dict[tuple[str, str], str]:
    """(release, place) -> the newest release that has the same counts of that place; empty for today's.

    The attacker is taken to know which places resubmitted, and so whose counts stand.
    """
    found: dict[tuple[str, str], str] = {}
    newer, newer_name = counts, ""
    for release in earlier:
        changed = {cell.place for cell, count in release.counts.items() if newer.get(cell, count) != count}
        for place in {cell.place for cell in release.counts}:
            stands = found.get((newer_name, place), newer_name)
            found[release.release, place] = release.release if place in changed else stands
        newer, newer_name = {**newer, **release.counts}, release.release
    return found


def known(
    cells: Cells, regions: Mapping[str, str], earlier: Iterable[Earlier], same: Mapping, truth: bool
) -> Known:
    """`cells` of today with all earlier ones; with `truth`, hidden counts of earlier ones are filled in, and persons
    and crimes that are none now become some together.

    A count that is known to be 0 is given, whether it is printed or not.
    """
    counts: dict[Cell, int | None] = dict(cells.counts)
    every, some, none, of_release = sums(cells, regions), cells.some(), cells.none(), {}
    bounds = dict(cells.bounds)
    if truth:
        every = every + cells.empty_together()
    for release in earlier:
        here = {
            cell: cell._replace(release=same[release.release, cell.place]) for cell in release.printed.counts
        }
        of_release[release.release] = here
        some |= {here[cell] for cell in release.printed.some()}
        none |= {here[cell] for cell in release.printed.none()}
        for cell, (low, high) in release.printed.bounds.items():
            before = bounds.get(here[cell], (low, high))
            bounds[here[cell]] = max(low, before[0]), min(high, before[1])
        for cell, count in release.printed.counts.items():
            count = release.counts[cell] if truth else count
            before = counts.get(here[cell])
            if None not in (before, count) and before != count:
                raise Contradiction(f"{release.release} prints another count of {' '.join(cell)}")
            counts[here[cell]] = before if count is None else count
        of_then = sums(release.printed, release.regions)
        if truth:
            of_then = of_then + Cells(dict(release.counts)).empty_together()
        every = every + [
            replace(one, whole=here[one.whole], parts=tuple(here[part] for part in one.parts))
            for one in of_then
        ]
    counts |= dict.fromkeys((cell for cell in none if counts[cell] is None), 0)
    return Known(counts, every, some - none, of_release, bounds)
