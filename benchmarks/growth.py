"""Seconds and memory by the number of quarters a home has: nothing new to run or publish, one record sent again, a new quarter.

    python benchmarks/growth.py --years 2014-2024 --scale 0.02 [--at 1,4,12,20,40] [--json] [--plot FILE.svg]

A home grows as its returns came, by up to a year in each run: up to each number of quarters asked for. There it is measured
what a command takes that does nothing, what `cpai run` and `cpai publish` take when nothing has come, what `cpai run` takes when
Kent sends its newest return again with another summary, and when the next quarter comes. That comes three times more, to copies
of the home of the second number of quarters and of the last, in turns: of these the median is told. Seconds are wall time and
processor time of the whole process, memory is its largest; of what takes a second the median of three. Ends with the ratios of
the last number of quarters to the second.
"""

import argparse
import csv
import json
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections import defaultdict
from pathlib import Path

FORCE = "kent"
COLOURS = ("#555555", "#1d70b8", "#00703c", "#d4351c", "#4c2c92")
WHAT = ("start-up", "run, nothing new", "publish, nothing new", "one record resubmitted", "a new quarter")


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
        "wall": round(time.perf_counter() - started, 2),
        "processor": round(used.ru_utime + used.ru_stime, 2),
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


def three(home: Path, *words: str) -> dict[str, float]:
    return median([cpai(home, *words) for _ in range(3)])


def median(taken: list[dict[str, float]]) -> dict[str, float]:
    return {name: round(statistics.median(one[name] for one in taken), 2) for name in taken[0]}


def grow(made: Path, home: Path, steps: dict[str, list[str]], arrived: list[str]) -> dict[str, float]:
    """These quarters arrive and are run, a year at a time; what was read of them is imported. What the runs took, of memory
    the most of one."""
    took = {"wall": 0.0, "processor": 0.0, "mb": 0.0}
    for first in range(0, len(arrived), 4):
        paths = [path for quarter in arrived[first : first + 4] for path in steps[quarter]]
        folders = [path for path in paths if path.startswith("landing/")]
        for folder in folders:
            shutil.copytree(made / folder, home / folder, dirs_exist_ok=True)
        # late ones are of quarters that arrived before
        landed = {Path(folder).parts[1] for folder in folders} - {"recorded_crime"}
        one = cpai(home, "run", *sorted(landed))
        took = {name: (max if name == "mb" else sum)((took[name], one[name])) for name in took}
        readings = [str(made / path) for path in paths if path.startswith("readings/")]
        if readings:
            cpai(home, "read", "import", *readings)
    return took


def measure(made: Path, home: Path, at: list[int]) -> list[dict]:
    """One row for each number of quarters and thing measured."""
    steps: dict[str, list[str]] = defaultdict(list)
    with (made / "deliveries.csv").open(newline="") as file:
        for row in csv.DictReader(file):
            steps[row["delivered_with"]].append(row["path"])
    rows: list[dict] = []

    def add(number: int, what: str, took: dict[str, float]) -> None:
        rows.append({"quarters": number, "what": what, **took})
        print(rows[-1], file=sys.stderr, flush=True)

    quarters = [step for step in steps if step != "refresh"]
    there = 0
    for number in at:
        add(number, "growing", grow(made, home, steps, quarters[there:number]))
        there = number + 1
        newest = quarters[number - 1]
        # what was read is built and published first, so that nothing is new
        cpai(home, "run", newest)
        cpai(home, "publish", newest)
        add(number, "start-up", three(home, "--version"))
        add(number, "run, nothing new", three(home, "run", newest))
        add(number, "publish, nothing new", three(home, "publish", newest))
        if number in compared(at):
            shutil.copytree(home, kept_at(home, number), symlinks=True)
        one_record_more(home, newest)
        add(number, "one record resubmitted", cpai(home, "run", newest))
        add(number, "a new quarter", grow(made, home, steps, [quarters[number]]))
    # in turns: the machine's speed changes by the hour
    taken = defaultdict(list)
    for _ in range(3):
        for number in compared(at):
            again = shutil.copytree(kept_at(home, number), home.with_name("again"), symlinks=True)
            taken[number].append(grow(made, again, steps, [quarters[number]]))
            shutil.rmtree(again)
    for number, found in taken.items():
        rows = [row for row in rows if (row["quarters"], row["what"]) != (number, "a new quarter")]
        add(number, "a new quarter", median(found))
    return rows


def compared(at: list[int]) -> list[int]:
    """The second number of quarters and the last."""
    return sorted({at[min(1, len(at) - 1)], at[-1]})


def kept_at(home: Path, number: int) -> Path:
    return home.with_name(f"home_of_{number}")


def ratios(rows: list[dict], at: list[int]) -> list[str]:
    """The last number of quarters over the second."""
    few, many = compared(at)[0], compared(at)[-1]
    found = {(row["quarters"], row["what"]): row for row in rows}
    lines = []
    for what in WHAT:
        parts = [
            f"{name} {found[many, what][key] / max(found[few, what][key], 0.01):.2f}"
            for name, key in (("wall", "wall"), ("processor", "processor"), ("memory", "mb"))
        ]
        lines.append(f"{what}, {many} quarters over {few}: {', '.join(parts)}")
    most = max(rows, key=lambda row: row["mb"])
    return [*lines, f"the most memory: {most['mb']:,} MB, {most['what']} at {most['quarters']} quarters"]


def table(rows: list[dict]) -> str:
    lines = [
        "| quarters | " + " | ".join(f"{what}: wall s, processor s, MB" for what in WHAT) + " |",
        "|---" * (1 + len(WHAT)) + "|",
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
    """Processor seconds and memory over quarters, an SVG: a panel for each, a line for each thing measured."""
    wide, high, left, top = 300, 200, 60, 40
    last = max(row["quarters"] for row in rows)
    parts = []
    for panel, (key, title) in enumerate((("processor", "processor seconds"), ("mb", "memory, MB"))):
        most = max(row[key] for row in rows if row["what"] in WHAT)
        x0 = left + panel * (wide + 2 * left)
        parts.append(f'<path d="M{x0} {top}v{high}h{wide}" fill="none" stroke="#555"/>')
        parts.append(f'<text x="{x0}" y="{top - 14}" font-weight="bold">{title}</text>')
        for share in (0, 0.5, 1):
            y = top + high * (1 - share)
            parts.append(f'<text x="{x0 - 6}" y="{y + 4}" text-anchor="end">{share * most:,.0f}</text>')
        for number in sorted({row["quarters"] for row in rows}):
            x = x0 + wide * number / last
            parts.append(f'<text x="{x:.0f}" y="{top + high + 16}" text-anchor="middle">{number}</text>')
        for what, colour in zip(WHAT, COLOURS, strict=True):
            at = [
                (x0 + wide * row["quarters"] / last, top + high * (1 - row[key] / most))
                for row in sorted(rows, key=lambda row: row["quarters"])
                if row["what"] == what
            ]
            points = " ".join(f"{x:.1f},{y:.1f}" for x, y in at)
            parts.append(f'<polyline points="{points}" fill="none" stroke="{colour}" stroke-width="2"/>')
            parts += [f'<circle cx="{x:.1f}" cy="{y:.1f}" r="3" fill="{colour}"/>' for x, y in at]
    for number, (what, colour) in enumerate(zip(WHAT, COLOURS, strict=True)):
        x = left + number * 160
        parts.append(f'<circle cx="{x}" cy="{top + high + 42}" r="4" fill="{colour}"/>')
        parts.append(f'<text x="{x + 8}" y="{top + high + 46}">{what}</text>')
    size = f'viewBox="0 0 {2 * (wide + 2 * left)} {top + high + 60}"'
    style = 'font-family="Liberation Sans, Arial, sans-serif" font-size="12"'
    body = "\n".join(parts)
    file.write_text(f'<svg xmlns="http://www.w3.org/2000/svg" {size} {style}>\n{body}\n</svg>\n')


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
    at = sorted(int(number) for number in given.at.split(","))
    with tempfile.TemporaryDirectory(dir=given.folder) as temporary:
        made, home = Path(temporary) / "made", Path(temporary) / "home"
        (home / "landing").mkdir(parents=True)
        cpai(home, "sample", "--years", given.years, "--scale", str(given.scale), "--into", str(made))
        rows = measure(made, home, at)
    if given.plot:
        plot(rows, given.plot)
    print(json.dumps(rows) if given.json else "\n".join([table(rows), "", *ratios(rows, at)]))


if __name__ == "__main__":
    main()
