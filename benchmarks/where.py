"""Where the time of a run and of a publication goes, line by line, and what each line buys.

    python benchmarks/where.py --scale 1 [--in DIR]

Writes a synthetic year into a new home, runs, reads and publishes it, and prints a table for benchmarks/README.md. The lines are
rows of `where.csv`: functions whose wall time is taken, without that of other lines inside them. dbt works in two threads,
so its SQL may add up to more than its time. What no line has is Dagster: plan, events, definitions.
"""

import argparse
import csv
import json
import os
import subprocess
import sys
import tempfile
import threading
import time
from collections import defaultdict
from collections.abc import Callable
from functools import wraps
from importlib import import_module
from pathlib import Path
from typing import Any

HERE = Path(__file__).parent
QUARTERS = [f"2023-Q{number}" for number in (1, 2, 3, 4)]
START, REST = "start-up and imports", "Dagster and everything else"
BUYS = {
    START: "nothing: it is what the libraries weigh",
    REST: "runs, events and lineage of every step on a page",
}


class Clock:
    """Seconds by line, without those of the lines inside."""

    def __init__(self) -> None:
        self.seconds: dict[str, float] = defaultdict(float)
        self._here = threading.local()

    def timed(self, line_of: Callable[[], str], function: Callable[..., Any]) -> Callable[..., Any]:
        @wraps(function)
        def wrapped(*given: Any, **named: Any) -> Any:
            inside = self._here.__dict__.setdefault("inside", [])
            inside.append(0.0)
            started = time.perf_counter()
            try:
                return function(*given, **named)
            finally:
                took = time.perf_counter() - started
                self.seconds[line_of()] += took - inside.pop()
                if inside:
                    inside[-1] += took

        return wrapped


def lines() -> list[dict[str, str]]:
    with (HERE / "where.csv").open(newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


def inside_the_process(words: list[str]) -> None:
    """Runs a command with every line's clock, and writes the seconds to the file that WHERE names."""
    started = time.perf_counter()
    from orchestration.command import cpai, spare_collector

    spare_collector()
    clock, of_dbt = Clock(), {}
    for row in lines():
        for function in row["functions"].split():
            module, colon, name = function.partition(":")
            if colon:
                place = import_module(module)
                setattr(place, name, clock.timed(lambda line=row["line"]: line, getattr(place, name)))
        if row["functions"].startswith("dbt "):
            of_dbt[row["functions"].removeprefix("dbt ")] = row["line"]
    from dbt.adapters.duckdb.connections import DuckDBConnectionManager as Connections
    from dbt_common.events.contextvars import get_node_info

    def line_of_node() -> str:
        kind = (get_node_info() or {}).get("resource_type") or "seed"
        return of_dbt.get(str(kind), of_dbt["seed"])

    Connections.add_query = clock.timed(line_of_node, Connections.add_query)
    import_module("orchestration.definitions")
    clock.seconds[START] = time.perf_counter() - started
    code = cpai(words, standalone_mode=False)
    Path(os.environ["WHERE"]).write_text(json.dumps(clock.seconds))
    sys.exit(code or 0)


def measured(home: Path, *words: str) -> dict[str, float]:
    """Seconds by line of one command, the rest among them."""
    with tempfile.NamedTemporaryFile() as told:
        started = time.perf_counter()
        done = subprocess.run(
            [sys.executable, __file__, "--inside", "--home", str(home), *words],
            env={**os.environ, "WHERE": told.name},
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            text=True,
        )
        wall = time.perf_counter() - started
        said = Path(told.name).read_text()
    if not said:
        sys.exit(f"cpai {' '.join(words)} ended with {done.returncode}: {done.stderr[-800:]}")
    seconds = json.loads(said)
    # two threads of dbt: their SQL is taken out of dbt's own time once
    sql = sum(seconds.get(row["line"], 0) for row in lines() if row["functions"].startswith("dbt "))
    beside = next(row["line"] for row in lines() if "run_dbt" in row["functions"])
    seconds[beside] = max(0.0, seconds.get(beside, 0) - sql)
    seconds[REST] = max(0.0, wall - sum(seconds.values()))
    return seconds


def main() -> None:
    words = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    words.add_argument("--scale", default="1")
    words.add_argument("--in", dest="folder", type=Path, help="make the temporary home in this folder")
    given = words.parse_args()
    command = [sys.executable, "-m", "orchestration"]
    with tempfile.TemporaryDirectory(dir=given.folder) as temporary:
        home = Path(temporary)
        subprocess.run(
            [*command, "sample", "--scale", given.scale, "--into", temporary],
            check=True,
            stdout=subprocess.DEVNULL,
        )
        run = measured(home, "run", *QUARTERS)
        answers = [str(file) for file in sorted((home / "readings").glob("*.csv"))]
        subprocess.run(
            [*command, "--home", temporary, "read", "import", *answers], check=True, stdout=subprocess.DEVNULL
        )
        published = measured(home, "publish", "2023")
    print("| line | `cpai run`, s | `cpai publish`, s | what it buys |\n|---|---|---|---|")
    buys = {row["line"]: row["buys"] for row in lines()} | BUYS
    for line, bought in buys.items():
        print(f"| {line} | {run.get(line, 0):.1f} | {published.get(line, 0):.1f} | {bought} |")
    print(f"| **all** | {sum(run.values()):.1f} | {sum(published.values()):.1f} | |")


if __name__ == "__main__":
    if sys.argv[1:2] == ["--inside"]:
        inside_the_process(sys.argv[2:])
    main()
