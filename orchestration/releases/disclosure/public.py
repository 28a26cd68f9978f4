"""The public tier of a release: the figures the policy shows, with what must be hidden marked, and a proof of it.

`figures.csv` is what the attacker reads: the audit starts from that file, not from the tables behind it.
"""

# ruff: noqa: S608 - columns come from COLUMNS, never from a user

import csv
import json
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from orchestration.home import seed_rows
from orchestration.releases.disclosure import earlier
from orchestration.releases.disclosure import policy as policies
from orchestration.releases.disclosure.cells import Cell, Cells, denominator, numerator, printed_again, sums
from orchestration.releases.figures import NATION
from orchestration.warehouse.statements import quoted, rows_of

# the shorthands of government statistics in a table
CONFIDENTIAL, UNRELIABLE, NOT_APPLICABLE = "[c]", "[u]", "[z]"
COLUMNS = (
    "figure_id", "unit", "population", "criterion", "breakdown", "category", "place_type", "place", "period_type",
    "period", "numerator", "denominator", "percent", "percent_rounding", "scheme", "status",
)  # fmt: skip
NOT_ASKED = [
    "dominance: no figure says which operation a crime belongs to",
    "joint tables of two attributes (age by ethnicity) that are nowhere printed",
    "what somebody knows of their own case, or of how these cells were chosen",
]
DECIMALS = {"half_up_one_decimal": 1}
NOTES = {
    CONFIDENTIAL: "hidden: it, or another cell, could be about a person whom somebody recognises",
    UNRELIABLE: "withheld: readers do not agree enough for a figure",
    NOT_APPLICABLE: "not applicable: a count without a percentage, or a percentage of none",
}


class NotSafe(RuntimeError):
    """The attacker found hidden cells too narrowly; `reasons` has a sentence each, and no count."""

    def __init__(self, reasons: list[str]):
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


def write(connection, folder: Path, releases: Path) -> dict:
    """Write `folder` (figures.csv, disclosure.json) from the release attached as `target`; returns the statement.

    `releases` holds the earlier ones. Raises NotSafe, pattern.NoPattern or Contradiction: nothing of `folder` is
    then to be published.
    """
    policy = policies.read()
    figures = shown(connection)
    regions = regions_of(connection)
    before = read_earlier(releases)
    cells = cells_of(figures)
    same = earlier.labels(cells.counts, before)
    folder.mkdir(parents=True)
    if policy.rounded:
        from orchestration.releases.disclosure import rounding

        hidden, narrowest = rounding.write(
            folder / "figures.csv", figures, cells, regions, policy, before, same
        )
    else:
        hidden = hide(cells, figures, regions, policy, before, same)
        write_figures(folder / "figures.csv", figures, hidden)
        narrowest = audit(folder / "figures.csv", regions, hidden.widths, before, same)
    statement = {
        "shorthands": NOTES,
        "policy": {row["rule"]: row["value"] for row in seed_rows("disclosure_policy.csv")},
        "figures": len(figures),
        "figures_rolled_up": _rolled_up(connection, len(figures)),
        "cells": len(cells.counts),
        "hidden": len(hidden.primary) + len(hidden.secondary),
        "hidden_by": _reasons(hidden, policy),
        "hidden_at": _by_place(cells.counts, hidden),
        "already_public": hidden.already_public,
        "earlier_releases": [release.release for release in before],
        "not_asked": NOT_ASKED,
        "audit": {"cells": len(hidden.widths), "too_narrow": 0, "narrowest_interval": narrowest},
    }
    (folder / "disclosure.json").write_text(json.dumps(statement, indent=1) + "\n", encoding="utf-8")
    return statement


def write_statement(folder: Path, head: dict) -> None:
    """`statement.json` in `folder`: what the release of manifest `head` is, and the errata of figures shown there."""
    with (folder / "figures.csv").open(newline="", encoding="utf-8") as file:
        shown_here = {
            (row["figure_id"], row["place"], row["period"])
            for row in csv.DictReader(file)
            # an erratum of a hidden count would say how it stands to what is known
            if row["numerator"] != CONFIDENTIAL
        }
    said = {name: head[name] for name in ("release", "period", "kind", "status", "planned_on", "created_at")}
    said["errata"] = [
        erratum
        for erratum in head["errata"]
        if (erratum["figure_id"], erratum["place"] or NATION, erratum["period"]) in shown_here
    ]
    (folder / "statement.json").write_text(json.dumps(said, indent=1) + "\n", encoding="utf-8")


def regions_of(connection) -> dict[str, str]:
    """The region of each force of the release attached as `target`."""
    return dict(connection.execute("select force, region from target.main.dim_force").fetchall())


def read_earlier(releases: Path) -> list[earlier.Earlier]:
    """The public tiers that are out, newest first; their true counts from the tables beside them."""
    import duckdb

    def true_counts(folder: Path) -> tuple[dict[Cell, int], dict[str, str]]:
        with duckdb.connect() as connection:
            connection.execute(f"attach {quoted(folder / 'marts.duckdb')} as target (read_only)")
            found = rows_of(
                connection,
                f"""
                select {", ".join(COLUMNS)}
                from target.main.figures
                semi join read_csv(?, header = true, all_varchar = true) as printed
                    using (figure_id, scheme, place_type, place, period_type, period)
                where status <> 'withheld'
                """,
                [str(folder / "public" / "figures.csv")],
            )
            return cells_of(found).counts, regions_of(connection)

    return earlier.read(releases, true_counts, cells_of, read_printed)


def shown(connection) -> list[dict]:
    """The figures of `target` that seeds/disclosure_tables.csv shows at their place and period; `judged` with each."""
    levels = [
        (row["population"], row["unit"], row["breakdown"], row["scheme"], row["criteria"] == "all",
         place_type, period_type, row["judged"] == "Y")
        for row in seed_rows("disclosure_tables.csv")
        for place_type in ("national", "region", "force")
        for period_type in row[place_type].split()
    ]  # fmt: skip
    columns = [list(column) for column in zip(*levels, strict=True)]
    return rows_of(
        connection,
        f"""
        with tables as (
            select
                unnest($1) as population, unnest($2) as unit, unnest($3) as breakdown, unnest($4) as scheme,
                unnest($5) as criterion_all, unnest($6) as place_type, unnest($7) as period_type,
                unnest($8) as judged
        )
        select {", ".join(f"figures.{name}" for name in COLUMNS)}, tables.judged
        from target.main.figures
        inner join tables
            using (population, unit, scheme, place_type, period_type)
        where
            (figures.criterion = 'all') = tables.criterion_all
            -- a bar that is printed twice is shown where the band that it repeats is
            and tables.breakdown = case
                when figures.unit || figures.category in (select unnest($9)) then 'age_band'
                else figures.breakdown
            end
        order by figures.scheme, figures.figure_id, place_type, place, period_type, period
        """,
        [*columns, ["".join(bar) for bar in printed_again()]],
    )


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


def hide(cells: Cells, figures, regions, policy: policies.Policy, before=(), same=None) -> Hidden:
    """What to hide of `cells`: what the policy says, and what protects it, beside all that is out already."""
    from orchestration.releases.disclosure import pattern
    from orchestration.releases.disclosure.tables import Tables

    judged = {numerator(figure) for figure in figures if figure["judged"]}
    primary = policies.primary(policy, cells.counts, judged & cells.counts.keys(), sums(cells, regions)[1])
    known = earlier.known(cells, regions, before, same or {}, truth=True)
    out, hidden_before, primary_before = set(), set(), set()
    tables_judged = {cell[:4] for cell in judged}
    for release in before:
        here, printed = known.of_release[release.release], release.printed
        small = policies.primary(
            policy,
            {cell: release.counts[cell] for cell in here},
            {cell for cell in here if cell[:4] in tables_judged},
            sums(printed, regions)[1],
        )
        out |= {here[cell] for cell, count in printed.counts.items() if count is not None}
        hidden_there = {
            cell for cell, count in printed.counts.items() if count is None and cell not in printed.bounds
        }
        hidden_before |= {here[cell] for cell in hidden_there}
        primary_before |= {here[cell] for cell in small if cell in hidden_there}
    already_public = primary.keys() & out
    primary = {cell: rule for cell, rule in primary.items() if cell not in out}
    hidden_before -= out
    wide = (primary.keys() | primary_before) - out
    chosen = pattern.choose(
        Tables(known.counts, known.sums, some=known.some),
        wide,
        policy.width,
        policies.missed(policy, known.counts, cells.bases),
        public=out,
        apart=cells.bases,
        hidden=hidden_before,
    )
    widths = dict.fromkeys(chosen.secondary, policy.width_of_others) | dict.fromkeys(wide, policy.width)
    secondary = (chosen.hidden & cells.counts.keys()) - primary.keys()
    return Hidden(primary, secondary, widths, len(already_public))


def write_figures(path: Path, figures: Iterable[Mapping], hidden: Hidden) -> None:
    """The public figures. A percentage is printed only of two shown counts, and from them alone."""
    cells = hidden.primary.keys() | hidden.secondary
    splits = defaultdict(list)
    for figure in figures:
        if figure["percent_rounding"] == "largest_remainder":
            splits[_split(figure)].append(numerator(figure) in cells)
    write_printed(path, (figure | _printed(figure, cells, splits) for figure in figures))


def write_printed(path: Path, rows: Iterable[Mapping], columns: Sequence[str] = COLUMNS) -> None:
    """A public figures.csv: what `read_printed` reads."""
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, columns, extrasaction="ignore", lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)


def _split(figure: Mapping) -> tuple:
    return tuple(
        figure[name]
        for name in (*COLUMNS[1:10], "scheme")
        if name != "category"
    )  # fmt: skip


def _printed(figure: Mapping, hidden, splits) -> dict:
    base = denominator(figure)
    none = base is None
    if figure["status"] == "withheld":
        marks = dict.fromkeys(("numerator", "denominator", "percent"), UNRELIABLE)
        return marks | (dict.fromkeys(("denominator", "percent"), NOT_APPLICABLE) if none else {})
    part_hidden, base_hidden = numerator(figure) in hidden, base in hidden
    printed = {
        "numerator": CONFIDENTIAL if part_hidden else figure["numerator"],
        "denominator": NOT_APPLICABLE if none else CONFIDENTIAL if base_hidden else figure["denominator"],
        "percent": figure["percent"],
        "status": "hidden" if part_hidden or base_hidden else figure["status"],
    }
    if not figure["denominator"]:
        printed["percent"] = CONFIDENTIAL if base_hidden else NOT_APPLICABLE
    elif part_hidden or base_hidden:
        printed["percent"] = CONFIDENTIAL
    elif any(splits.get(_split(figure), ())):
        # a share that was rounded to make the split sum to 100 would tell of the hidden ones
        percent = (200 * figure["numerator"] + figure["denominator"]) // (2 * figure["denominator"])
        printed |= {"percent": percent, "percent_rounding": "half_up"}
    return printed


def audit(
    path: Path, regions: Mapping[str, str], widths: Mapping[Cell, int], before=(), same=None
) -> int | None:
    """Attack a written figures.csv, with all public tiers `before` it.

    Returns the width of the narrowest interval of a hidden cell, None when nothing is hidden.

    Raises NotSafe when a cell that should be hidden is printed, or its interval is narrower than is wanted.
    """
    narrow, narrowest = narrow_cells(path, regions, widths, before, same)
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


def narrow_cells(path, regions, widths, before=(), same=None) -> tuple[list[Cell], int | None]:
    """The cells of a written figures.csv whose interval is narrower than is wanted, and the narrowest of the others.

    A count that is printed rounded, now or earlier, is wide when it is not given back exactly.
    """
    from orchestration.releases.disclosure import attack
    from orchestration.releases.disclosure.tables import Tables

    figures = read_printed(path)
    cells = cells_of(figures)
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
    """What printed percentages tell where a count of theirs is hidden."""
    from orchestration.releases.disclosure.relations import Share

    found = []
    for figure in figures:
        base = denominator(figure)
        # of rounded counts a percentage tells nothing more
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


def _reasons(hidden: Hidden, policy: policies.Policy) -> dict[str, int]:
    """Hidden cells by reason: of the whole tier, and only where enough are hidden for others for nobody to tell which
    are. Were all of them below the threshold, or all of a place and period, each would be known to within it."""
    if len(hidden.secondary) < policy.threshold:
        return {"any_reason": len(hidden.primary) + len(hidden.secondary)}
    by_rule = dict(sorted(Counter(hidden.primary.values()).items()))
    return by_rule | {"to_protect_others": len(hidden.secondary)}


def _by_place(counts: Mapping[Cell, int], hidden: Hidden) -> list[dict]:
    every, gone = (
        Counter((cell.place_type, cell.period_type) for cell in some)
        for some in (counts, hidden.primary.keys() | hidden.secondary)
    )
    return [
        {
            "place_type": place_type,
            "period_type": period_type,
            "cells": cells,
            "hidden": gone[place_type, period_type],
        }
        for (place_type, period_type), cells in sorted(every.items())
    ]


def _rolled_up(connection, shown_figures: int) -> int:
    return connection.execute("select count(*) from target.main.figures").fetchone()[0] - shown_figures
