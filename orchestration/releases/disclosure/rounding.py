"""The public tier with every count rounded, the alternative to hiding: and what rounding alone leaves open, hidden.

Sums of rounded counts give some small ones back (of the 510 protected cells of a national year three). The same
attack finds them; they are hidden, and where that is not enough the cells they are summed with.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from pathlib import Path

from orchestration.releases.disclosure import audit, earlier
from orchestration.releases.disclosure import policy as policies
from orchestration.releases.disclosure.cells import Cell, Cells, denominator, groups, numerator, sums

ROUNDS = 8


def write(
    path: Path,
    figures: list[dict],
    cells: Cells,
    regions: Mapping[str, str],
    policy: policies.Policy,
    before: Iterable[earlier.Earlier] = (),
    same: Mapping[tuple[str, str], str] | None = None,
) -> tuple["audit.Hidden", int | None]:
    """Write the rounded figures.csv; what is hidden of it, and the narrowest interval of what the policy protects.

    Raises NotSafe when something can be worked out whatever is hidden.
    """
    judged = {numerator(figure) for figure in figures if figure["judged"]} & cells.counts.keys()
    primary = policies.primary(policy, cells.true_counts, judged, groups(cells))
    known = earlier.known(cells, regions, before, same or {}, truth=True)
    out = {
        known.of_release[release.release][cell]
        for release in before
        for cell, count in release.printed.counts.items()
        if count is not None
    }
    before_now = {
        known.of_release[release.release][cell]
        for release in before
        for cell in policies.primary_of(policy, release)
    }
    widths = dict.fromkeys((primary.keys() | before_now) - out, policy.width_rounded)
    beside = defaultdict(set)
    for total in sums(cells, regions):
        for cell in (total.whole, *total.parts):
            beside[cell].update((total.whole, *total.parts))
    hidden: set[Cell] = set()
    for _ in range(ROUNDS):
        write_figures(path, figures, policy.round_to, hidden)
        narrow, narrowest = audit.narrow_cells(path, regions, widths, before, same, cells.broken)
        more = set(narrow) - hidden or {cell for one in narrow for cell in beside[one]} - hidden
        if not more & cells.counts.keys():
            break
        hidden |= more & cells.counts.keys()
    if narrow:
        audit.audit(path, regions, widths, before, same, cells.broken)
    by_policy = {cell: rule for cell, rule in primary.items() if cell in hidden}
    already = len(primary.keys() & out)
    return audit.Hidden(by_policy, frozenset(hidden - by_policy.keys()), widths, already), narrowest


def write_figures(path: Path, figures: Iterable[dict], step: int, hidden: set[Cell]) -> None:
    """The public figures. Each count is the nearest multiple of `step`; a percentage follows from rounded counts."""
    rows = (figure | _printed(figure, step, hidden) | {"rounded_to": step} for figure in figures)
    audit.write_printed(path, rows, (*audit.COLUMNS, "rounded_to"))


def nearest(count: int, step: int) -> int:
    return (count + step // 2) // step * step


def _printed(figure: Mapping, step: int, hidden: set[Cell]) -> dict:
    part, base = numerator(figure), denominator(figure)
    marks = dict.fromkeys(("denominator", "percent"), audit.NOT_APPLICABLE) if base is None else {}
    if figure["status"] == "withheld":
        return dict.fromkeys(("numerator", "denominator", "percent"), audit.UNRELIABLE) | marks
    if part in hidden or base in hidden:
        whole = audit.CONFIDENTIAL if base in hidden else nearest(figure["denominator"] or 0, step)
        shown = audit.CONFIDENTIAL if part in hidden else nearest(figure["numerator"], step)
        printed = {
            "numerator": shown,
            "denominator": whole,
            "percent": audit.CONFIDENTIAL,
            "status": "hidden",
        }
        return printed | marks
    printed = {"numerator": nearest(figure["numerator"], step)}
    if base is None:
        return printed | marks
    whole = nearest(figure["denominator"], step)
    decimals = audit.DECIMALS.get(figure["percent_rounding"], 0)
    if not whole:
        return printed | {"denominator": whole, "percent": audit.NOT_APPLICABLE}
    ten = 10**decimals
    percent = (200 * ten * printed["numerator"] + whole) // (2 * whole) / ten
    rounding = "half_up_one_decimal" if decimals else "half_up"
    return printed | {
        "denominator": whole,
        "percent": f"{percent:.{decimals}f}",
        "percent_rounding": rounding,
    }
