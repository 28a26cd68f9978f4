"""Disclosure control of a release: seconds for pattern and audit, cells hidden, and small tables beside the optimum.

`python benchmarks/disclosure.py RELEASE_FOLDER` reads marts.duckdb there and writes nothing into it.
"""

import argparse
import itertools
import json
import random
import sys
import tempfile
import time
from pathlib import Path

import duckdb

from orchestration.releases.disclosure import attack, audit, pattern, public
from orchestration.releases.disclosure.relations import Sum
from orchestration.releases.disclosure.tables import Tables

WIDTH = 3


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("release", type=Path)
    parser.add_argument("--small-tables", type=int, default=40)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        releases = Path(folder)
        year = _copy(options.release, releases / "year" / "2023.r1", "true")
        quarter = "period = '2023-Q1' or (period_type = 'month' and period <= '2023-03')"
        first = _copy(options.release, releases / "both" / "2023-Q1.r1", quarter)
        after = _copy(options.release, releases / "both" / "2023.r1", "true")
        _show("the year", year)
        _show("its first quarter", first)
        _show("the year after its first quarter", after)
    found = [_small(random.Random(seed)) for seed in range(options.small_tables)]
    found = [pair for pair in found if pair]
    ours, best = (sum(counts) for counts in zip(*found, strict=True))
    print(
        f"{len(found)} small tables: {ours} cells hidden for others, {best} at the optimum: {ours / best:.2f}"
    )


def _copy(release: Path, folder: Path, where: str) -> Path:
    folder.mkdir(parents=True)
    with duckdb.connect(str(folder / "marts.duckdb")) as connection:
        connection.execute(f"attach '{release / 'marts.duckdb'}' as published (read_only)")
        connection.execute(f"create table figures as from published.main.figures where {where}")
        connection.execute("create table dim_force as from published.main.dim_force")
    (folder / "manifest.json").write_text(json.dumps({"created_at": str(time.time_ns())}))
    return folder


def _show(name: str, folder: Path) -> None:
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
    began = time.perf_counter()
    try:
        for what, of in real.items():
            setattr(public, what, timed(what, of))
        with duckdb.connect() as connection:
            connection.execute(f"attach '{folder / 'marts.duckdb'}' as target (read_only)")
            statement = public.write(connection, folder / "public", folder.parent)
    except (audit.NotSafe, pattern.NoPattern) as refused:
        sys.exit(f"{name}: {refused}")
    finally:
        for what, of in real.items():
            setattr(public, what, of)
    whole = time.perf_counter() - began
    cells, hidden = statement["cells"], statement["hidden"]
    print(
        f"{name}: {cells} cells of {statement['figures']} figures, {hidden} hidden ({hidden / cells:.1%}: "
        f"{statement['hidden_by']}), already public {statement['already_public']}; pattern {took['hide']:.1f} s, "
        f"audit {took['audit']:.1f} s, all {whole:.1f} s"
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
