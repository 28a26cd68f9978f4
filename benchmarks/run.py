"""The pipeline against the quickest script and the one an analyst would write, on one synthetic year, in one run.

    python benchmarks/run.py --scale 1 [--in DIR] [--json] [--no-pandas]
    python benchmarks/run.py --home-with-landing DIR        a home that already has landing/ and readings/

Prints wall time, start-up (interpreter and imports, measured apart) and peak memory of each, their ratio,
and whether both reach the same national figures. Nothing in `landing/` and `readings/` is changed; everything
else of the home has to be absent, because a pipeline that finds its work done does none.
"""

import argparse
import csv
import json
import os
import platform
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path

PROJECT = Path(__file__).resolve().parents[1]
YEAR = "2023"
QUARTERS = [f"{YEAR}-Q{n}" for n in (1, 2, 3, 4)]
COMMAND = [sys.executable, "-m", "orchestration"]
WHOLE_STACK = "dagster, dagster_dbt, dbt.cli.main, dbt.adapters.duckdb.connections, pyarrow, sqlalchemy"
# what each process has to import before it can do anything
IMPORTS = {
    "prepare": WHOLE_STACK,
    "run": f"{WHOLE_STACK}, python_calamine, pandas",
    "read import": "duckdb, sqlalchemy, click",
    "publish": f"{WHOLE_STACK}, great_expectations",
    "bare": "duckdb, numpy, pyarrow, pyarrow.csv, python_calamine",
    "pandas": "duckdb, pandas, pyarrow.csv, python_calamine",
}
SCRIPTS = {"bare": "benchmarks/bare.py", "pandas": "benchmarks/analyst.py"}
# as a command imports: otherwise 6.6 s would be taken from its wall time where it spends 5
SPARED = "from orchestration.command import spare_collector; spare_collector(); "
# once for each version of models and seeds, not for each quarter: apart from the pipeline's work
PREPARE = (
    SPARED
    + "from orchestration.home import home; from orchestration.warehouse.dbt import manifest_path; manifest_path(home())"
)


@dataclass
class Measured:
    """One process: seconds of wall and processor time, peak resident MB (of it or a child)."""

    name: str
    wall: float
    start_up: float
    processor: float
    peak_mb: int
    exit_code: int

    @property
    def work(self) -> float:
        return self.wall - self.start_up


def child(words: list[str], home: Path, output=None) -> tuple[float, float, int, int]:
    """(wall, processor seconds, peak MB, exit code) of one process in this project, for a home."""
    environment = {**os.environ, "CPAI_HOME": str(home), "PYTHONDONTWRITEBYTECODE": ""}
    started = time.perf_counter()
    process = subprocess.Popen(words, cwd=PROJECT, env=environment, stdout=output or sys.stderr)
    _, status, used = os.wait4(process.pid, 0)
    wall = time.perf_counter() - started
    process.returncode = os.waitstatus_to_exitcode(status)
    return wall, used.ru_utime + used.ru_stime, round(used.ru_maxrss / 1024), process.returncode


def start_up(name: str, home: Path) -> float:
    """Seconds of interpreter, imports and their teardown alone; the first of two writes bytecode and fills the page cache."""
    spared = "" if name in SCRIPTS else SPARED
    words = [sys.executable, "-c", f"{spared}import {IMPORTS[name]}"]
    return [child(words, home)[0] for _ in range(2)][-1]


def measure(name: str, words: list[str], home: Path, output=None) -> Measured:
    print(f"{name} ...", file=sys.stderr, flush=True)
    imports = start_up(name, home)
    wall, processor, peak, code = child(words, home, output)
    return Measured(name, round(wall, 1), round(imports, 1), round(processor, 1), peak, code)


@contextmanager
def home_of(given: argparse.Namespace) -> Iterator[Path]:
    if given.home_with_landing:
        home = given.home_with_landing.resolve()
        done = [
            n for n in ("ledger.db", "warehouse.duckdb", "raw", "archive", "releases") if (home / n).exists()
        ]
        if done or not (home / "landing").is_dir():
            sys.exit(f"{home} must hold landing/ and readings/ only, not {', '.join(done) or 'nothing'}")
        yield home
        return
    with tempfile.TemporaryDirectory(dir=given.folder) as folder:
        home = Path(folder)
        words = [
            *COMMAND,
            "sample",
            "--into",
            folder,
            "--scale",
            str(given.scale),
        ]
        wall, _, peak, code = child(words, home)
        if code:
            sys.exit(f"the synthetic year was not written (exit code {code})")
        print(f"synthetic year at scale {given.scale}: {wall:.1f} s, {peak} MB", file=sys.stderr)
        yield home


def national_of_release(home: Path) -> dict[str, tuple]:
    file = home / "releases" / "current" / "figures.csv"
    if not file.exists():
        return {}
    with file.open(newline="", encoding="utf-8") as text:
        return {
            row["figure_id"]: (int(row["numerator"] or 0), int(row["denominator"] or 0))
            for row in csv.DictReader(text)
            if row["place_type"] == "national" and row["period"] == YEAR and row["scheme"] == "2023"
        }


def agreement(home: Path, bare: dict) -> dict:
    """How many of the bare script's national figures the release has alike, and which it has not."""
    released = national_of_release(home)
    differ = []
    for figure, (numerator, denominator) in bare["national"].items():
        built = released.get(figure)
        if built is None or built[0] != numerator or (built[1] and built[1] != denominator):
            differ.append(figure)
    return {"figures": len(bare["national"]), "agree": len(bare["national"]) - len(differ), "differ": differ}


def script(name: str, home: Path) -> tuple[Measured, dict]:
    """A script's costs, and what it found."""
    with tempfile.TemporaryFile("w+") as output:
        measured = measure(name, [sys.executable, SCRIPTS[name], str(home)], home, output)
        output.seek(0)
        said = output.read()
    return measured, json.loads(said) if not measured.exit_code else {"national": {}}


def benchmark(home: Path, scripts: list[str]) -> dict:
    """Scripts first, so that the pipeline's files are not in their way; landing files are cached for all."""
    found = {name: script(name, home) for name in scripts}
    quickest = min((measured for measured, _ in found.values()), key=lambda measured: measured.processor)
    readings = [str(file) for file in sorted((home / "readings").glob("*.csv"))]
    prepare = measure("prepare", [sys.executable, "-c", PREPARE], home)
    pipeline = [
        measure("run", [*COMMAND, "run", *QUARTERS], home),
        measure("read import", [*COMMAND, "read", "import", *readings], home),
        measure("publish", [*COMMAND, "publish", YEAR], home),
    ]
    work = sum(step.work for step in pipeline)
    return {
        "machine": f"{os.cpu_count()} cores, Python {platform.python_version()}, {platform.system()}",
        "scripts": {name: {**asdict(measured), **said} for name, (measured, said) in found.items()},
        "quickest": quickest.name,
        "prepare": asdict(prepare),
        "pipeline": [asdict(step) for step in pipeline],
        "pipeline_wall": round(sum(step.wall for step in pipeline), 1),
        "pipeline_work": round(work, 1),
        "pipeline_peak_mb": max(step.peak_mb for step in pipeline),
        "ratios": {
            "wall": round(sum(step.wall for step in pipeline) / quickest.wall, 2),
            "work": round(work / quickest.work, 2),
            "processor": round(sum(step.processor for step in pipeline) / quickest.processor, 2),
        },
        "agreement": {name: agreement(home, said) for name, (_, said) in found.items()},
    }


def show(result: dict) -> None:
    print(result["machine"])
    print(f"{'':14}{'wall s':>9}{'start-up':>10}{'work':>9}{'cpu s':>9}{'peak MB':>9}  exit")
    for step in [result["prepare"], *result["pipeline"], *result["scripts"].values()]:
        work = step["wall"] - step["start_up"]
        print(
            f"{step['name']:14}{step['wall']:9.1f}{step['start_up']:10.1f}{work:9.1f}"
            f"{step['processor']:9.1f}{step['peak_mb']:9}  {step['exit_code']}"
        )
    print(f"pipeline      {result['pipeline_wall']:9.1f}{'':10}{result['pipeline_work']:9.1f}")
    ratios = ", ".join(f"{value} by {name}" for name, value in result["ratios"].items())
    print(f"pipeline / {result['quickest']}: {ratios}")
    for name, said in result["scripts"].items():
        same = result["agreement"][name]
        print(f"{name}: counts {said.get('counts')}; steps {said.get('steps', '')}")
        print(
            f"{name}: national figures alike: {same['agree']} of {same['figures']} {' '.join(same['differ'])}"
        )


def main() -> None:
    words = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    words.add_argument("--scale", type=float, default=1)
    words.add_argument("--home-with-landing", type=Path, help="use this home's landing/ and readings/")
    words.add_argument("--in", dest="folder", type=Path, help="make the temporary home in this folder")
    words.add_argument("--no-pandas", action="store_true", help="leave the pandas script out, as at scale 50")
    words.add_argument("--json", action="store_true")
    given = words.parse_args()
    with home_of(given) as home:
        result = benchmark(home, ["bare"] if given.no_pandas else list(SCRIPTS))
    if given.json:
        print(json.dumps(result, indent=2))
    else:
        show(result)
    # the run may end with 1: a synthetic year holds a return that has to be refused
    measured = [result["prepare"], *result["pipeline"][1:], *result["scripts"].values()]
    failed = [step["name"] for step in measured if step["exit_code"]]
    if failed:
        sys.exit(f"failed: {', '.join(failed)}")
    if any(same["differ"] for same in result["agreement"].values()):
        sys.exit("the national figures differ")


if __name__ == "__main__":
    main()
