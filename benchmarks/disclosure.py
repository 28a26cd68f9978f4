"""Disclosure control of a release: seconds for pattern and audit, cells hidden, and small tables beside the optimum.

`python benchmarks/disclosure.py YEAR [REVISION...]` reads marts.duckdb in the folder of a year's release, and in those of the
releases that revised it, and writes nothing into them. In turn it writes, and attacks beside all before, the public tiers of the
four quarters, the year and its revisions; of the year, its quarters and its revisions; and of the year alone, rounded.
"""

import argparse
import dataclasses
import itertools
import json
import random
import sys
import tempfile
import time
from pathlib import Path

import duckdb

from orchestration.releases.disclosure import attack, audit, pattern, public
from orchestration.releases.disclosure import policy as policies
from orchestration.releases.disclosure.relations import Sum
from orchestration.releases.disclosure.tables import Tables

WIDTH = 3


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("releases", type=Path, nargs="+", metavar="RELEASE")
    parser.add_argument("--small-tables", type=int, default=40)
    options = parser.parse_args()
    quarters = [f"2023-Q{number}" for number in range(1, 5)]
    year, *revisions = options.releases
    for name, order in (
        ("the year alone", ["year"]),
        ("quarters, year, revisions", [*quarters, "year", *revisions]),
        ("year, quarters, revisions", ["year", *quarters, *revisions]),
        ("the year, rounded", ["rounded"]),
    ):
        print(name)
        with tempfile.TemporaryDirectory() as folder:
            for one in order:
                of = one if isinstance(one, Path) else year
                what = str(one) if one in quarters else of.name
                release = Path(folder) / (f"{what}.r1" if one in quarters else what)
                _show(
                    f"  {what}",
                    _copy(of, release, _of_quarter(what) if one in quarters else "true"),
                    one == "rounded",
                )
    found = [_small(random.Random(seed)) for seed in range(options.small_tables)]
    found = [pair for pair in found if pair]
    ours, best = (sum(counts) for counts in zip(*found, strict=True))
    print(
        f"{len(found)} small tables: {ours} cells hidden for others, {best} at the optimum: {ours / best:.2f}"
    )


def _of_quarter(quarter: str) -> str:
    return (
        f"period = '{quarter}' or (period_type = 'month' and left(period, 4) = '{quarter[:4]}' "
        f"and ceil(right(period, 2)::integer / 3) = {quarter[-1]})"
    )


def _copy(release: Path, folder: Path, where: str) -> Path:
    folder.mkdir(parents=True)
    with duckdb.connect(str(folder / "marts.duckdb")) as connection:
        connection.execute(f"attach '{release / 'marts.duckdb'}' as published (read_only)")
        connection.execute(f"create table figures as from published.main.figures where {where}")
        connection.execute("create table dim_force as from published.main.dim_force")
    (folder / "manifest.json").write_text(json.dumps({"created_at": str(time.time_ns())}))
    return folder


def _show(name: str, folder: Path, rounded: bool = False) -> None:
    policy = dataclasses.replace(policies.read(), rounded=rounded)
    read = policies.read
    took = dict.fromkeys(("hide", "audit"), 0.0)

    def timed(what, of):
        def run(*given):
            began = time.perf_counter()
            try:
                return of(*given)
            finally:
                took[what] = time.perf_counter() - began

        return run

    real = {what: getattr(public, what) for what in took}
    began, before = time.perf_counter(), time.process_time()
    try:
        public.policies.read = lambda: policy
        for what, of in real.items():
            setattr(public, what, timed(what, of))
        with duckdb.connect() as connection:
            connection.execute(f"attach '{folder / 'marts.duckdb'}' as target (read_only)")
            statement = public.write(connection, folder / "public", folder.parent)
    except (audit.NotSafe, pattern.NoPattern) as refused:
        sys.exit(f"{name}: {refused}")
    finally:
        public.policies.read = read
        for what, of in real.items():
            setattr(public, what, of)
    whole, processor = time.perf_counter() - began, time.process_time() - before
    attacked, earlier = statement["audit"], len(statement["earlier_releases"])
    cells, hidden = statement["cells"], statement["hidden"]
    print(
        f"{name}: {cells} cells of {statement['figures']} figures, {hidden} hidden ({hidden / cells:.1%}: "
        f"{statement['hidden_by']}), already public {statement['already_public']}; pattern {took['hide']:.1f} s, "
        f"audit {took['audit']:.1f} s, all {whole:.1f} s, processor {processor:.1f} s; beside {earlier} earlier tiers "
        f"{attacked['cells']} cells attacked, {attacked['too_narrow']} narrower than the policy"
    )


def _small(draw: random.Random) -> tuple[int, int] | None:
    """Cells hidden to protect others in a table of 3 x 4 with its margins: ours, and the fewest that do."""
    rows, columns = range(3), range(4)
    cells = {(row, column): draw.choice([1, 2, 4, 6, 9, 12]) for row in rows for column in columns}
    cells |= {(row, "all"): sum(cells[row, column] for column in columns) for row in rows}
    cells |= {("all", column): sum(cells[row, column] for row in rows) for column in [*columns, "all"]}
    sums = [Sum((row, "all"), tuple((row, column) for column in columns)) for row in [*rows, "all"]]
    sums += [Sum(("all", column), tuple((row, column) for row in rows)) for column in [*columns, "all"]]
    margins = [key for key in cells if "all" in key]
    primary = {key for key, count in cells.items() if count < 3} - set(margins)
    if not 0 < len(primary) < 5:
        return None
    try:
        ours = len(pattern.choose(Tables(cells, sums), primary, WIDTH, public=margins).secondary)
    except pattern.NoPattern:
        return None
    inner = [key for key in cells if key not in primary and key not in margins]
    for many in range(ours):
        for more in itertools.combinations(inner, many):
            wanted = dict.fromkeys(more, 1) | dict.fromkeys(primary, WIDTH)
            tables = Tables(cells | dict.fromkeys(wanted), sums)
            found = attack.intervals(tables, wanted)
            if all(found[key].width >= width for key, width in wanted.items()):
                return ours, many
    return ours, ours


if __name__ == "__main__":
    main()
