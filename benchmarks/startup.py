"""How long a command takes before it does anything: `cpai --help` and `cpai status` beside `import duckdb`.

    python benchmarks/startup.py [--times 5]

Imports are most of a small run, so nothing heavy may be imported by a command that does not need it: both
should stay under 1 s where importing duckdb takes 0.2 s. Prints the median of each and exits 1 when beyond.
"""

import argparse
import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

PROJECT = Path(__file__).resolve().parents[1]
COMMANDS = {
    "python -c pass": ["-c", "pass"],
    "python -c 'import duckdb'": ["-c", "import duckdb"],
    "cpai --help": ["-m", "orchestration", "--help"],
    "cpai status": ["-m", "orchestration", "status"],
}
LIMIT = 1.0  # seconds, where `import duckdb` takes DUCKDB
DUCKDB = 0.2


def seconds(words: list[str], home: str, times: int) -> float:
    """Median wall seconds after one run that is not counted (bytecode, page cache)."""
    environment = {**os.environ, "CPAI_HOME": home, "PYTHONDONTWRITEBYTECODE": ""}
    taken = []
    for _ in range(times + 1):
        started = time.perf_counter()
        subprocess.run(
            [sys.executable, *words], cwd=PROJECT, env=environment, check=True, stdout=subprocess.DEVNULL
        )
        taken.append(time.perf_counter() - started)
    return statistics.median(taken[1:])


def main() -> None:
    words = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    words.add_argument("--times", type=int, default=5)
    given = words.parse_args()
    with tempfile.TemporaryDirectory() as home:
        measured = {name: seconds(words, home, given.times) for name, words in COMMANDS.items()}
    for name, taken in measured.items():
        print(f"{name:28}{taken:6.2f} s")
    # a slower machine is given proportionally more
    allowed = LIMIT * max(1.0, measured["python -c 'import duckdb'"] / DUCKDB)
    slow = [name for name, taken in measured.items() if name.startswith("cpai") and taken > allowed]
    print(f"allowed {allowed:.2f} s: {'beyond it: ' + ', '.join(slow) if slow else 'kept'}")
    sys.exit(1 if slow else 0)


if __name__ == "__main__":
    main()
