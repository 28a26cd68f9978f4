"""What comes after the first build of a year: nothing new, and one record sent again, over that first build.

    python benchmarks/again.py --scale 1 [--times 3] [--in DIR] [--json]

A synthetic year is received, read and published in a new home; then `cpai run` and `cpai publish` have nothing new, then Kent
sends its newest return again with another summary, and both have that. Wall and processor seconds of whole processes, beyond
start-up where nothing is new: that of `cpai --version`. Medians.
"""

import argparse
import json
import tempfile
from pathlib import Path

from growth import cpai, median, one_record_more

QUARTERS = [f"2023-Q{number}" for number in (1, 2, 3, 4)]
KEYS = ("wall", "processor")


def both(home: Path) -> dict[str, float]:
    """A run of the year and its publication."""
    taken = [cpai(home, "run", *QUARTERS), cpai(home, "publish", "2023")]
    return {name: sum(one[name] for one in taken) for name in KEYS}


def measure(home: Path, scale: float, times: int) -> dict[str, dict[str, float]]:
    cpai(home, "sample", "--scale", str(scale), "--into", str(home))
    received = cpai(home, "run", *QUARTERS)
    read = cpai(home, "read", "import", *map(str, sorted((home / "readings").glob("*.csv"))))
    published = cpai(home, "publish", "2023")
    first = {name: round(received[name] + read[name] + published[name], 2) for name in KEYS}
    cpai(home, "run", *QUARTERS)  # the readings came after the first
    cpai(home, "publish", "2023")
    start = median([cpai(home, "--version") for _ in range(times)])
    found = {"first build": first, "start-up": start}
    for what in ("run", "publish"):
        words = ["run", *QUARTERS] if what == "run" else ["publish", "2023"]
        taken = median([cpai(home, *words) for _ in range(times)])
        found[f"{what}, nothing new"] = {name: round(taken[name] - start[name], 2) for name in KEYS}
    again = []
    for _ in range(times):
        one_record_more(home, QUARTERS[-1])
        again.append(both(home))
    found["one record sent again"] = median(again)
    found["over the first build"] = {
        name: round(found["one record sent again"][name] / first[name], 2) for name in KEYS
    }
    return found


def main() -> None:
    words = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    words.add_argument("--scale", type=float, default=1)
    words.add_argument("--times", type=int, default=3)
    words.add_argument("--in", dest="folder", type=Path, help="where the temporary home is made")
    words.add_argument("--json", action="store_true")
    given = words.parse_args()
    with tempfile.TemporaryDirectory(dir=given.folder) as folder:
        found = measure(Path(folder), given.scale, given.times)
    if given.json:
        print(json.dumps(found))
        return
    for what, taken in found.items():
        print(f"{what:26}{taken['wall']:9.2f} wall{taken['processor']:9.2f} processor")


if __name__ == "__main__":
    main()
