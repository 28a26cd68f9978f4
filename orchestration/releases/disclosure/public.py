"""The public tier of a release: the figures the policy shows, with what must be hidden marked, and a proof of it.

`figures.csv` is what the attacker reads: the audit starts from that file, not from the tables behind it.
"""

# ruff: noqa: S608 - columns come from COLUMNS, never from a user

import csv
import json
from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Mapping
from pathlib import Path

from orchestration.home import seed_rows
from orchestration.releases.disclosure import earlier, pattern, rounding
from orchestration.releases.disclosure import policy as policies
from orchestration.releases.disclosure.audit import (
    COLUMNS,
    CONFIDENTIAL,
    NOT_APPLICABLE,
    UNRELIABLE,
    Hidden,
    audit,
    cells_of,
    read_printed,
    write_printed,
)
from orchestration.releases.disclosure.cells import (
    Cell,
    Cells,
    broken,
    denominator,
    groups,
    numerator,
    printed_again,
)
from orchestration.releases.disclosure.tables import Tables
from orchestration.releases.figures import NATION
from orchestration.statements import Connection, one_file, quoted, rows_of

NOT_ASKED = [
    "dominance: no figure has which operation a crime belongs to",
    "joint tables of two attributes (age by ethnicity) that are nowhere printed",
    "what somebody knows of their own case, or of how these cells were chosen",
]
NOTES = {
    CONFIDENTIAL: "hidden: it, or another cell, could be about a person whom somebody recognises",
    UNRELIABLE: "withheld: readers do not agree enough for a figure",
    NOT_APPLICABLE: "not applicable: a count without a percentage, or a percentage of none",
}


def is_due(connection: Connection, period: str) -> bool:
    """Whether the release of `period` attached as `target` gets a public tier."""
    policy = policies.read()
    (crimes,) = connection.execute(
        "select coalesce(max(numerator), 0) from target.main.figures where population = 'cocad' and unit = 'crime' "
        "and criterion = 'all' and breakdown = 'total' and place_type = 'national' and period = ?",
        [period],
    ).fetchone()
    return policy.written and crimes >= policy.fewest_crimes


def write(connection: Connection, folder: Path, releases: Path) -> dict:
    """Write `folder` (figures.csv, disclosure.json) from the release attached as `target`; returns the statement.

    `releases` holds the earlier ones. Raises NotSafe, pattern.NoPattern or Contradiction: nothing of `folder` is
    then to be published.
    """
    policy = policies.read()
    figures = shown(connection)
    regions = regions_of(connection)
    before = read_earlier(releases)
    cells = cells_of(figures)
    cells.broken |= broken(cells, regions)
    same = earlier.labels(cells.true_counts, before)
    folder.mkdir(parents=True)
    if policy.rounded:
        hidden, narrowest = rounding.write(
            folder / "figures.csv", figures, cells, regions, policy, before, same
        )
    else:
        hidden = hide(cells, figures, regions, policy, before, same)
        write_figures(folder / "figures.csv", figures, hidden)
        narrowest = audit(folder / "figures.csv", regions, hidden.widths, before, same, cells.broken)
    (every,) = connection.execute("select count(*) from target.main.figures").fetchone()
    statement = {
        "shorthands": NOTES,
        "policy": {row["rule"]: row["value"] for row in seed_rows("disclosure_policy.csv")},
        "figures": len(figures),
        "figures_rolled_up": every - len(figures),
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
            # an erratum of a hidden count would give away how it stands to what is known
            if row["numerator"] != CONFIDENTIAL
        }
    shown = {name: head[name] for name in ("release", "period", "kind", "status", "planned_on", "created_at")}
    shown["errata"] = [
        erratum
        for erratum in head["errata"]
        if (erratum["figure_id"], erratum["place"] or NATION, erratum["period"]) in shown_here
    ]
    (folder / "statement.json").write_text(json.dumps(shown, indent=1) + "\n", encoding="utf-8")


def regions_of(connection: Connection) -> dict[str, str]:
    """The region of each force of the release attached as `target`."""
    return dict(connection.execute("select force, region from target.main.dim_force").fetchall())


def read_earlier(releases: Path) -> list[earlier.Earlier]:
    """The public tiers that are out, newest first; their true counts from the tables beside them."""
    import duckdb

    levels = _levels()

    def true_counts(folder: Path) -> tuple[dict[Cell, int], dict[str, str], frozenset[Cell]]:
        with duckdb.connect() as connection:
            connection.execute(f"attach {quoted(folder / 'marts.duckdb')} as target (read_only)")
            found = rows_of(
                connection,
                f"""
                select {", ".join(COLUMNS)}
                from target.main.figures
                semi join read_csv(?, header = true, all_varchar = true, hive_partitioning = false) as printed
                    using (figure_id, scheme, place_type, place, period_type, period)
                where status <> 'withheld'
                """,
                [one_file(folder / "public" / "figures.csv")],
            )
            # a table that is shown no more is judged as one of people
            judged = frozenset(numerator(figure) for figure in found if levels.get(_level(figure), True))
            return cells_of(found).true_counts, regions_of(connection), judged

    return earlier.read(releases, true_counts, cells_of, read_printed)


def _levels() -> dict[tuple, bool]:
    """By table and level of place and period, as `_level` has it, whether what it shows describes people or crimes."""
    return {
        (row["population"], row["unit"], row["breakdown"], row["scheme"], row["criteria"] == "all",
         place_type, period_type): row["judged"] == "Y"
        for row in seed_rows("disclosure_tables.csv")
        for place_type in ("national", "region", "force")
        for period_type in row[place_type].split()
    }  # fmt: skip


def _level(figure: Mapping) -> tuple:
    """The table, place and period that a figure is of. A bar that is printed twice is shown where the band that it repeats is."""
    repeats = (figure["unit"], figure["category"]) in printed_again()
    return (
        figure["population"],
        figure["unit"],
        "age_band" if repeats else figure["breakdown"],
        figure["scheme"],
        figure["criterion"] == "all",
        figure["place_type"],
        figure["period_type"],
    )


def shown(connection: Connection) -> list[dict]:
    """The figures of `target` that seeds/disclosure_tables.csv shows at their place and period; `judged` with each."""
    levels = _levels()
    # a release has twenty times as many
    columns = [
        list(column) for column in zip(*((level[0], level[1], *level[-2:]) for level in levels), strict=True)
    ]
    figures = rows_of(
        connection,
        f"""
        select {", ".join(COLUMNS)}
        from target.main.figures
        semi join (
            select unnest($1) as population, unnest($2) as unit, unnest($3) as place_type, unnest($4) as period_type
        ) using (population, unit, place_type, period_type)
        order by scheme, figure_id, place_type, place, period_type, period
        """,
        columns,
    )
    return [figure | {"judged": levels[level]} for figure in figures if (level := _level(figure)) in levels]


def hide(
    cells: Cells,
    figures: list[dict],
    regions: Mapping[str, str],
    policy: policies.Policy,
    before: Iterable[earlier.Earlier] = (),
    same: Mapping[tuple[str, str], str] | None = None,
) -> Hidden:
    """What to hide of `cells`: what the policy hides, and what protects it, beside all that is out already."""
    judged = {numerator(figure) for figure in figures if figure["judged"]}
    primary = policies.primary(policy, cells.true_counts, judged & cells.counts.keys(), groups(cells))
    known = earlier.known(cells, regions, before, same or {}, truth=True)
    out, hidden_before, primary_before = set(), set(), set()
    for release in before:
        here, printed = known.of_release[release.release], release.printed
        out |= {here[cell] for cell, count in printed.counts.items() if count is not None}
        hidden_there = {
            cell for cell, count in printed.counts.items() if count is None and cell not in printed.bounds
        }
        hidden_before |= {here[cell] for cell in hidden_there}
        primary_before |= {here[cell] for cell in policies.primary_of(policy, release) & hidden_there}
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


def write_figures(path: Path, figures: Iterable[dict], hidden: Hidden) -> None:
    """The public figures. A percentage is printed only of two shown counts, and from them alone."""
    cells = hidden.primary.keys() | hidden.secondary
    splits = defaultdict(list)
    for figure in figures:
        if figure["percent_rounding"] == "largest_remainder":
            splits[_split(figure)].append(numerator(figure) in cells)
    write_printed(path, (figure | _printed(figure, cells, splits) for figure in figures))


def _split(figure: Mapping) -> tuple:
    return tuple(
        figure[name]
        for name in (*COLUMNS[1:10], "scheme")
        if name != "category"
    )  # fmt: skip


def _printed(figure: Mapping, hidden: Collection[Cell], splits: Mapping[tuple, list[bool]]) -> dict:
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
        # a share that was rounded to make the split sum to 100 would give away the hidden ones
        percent = (200 * figure["numerator"] + figure["denominator"]) // (2 * figure["denominator"])
        printed |= {"percent": percent, "percent_rounding": "half_up"}
    return printed


def _reasons(hidden: Hidden, policy: policies.Policy) -> dict[str, int]:
    """Hidden cells by reason: of the whole tier, and only where enough are hidden for others for nobody to find out which
    are. Were all of them below the threshold, or all of a place and period, each would be known to within it."""
    if len(hidden.secondary) < policy.threshold:
        return {"any_reason": len(hidden.primary) + len(hidden.secondary)}
    by_rule = dict(sorted(Counter(hidden.primary.values()).items()))
    return by_rule | {"to_protect_others": len(hidden.secondary)}


def _by_place(counts: Iterable[Cell], hidden: Hidden) -> list[dict]:
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
