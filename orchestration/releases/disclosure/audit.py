"""What an attacker finds in a written figures.csv of the public tier, beside all that is out already."""

import csv
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from orchestration.releases.disclosure import attack, earlier
from orchestration.releases.disclosure import policy as policies
from orchestration.releases.disclosure.cells import Cell, Cells, denominator, numerator
from orchestration.releases.disclosure.relations import Share, Sum
from orchestration.releases.disclosure.tables import Tables
from orchestration.spreadsheets import write_csv

# the shorthands of government statistics in a table
CONFIDENTIAL, UNRELIABLE, NOT_APPLICABLE = "[c]", "[u]", "[z]"


COLUMNS = (
    "figure_id", "unit", "population", "criterion", "breakdown", "category", "place_type", "place", "period_type",
    "period", "numerator", "denominator", "percent", "percent_rounding", "scheme", "status",
)  # fmt: skip


DECIMALS = {"half_up_one_decimal": 1}


class NotSafe(RuntimeError):
    """The attacker found hidden cells too narrowly; `reasons` has a sentence each, and no count."""

    def __init__(self, reasons: list[str]) -> None:
        super().__init__("the public tier is not safe to publish:\n" + "\n".join(reasons))
        self.reasons = reasons


@dataclass(frozen=True)
class Hidden:
    """What is hidden of today's cells: `primary` (cell -> rule) and `secondary`; `widths`, of earlier cells too,
    the interval each must keep; `already_public`, how many the policy would hide but an earlier release printed."""

    primary: Mapping[Cell, str]
    secondary: frozenset[Cell]
    widths: Mapping[Cell, int]
    already_public: int


def cells_of(figures: Iterable[Mapping]) -> Cells:
    """The cells that figures print, by `numerator` and `denominator`; a hidden count is None."""
    cells = Cells()
    for figure in figures:
        if figure["status"] == "withheld":
            cells.withheld.add(numerator(figure))
            continue
        counts = {numerator(figure): "numerator"}
        if base := denominator(figure):
            counts[base] = "denominator"
            cells.bases.add(base)
        for cell, name in counts.items():
            cells.add(cell, figure[name])
            if between := figure.get(f"{name}_between"):
                cells.bounds[cell] = between
    cells.withheld -= cells.counts.keys()
    return cells


def write_printed(path: Path, rows: Iterable[Mapping], columns: Sequence[str] = COLUMNS) -> None:
    """A public figures.csv: what `read_printed` reads."""
    write_csv(path, columns, rows)


def audit(
    path: Path,
    regions: Mapping[str, str],
    widths: Mapping[Cell, int],
    before: Iterable[earlier.Earlier] = (),
    same: Mapping[tuple[str, str], str] | None = None,
    broken: Iterable[Sum] = (),
) -> int | None:
    """Attack a written figures.csv, with all public tiers `before` it.

    Returns the width of the narrowest interval of a hidden cell, None when nothing is hidden. `broken`: sums that
    definitions state and the data do not keep.

    Raises NotSafe when a cell that should be hidden is printed, or its interval is narrower than required.
    """
    narrow, narrowest = narrow_cells(path, regions, widths, before, same, broken)
    if narrow:
        counted = Counter((cell.place_type, cell.period_type, cell.unit, cell.breakdown) for cell in narrow)
        raise NotSafe(
            [
                f"{many} hidden {'cell' if many == 1 else 'cells'} of {unit} {breakdown} by {place_type} and "
                f"{period_type} can be worked out: publish fewer tables, or at wider places and periods "
                "(seeds/disclosure_tables.csv)"
                for (place_type, period_type, unit, breakdown), many in sorted(counted.items())
            ]
        )
    return narrowest


def narrow_cells(
    path: Path,
    regions: Mapping[str, str],
    widths: Mapping[Cell, int],
    before: Iterable[earlier.Earlier] = (),
    same: Mapping[tuple[str, str], str] | None = None,
    broken: Iterable[Sum] = (),
) -> tuple[list[Cell], int | None]:
    """The cells of a written figures.csv whose interval is narrower than required, and the narrowest of the others.

    A count that is printed rounded, now or earlier, is wide when it is not given back exactly.
    """
    figures = read_printed(path)
    cells = cells_of(figures)
    cells.broken |= set(broken)
    known = earlier.known(cells, regions, before, same or {}, truth=False)
    tables = Tables(known.counts, known.sums, shares(figures, cells), known.some, known.bounds)
    hidden = [cell for cell, count in known.counts.items() if count is None and cell not in known.bounds]
    rounded_width = policies.read().width_rounded
    wanted = dict.fromkeys(hidden, 1) | {
        cell: min(width, rounded_width) if cell in known.bounds else width for cell, width in widths.items()
    }
    found = attack.intervals(tables, wanted)
    narrow = [cell for cell, interval in found.items() if interval.width < wanted[cell]]
    return narrow, min((interval.width for interval in found.values()), default=None)


def read_printed(path: Path) -> list[dict]:
    """Figures as printed: counts as integers, None where hidden, not applicable, or rounded: then with what they lie
    `_between`."""
    with path.open(newline="", encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    for row in rows:
        step = int(row.get("rounded_to") or 0)
        for name in ("numerator", "denominator"):
            count = int(row[name]) if row[name][:1] not in ("[", "") else None
            if step and count is not None:
                row[f"{name}_between"] = max(0, count - step // 2), count + (step - 1) // 2
                count = None
            row[name] = count
    return rows


def shares(figures: Iterable[Mapping], cells: Cells) -> list:
    """What printed percentages give away where a count of theirs is hidden."""
    found = []
    for figure in figures:
        base = denominator(figure)
        # of rounded counts a percentage gives away nothing more
        if (
            figure.get("rounded_to")
            or base is None
            or figure["percent"][:1] in ("[", "")
            or numerator(figure) not in cells.counts
        ):
            continue
        if None in (cells.counts[numerator(figure)], cells.counts[base]):
            percent = float(figure["percent"])
            # a share of a split may be rounded a whole unit away, the others by half a unit
            room = 1.0 if figure["percent_rounding"] == "largest_remainder" else 0.5
            room /= 10 ** DECIMALS.get(figure["percent_rounding"], 0)
            found.append(Share(numerator(figure), base, percent - room, percent + room))
    return found
