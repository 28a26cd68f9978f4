"""Figures as cells: one cell for one count, whatever figures print it, and every sum that is known among cells."""

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from functools import cache
from typing import NamedTuple, cast

from orchestration import quarters, schemes
from orchestration.home import seed_rows
from orchestration.releases.disclosure import stated
from orchestration.releases.disclosure.relations import Sum
from orchestration.releases.figures import NATION

# what a reader answers of committed by children; its figures' base is the crimes asked of
ASKED = "asked"
# committed by children under any criterion; under other alone it is schemes.CHILDREN
CHILDREN_ANY = f"{schemes.CHILDREN}_any"


class Cell(NamedTuple):
    """What one count counts. It has a release only where it differs from the newest one."""

    population: str
    unit: str
    criterion: str
    breakdown: str
    category: str
    place_type: str
    place: str
    period_type: str
    period: str
    scheme: str = schemes.first()
    release: str = ""


class Contradiction(RuntimeError):
    """One cell is printed with two counts."""


@dataclass
class Cells:
    """`counts` by cell (None: not given); the cells that are `bases` of percentages, and the `splits` of them."""

    counts: dict[Cell, int | None] = field(default_factory=dict)
    bases: set[Cell] = field(default_factory=set)
    # figures withheld for another reason: their cells are in no table, and the sums with them are open
    withheld: set[Cell] = field(default_factory=set)
    # least and greatest of a count that is printed rounded; its count is not given
    bounds: dict[Cell, tuple[int, int]] = field(default_factory=dict)
    # what definitions state and the true counts do not keep: nobody can compute with it
    broken: set[Sum] = field(default_factory=set)

    @property
    def true_counts(self) -> dict[Cell, int]:
        """The counts of a release's own tables, which leave none open."""
        return cast(dict[Cell, int], self.counts)

    def some(self) -> set[Cell]:
        """Cells known not to be empty: bases, as their figures exist (those of a national year always do), and crimes that
        somebody is on. Of true counts a few more than anybody knows, as some numbers of persons will be hidden."""
        bases = {
            cell
            for cell in self.bases
            if (cell.place_type, cell.period_type) != ("national", "year") and self.counts[cell] != 0
        }
        return bases | {wider for cell, wider in stated.only_where(self.counts) if self.counts[cell]}

    def none(self) -> set[Cell]:
        """Cells known to be empty, printed or not."""
        where = {cell for cell, wider in stated.only_where(self.counts) if self.counts[wider] == 0}
        nothing = {one.whole for one in stated.nothing(self.counts) if one not in self.broken}
        return where | {cell for cell in nothing if not self.counts[cell]}

    def empty_together(self) -> list[Sum]:
        """Without a crime nobody is on one. Who looks for some tables, not for all, takes those with no more persons than
        crimes where there are none of both now: no number of persons that a crime may have is needed."""
        return [
            Sum(wider, (cell,), exhaustive=False)
            for cell, wider in stated.only_where(self.counts)
            if self.counts[wider] == 0
        ]

    def add(self, cell: Cell, count: int | None) -> None:
        if self.counts.setdefault(cell, count) != count:
            raise Contradiction(f"two counts of one cell are published: {' '.join(cell)}")


def numerator(figure: Mapping) -> Cell:
    """The cell that a figure counts."""
    return _of(*(figure[name] for name in Cell._fields[:-1]))


def denominator(figure: Mapping) -> Cell | None:
    """The cell that a figure's percentage stands on; None for a count without one."""
    population, unit, breakdown = figure["population"], figure["unit"], figure["breakdown"]
    if figure["percent_rounding"] in (None, ""):
        return None
    if breakdown == "age_band_wide":  # also bars that are printed twice, under categories of their own
        breakdown = "age_band"
    base, category = _base(population, unit, breakdown)
    at = [figure[name] for name in ("place_type", "place", "period_type", "period")]
    return _of(
        population, unit, figure["criterion"], base, category, *at, schemes.of_criterion(figure["criterion"])
    )


@cache
def _bases() -> dict:
    return {
        (row["population"], row["unit"], row["breakdown"]): row["base"] for row in seed_rows("breakdowns.csv")
    }


def _base(population: str, unit: str, breakdown: str) -> tuple[str, str]:
    base = _bases()[population, unit, breakdown]
    if base == "total":
        return "total", "all"
    if base == "committed_by_children":
        return base, ASKED
    return ("age" if base == "age_band" else base) + "_recorded", "yes"


@cache
def printed_again() -> dict:
    """(unit, category) of an age bar printed twice -> the age band it is."""
    rows = seed_rows("figure_definitions.csv")
    by_id = {row["figure_id"]: row["category"] for row in rows}
    return {
        (row["unit"], row["category"]): by_id.get(row["repeats"], row["repeats"].rpartition(".")[2])
        for row in rows
        if row["repeats"]
    }


@cache
def _of(
    population: str,
    unit: str,
    criterion: str,
    breakdown: str,
    category: str,
    place_type: str,
    place: str,
    period_type: str,
    period: str,
    scheme: str,
) -> Cell:
    if breakdown in ("quarter", "month"):
        period_type, period, breakdown, category = breakdown, category, "total", "all"
    elif breakdown == "group_based":
        population, breakdown, category = "cocad", "total", "all"
    elif breakdown == "criterion" and category == "committed_by_children":
        criterion, scheme, breakdown, category = "committed_by_children_any", schemes.first(), "total", "all"
    elif breakdown == "criterion" and scheme == schemes.of_criterion(category):
        criterion, breakdown, category = category, "total", "all"
    elif breakdown == "committed_by_children" and category == "yes" and criterion in ("all", "other"):
        criterion = "committed_by_children" + ("_any" if criterion == "all" else "")
        breakdown, category = "total", "all"
    elif breakdown == "age_band_wide" and (unit, category) in printed_again():
        breakdown, category = "age_band", printed_again()[unit, category]
    at = (place_type, place, period_type, period)
    return Cell(population, unit, criterion, breakdown, category, *at, scheme)


def sums(cells: Cells, regions: Mapping[str, str]) -> list[Sum]:
    """Every sum among `cells` that seeds/disclosure_relations.csv states.

    `regions` maps a force to its region. A part that is in no table is a zero where its table is published at that
    place and period, and leaves the sum open where it is withheld.
    """
    found = [one for row in stated.rows() for one in _of_relation(row, cells, regions)]
    return [one for one in found if one not in cells.broken]


def broken(cells: Cells, regions: Mapping[str, str]) -> set[Sum]:
    """Of what definitions state of records, the sums that the true counts of `cells` do not keep."""
    found = (one for row in stated.rows(stated.WHERE_IT_HOLDS) for one in _of_relation(row, cells, regions))
    return {one for one in found if not stated.holds(one, cells.true_counts)}


def _of_relation(row: Mapping[str, str], cells: Cells, regions: Mapping[str, str]) -> list[Sum]:
    if row["by"] == "places":
        return _places(cells, regions)
    if row["by"]:
        return BY_CELLS[row["by"]](cells) if row["by"] in BY_CELLS else []
    return stated.grounded(row, cells.counts, cells.withheld)


def _sum(cells: Cells, whole: Cell, parts: Iterable[Cell], exhaustive: bool = True) -> list[Sum]:
    """The sum, if its whole and some part are given; open when a part of it is withheld."""
    parts = tuple(parts)
    given = tuple(part for part in parts if part in cells.counts)
    if whole not in cells.counts or not given:
        return []
    return [Sum(whole, given, exhaustive and not cells.withheld.intersection(parts))]


@cache
def _categories() -> dict:
    """Exhaustive splits: (population, unit, breakdown) -> categories. Bands of ages that make up a wider one too."""
    found = defaultdict(list)
    for row in seed_rows("breakdown_categories.csv"):
        for population in (
            [row["only_population"]] if row["only_population"] else ["cpai", "contact", "cocad"]
        ):
            if row["scheme"] == schemes.first():
                found[population, row["unit"], row["breakdown"]].append(row["category"])
    return {
        (row["population"], row["unit"], row["breakdown"]): found[
            row["population"], row["unit"], row["breakdown"]
        ]
        for row in seed_rows("breakdowns.csv")
        if row["exhaustive"] == "Y" and row["breakdown"] not in ("criterion", "committed_by_children")
    }


@cache
def _ages() -> dict:
    """(unit, wider band) -> the bands it is made of."""
    rows = seed_rows("age_bands.csv")
    return {
        (wide["unit"], wide["age_band"]): [
            row["age_band"]
            for row in rows
            if row["unit"] == wide["unit"]
            and row["breakdown"] == "age_band"
            and int(row["age_from"]) >= int(wide["age_from"])
            and int(row["age_to"] or 999) <= int(wide["age_to"] or 999)
        ]
        for wide in rows
        if wide["breakdown"] == "age_band_wide"
    }


def groups(cells: Cells) -> list[Sum]:
    """Of `sums`, those that split a group into categories of people or crimes."""
    found = []
    split = dict.fromkeys((cell._replace(category="") for cell in cells.counts), None)
    for cell in split:
        key = cell.population, cell.unit, cell.breakdown
        if categories := _categories().get(key):
            base, category = _base(*key)
            whole = cell._replace(breakdown=base, category=category)
            parts = [cell._replace(category=name) for name in categories]
            # a bar printed twice brings one category of a split that is not published here
            found += _sum(cells, whole, parts, exhaustive=all(part in cells.counts for part in parts))
        elif cell.breakdown == "committed_by_children":
            yes = _of(*cell._replace(category="yes")[:-1])._replace(release=cell.release)
            found += _sum(cells, cell._replace(category=ASKED), [yes, cell._replace(category="no")])
    return found


def _wide_ages(cells: Cells) -> list[Sum]:
    found = []
    for cell in cells.counts:
        if bands := _ages().get((cell.unit, cell.category)) if cell.breakdown == "age_band_wide" else None:
            parts = [cell._replace(breakdown="age_band", category=band) for band in bands]
            if all(part in cells.counts or part in cells.withheld for part in parts):
                found += _sum(cells, cell, parts)
            # the bands are not published here: wider ones hold narrower ones, and their base holds them all
            base, category = _base(cell.population, cell.unit, "age_band")
            found += _sum(cells, cell._replace(breakdown=base, category=category), [cell], exhaustive=False)
            for other, inner in _ages().items():
                if other[0] == cell.unit and set(inner) < set(bands):
                    found += _sum(cells, cell, [cell._replace(category=other[1])], exhaustive=False)
    return found


def _read() -> list[str]:
    """The criteria of the first scheme."""
    return [row["criterion"] for row in schemes.criteria(schemes.first())]


def _of_first_scheme(cells: Cells) -> list[Cell]:
    return [cell for cell in cells.counts if cell.scheme == schemes.first()]


def _total_crimes(cells: Cells) -> list[Cell]:
    """COCAD crimes, of all criteria or of one."""
    return [
        cell
        for cell in _of_first_scheme(cells)
        if (cell.unit, cell.breakdown, cell.population) == ("crime", "total", "cocad")
    ]


def _criteria(cells: Cells) -> list[Sum]:
    return [
        one
        for cell in _of_first_scheme(cells)
        if cell.criterion == "all"
        for one in _sum(cells, cell, [cell._replace(criterion=name) for name in _read()])
    ]


def _added_criteria(cells: Cells) -> list[Sum]:
    added = schemes.ever_chosen().keys() - _read()
    return [
        one
        for cell in list(cells.counts)
        if cell.criterion not in added
        for name in sorted(added)
        if cell.criterion == schemes.counts_as(name)
        for one in _sum(
            cells,
            cell,
            [cell._replace(criterion=name, scheme=schemes.of_criterion(name))],
            exhaustive=False,
        )
    ]


def _later_schemes(cells: Cells) -> list[Sum]:
    found = []
    for cell in _total_crimes(cells):
        if cell.criterion == "all":
            for scheme in schemes.all_schemes()[1:]:
                parts = [_under(scheme, name, cell) for name in _counted(scheme)]
                if parts[0] in cells.counts:
                    found += _sum(cells, cell, [*parts, cell._replace(criterion=CHILDREN_ANY)])
    return found


def _children_by_criterion(cells: Cells) -> list[Sum]:
    found = []
    for cell in _total_crimes(cells):
        if cell.criterion == CHILDREN_ANY:
            parts = [
                cell._replace(criterion=name, breakdown=schemes.CHILDREN, category="yes") for name in _read()
            ]
            if any(part in cells.counts for part in parts):
                found += _sum(cells, cell, [*parts, cell._replace(criterion=schemes.CHILDREN)])
    return found


def _moved_to_children(cells: Cells) -> list[Sum]:
    """Of each criterion, what a later scheme moves under committed by children."""
    found = []
    for cell in _total_crimes(cells):
        if cell.criterion not in _read():
            continue
        yes = cell._replace(breakdown=schemes.CHILDREN, category="yes")
        yes = cell._replace(criterion=schemes.CHILDREN) if cell.criterion == "other" else yes
        for scheme in schemes.all_schemes()[1:]:
            left = [
                _under(scheme, name, cell)
                for name in _counted(scheme)
                if cell.criterion in (name, schemes.counts_as(name))
            ]
            if left and left[0] in cells.counts:
                found += _sum(cells, cell, [*left, yes], exhaustive=yes in cells.counts)
    return found


def _all_were_asked(cells: Cells) -> list[Sum]:
    """Of a period, the crimes that were asked of and those of its quarters before it was first asked are all."""
    found, since = [], schemes.children_collected_from()
    for cell in list(cells.counts):
        if (cell.breakdown, cell.category) != (schemes.CHILDREN, ASKED):
            continue
        whole = cell._replace(breakdown="total", category="all")
        if cell.period_type == "year":
            earlier = [quarter for quarter in quarters.in_period(cell.period) if quarter < since]
            parts = [whole._replace(period_type="quarter", period=quarter) for quarter in earlier]
        else:
            quarter = cell.period if cell.period_type == "quarter" else quarters.of_month(cell.period)
            parts = [whole] if quarter < since else []
        # quarters that are not public here leave it open
        found += _sum(cells, whole, [cell, *parts], all(part in cells.counts for part in parts))
    return found


def _counted(scheme: str) -> list[str]:
    """The criteria of a scheme that readers choose."""
    return [row["criterion"] for row in schemes.chosen_from(scheme)]


def _under(scheme: str, criterion: str, cell: Cell) -> Cell:
    """The crimes of that criterion in the split of that scheme, at the place and period of `cell`."""
    at = (cell.place_type, cell.place, cell.period_type, cell.period)
    return _of(cell.population, cell.unit, "all", "criterion", criterion, *at, scheme)._replace(
        release=cell.release
    )


def _places(cells: Cells, regions: Mapping[str, str]) -> list[Sum]:
    parts = defaultdict(list)
    for cell in [*cells.counts, *cells.withheld]:
        wholes = []
        if cell.place_type == "force":
            wholes.append(cell._replace(place_type="region", place=regions[cell.place]))
        if cell.place_type != "national":
            wholes.append(cell._replace(place_type="national", place=NATION))
        if whole := next((whole for whole in wholes if whole in cells.counts), None):
            parts[whole].append(cell)
    return [found for whole, cells_of in parts.items() for found in _sum(cells, whole, cells_of)]


def _periods(cells: Cells) -> list[Sum]:
    parts = defaultdict(list)
    for cell in [*cells.counts, *cells.withheld]:
        wholes = []
        if cell.period_type == "month":
            wholes.append(cell._replace(period_type="quarter", period=quarters.of_month(cell.period)))
        if cell.period_type != "year":
            wholes.append(cell._replace(period_type="year", period=cell.period[:4]))
        if whole := next((whole for whole in wholes if whole in cells.counts), None):
            parts[whole].append(cell)
    return [found for whole, cells_of in parts.items() for found in _sum(cells, whole, cells_of)]


# what seeds/disclosure_relations.csv names in `by`, beside `places`: no pattern of cells says it
BY_CELLS: dict[str, Callable[[Cells], list[Sum]]] = {
    "categories": groups,
    "wide_ages": _wide_ages,
    "criteria": _criteria,
    "added_criteria": _added_criteria,
    "later_schemes": _later_schemes,
    "children_by_criterion": _children_by_criterion,
    "moved_to_children": _moved_to_children,
    "all_were_asked": _all_were_asked,
    "periods": _periods,
}
