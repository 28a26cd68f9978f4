"""Seconds and memory of a run by the number of quarters a home has: nothing new, one record sent again, a new quarter.

    python benchmarks/growth.py --years 2014-2023 --scale 0.02 [--at 1,4,12,20,40] [--json] [--plot FILE.svg]

A home grows quarter by quarter, as its returns came. At each number of quarters asked for it is measured what `cpai run`
takes when nothing has come, when Kent sends its newest return again with another summary, and when the next quarter comes.
Seconds are wall time and processor time of the whole process, memory is its largest.
"""

import argparse
import csv
import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections import defaultdict
from pathlib import Path

FORCE = "kent"
WHAT = ("nothing new", "one record resubmitted", "a new quarter")


def cpai(home: Path, *words: str) -> dict[str, float]:
    """Runs a command on the home and gives what it took; ends where the command does not do its work."""
    started = time.perf_counter()
    child = subprocess.Popen(
        [sys.executable, "-m", "orchestration", "--home", str(home), *words],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert child.stderr
    said = child.stderr.read()
    _, status, used = os.wait4(child.pid, 0)
    # 1: a delivery was refused, which is planned
    if os.waitstatus_to_exitcode(status) not in (0, 1):
        sys.exit(f"cpai {' '.join(words)}: {said[-500:]}")
    return {
        "wall": round(time.perf_counter() - started, 1),
        "processor": round(used.ru_utime + used.ru_stime, 1),
        "mb": round(used.ru_maxrss / 1024),
    }


def one_record_more(home: Path, quarter: str) -> None:
    """Kent's newest return again, with another note in the summary of its first crime."""
    folder = home / "landing" / quarter / FORCE
    newest = max(
        (path for path in folder.iterdir() if path.is_dir()), default=folder, key=lambda path: int(path.name)
    )
    (file,) = newest.glob("*.csv")
    text = file.read_text(encoding="utf-8-sig")
    changed = text.replace("Coded note", "Coded second note", 1)
    if changed == text:
        sys.exit(f"{file}: no crime has a summary")
    number = 2 if newest == folder else int(newest.name) + 1
    again = folder / str(number)
    again.mkdir()
    (again / file.name).write_text(changed, encoding="utf-8-sig")


def measure(made: Path, home: Path, at: set[int]) -> list[dict]:
    """One row for each number of quarters and thing measured."""
    steps: dict[str, list[str]] = defaultdict(list)
    with (made / "deliveries.csv").open(newline="") as file:
        for row in csv.DictReader(file):
            steps[row["delivered_with"]].append(row["path"])
    rows = []
    quarters = [step for step in steps if step != "refresh"]
    for number, quarter in enumerate(quarters, start=1):
        folders = [path for path in steps[quarter] if path.startswith("landing/")]
        for folder in folders:
            shutil.copytree(made / folder, home / folder, dirs_exist_ok=True)
        landed = {Path(folder).parts[1] for folder in folders} - {"recorded_crime"}
        took = cpai(home, "run", *sorted(landed))
        if number - 1 in at:
            rows.append({"quarters": number - 1, "what": "a new quarter", **took})
        cpai(
            home,
            "read",
            "import",
            *(str(made / path) for path in steps[quarter] if path.startswith("readings/")),
        )
        if number in at:
            # what was read is built first, so that nothing is new
            cpai(home, "run", quarter)
            rows.append({"quarters": number, "what": "nothing new", **cpai(home, "run", quarter)})
            one_record_more(home, quarter)
            rows.append({"quarters": number, "what": "one record resubmitted", **cpai(home, "run", quarter)})
        if number > max(at):
            break
    return rows


def table(rows: list[dict]) -> str:
    lines = [
        "| quarters | " + " | ".join(f"{what}: wall s, processor s, MB" for what in WHAT) + " |",
        "|---|---|---|---|",
    ]
    for number in sorted({row["quarters"] for row in rows}):
        found = {row["what"]: row for row in rows if row["quarters"] == number}
        cells = [
            f"{found[what]['wall']}, {found[what]['processor']}, {found[what]['mb']:,}"
            if what in found
            else ""
            for what in WHAT
        ]
        lines.append(f"| {number} | {' | '.join(cells)} |")
    return "\n".join(lines)


def plot(rows: list[dict], file: Path) -> None:
    import altair as alt

    long = [
        {"quarters": row["quarters"], "what": row["what"], "measure": measure, "value": row[key]}
        for row in rows
        for measure, key in (("processor seconds", "processor"), ("memory, MB", "mb"))
    ]
    chart = (
        alt.Chart(alt.Data(values=long))
        .mark_line(point=True)
        .encode(x=alt.X("quarters:Q"), y=alt.Y("value:Q", title=None), color=alt.Color("what:N", title=None))
        .properties(width=320, height=220)
        .facet(column=alt.Column("measure:N", title=None))
        .resolve_scale(y="independent")
    )
    chart.save(str(file))


def main() -> None:
    words = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    words.add_argument("--years", default="2014-2024")
    words.add_argument("--scale", type=float, default=0.02)
    words.add_argument("--at", default="1,4,12,20,40", help="numbers of quarters at which is measured")
    words.add_argument(
        "--in", dest="folder", type=Path, help="where the home is made, and left; else a temporary one"
    )
    words.add_argument("--plot", type=Path, help="an SVG")
    words.add_argument("--json", action="store_true")
    given = words.parse_args()
    at = {int(number) for number in given.at.split(",")}
    with tempfile.TemporaryDirectory(dir=given.folder) as temporary:
        made, home = Path(temporary) / "made", Path(temporary) / "home"
        (home / "landing").mkdir(parents=True)
        cpai(home, "sample", "--years", given.years, "--scale", str(given.scale), "--into", str(made))
        rows = measure(made, home, at)
    if given.plot:
        plot(rows, given.plot)
    print(json.dumps(rows) if given.json else table(rows))


if __name__ == "__main__":
    main()
