"""What reading a quarter's returns to text costs over the bare libraries reading the same files.

    python benchmarks/reading.py                          # a synthetic 2023-Q1 at scale 1
    python benchmarks/reading.py --scale 50 --in DIR      # 50 times the real volume; DIR needs 3 GB
    python benchmarks/reading.py --landing HOME/landing/2023-Q1

Each side is a process of its own and reads every return once: ours by `orchestration.returns.parsing`, with
layouts, caps and the independent count; bare by pyarrow (CSV as text, the encoding given) and calamine (one sheet
after the other), without a heading looked at. Start-up is not counted; peak memory is the whole process's.
"""

from __future__ import annotations

import argparse
import json
import resource
import subprocess
import sys
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

WORKBOOKS = (".xlsx", ".xlsm", ".xls", ".ods")
BESIDE = ("manifest.csv", "explanations.csv", "nil", "missing")


def deliveries(landing: Path) -> list[tuple[str, dict[str, Path]]]:
    """Each return's latest delivery: the force's folder, or the last of its sub-folders."""
    found = []
    for folder in sorted(path for path in landing.iterdir() if path.is_dir()):
        subfolders = sorted(path for path in folder.iterdir() if path.is_dir())
        files = (subfolders[-1] if subfolders else folder).iterdir()
        found.append((folder.name, {f.name: f for f in sorted(files) if f.name.lower() not in BESIDE}))
    return found


def read_ours(files: dict[str, Path], name: str, quarter: str) -> int:
    from orchestration.returns import layouts, reading

    return sum(grid.rows for grid in reading.read(files, layouts.layout_for(name, quarter)))


def read_with_records(files: dict[str, Path], name: str, quarter: str) -> int:
    from orchestration.returns import layouts, mapping, reading

    grids = reading.read(files, layouts.layout_for(name, quarter))
    mapping.records(grids)
    return sum(grid.rows for grid in grids)


def read_bare(files: dict[str, Path], name: str, quarter: str) -> int:
    import pyarrow as pa
    import pyarrow.csv
    from python_calamine import CalamineWorkbook

    from orchestration.returns import layouts

    parts = layouts.layout_for(name, quarter).parts
    rows = 0
    for path in files.values():
        if path.suffix.lower() in WORKBOOKS:
            book = CalamineWorkbook.from_path(path)
            for part in parts:
                sheet = part.sheet
                sheet = book.sheet_names[int(sheet) - 1] if sheet.isdigit() else sheet
                rows += (
                    len(book.get_sheet_by_name(sheet).to_python()) - 1 - part.banner_rows - part.example_rows
                )
            continue
        part = next(part for part in parts if path.match(part.file_pattern))
        with path.open(encoding=part.encoding) as file:
            for _ in range(part.banner_rows):
                file.readline()
            headings = file.readline().rstrip("\r\n").replace('"', "").split(part.delimiter)
        table = pyarrow.csv.read_csv(
            path,
            pyarrow.csv.ReadOptions(
                encoding="utf8" if part.encoding.startswith("utf-8") else part.encoding,
                skip_rows=part.banner_rows,
            ),
            pyarrow.csv.ParseOptions(delimiter=part.delimiter, newlines_in_values=True),
            pyarrow.csv.ConvertOptions(column_types=dict.fromkeys(headings, pa.string())),
        )
        rows += table.num_rows - part.example_rows
    return rows


# as intake reads: so many deliveries at once
AHEAD = "reading ahead"
SIDES = {
    "bare": read_bare,
    "reading": read_ours,
    AHEAD: read_ours,
    "reading and records": read_with_records,
}


def measure(side: str, landing: Path) -> dict:
    """Run in a process of its own: seconds, CPU seconds, rows, and the peak after a quarter, half, all returns."""
    import pyarrow.compute
    import pyarrow.csv  # noqa: F401 start-up, not reading
    import python_calamine  # noqa: F401

    from orchestration.returns import mapping, reading  # noqa: F401
    from orchestration.returns.read_ahead import COUNT
    from orchestration.returns.workbooks.process import close_idle

    returns = deliveries(landing)
    rows, peaks = 0, []
    started, cpu = time.perf_counter(), time.process_time()
    with ThreadPoolExecutor(COUNT if side == AHEAD else 1) as readers:
        read = readers.map(lambda sent: SIDES[side](sent[1], sent[0], landing.name), returns)
        for number, read_rows in enumerate(read, 1):
            rows += read_rows
            if number in (len(returns) // 4, len(returns) // 2, len(returns)):
                peaks.append(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024)
    wall = time.perf_counter() - started
    close_idle()
    of_workbooks = resource.getrusage(resource.RUSAGE_CHILDREN)
    return {
        "side": side,
        "returns": len(returns),
        "rows": rows,
        "wall_s": round(wall, 2),
        "cpu_s": round(time.process_time() - cpu + of_workbooks.ru_utime + of_workbooks.ru_stime, 2),
        "of_which_workbooks": round(of_workbooks.ru_utime + of_workbooks.ru_stime, 2),
        "peak_mb_at_quarter_half_all": peaks,
    }


def compare(landing: Path, runs: int) -> dict:
    """Every side `runs` times in turn, the best of each: the machine's noise only adds."""
    found: dict[str, list[dict]] = {side: [] for side in SIDES}
    for _ in range(runs):
        for side in SIDES:
            words = [sys.executable, __file__, "--landing", str(landing), "--side", side]
            found[side].append(json.loads(subprocess.run(words, check=True, capture_output=True).stdout))
    best = {side: min(results, key=lambda result: result["cpu_s"]) for side, results in found.items()}
    if len({result["rows"] for result in best.values()}) > 1:
        raise SystemExit(f"the sides read different numbers of rows: {best}")
    ratios = {
        side: {kind: round(best[side][kind] / best["bare"][kind], 2) for kind in ("wall_s", "cpu_s")}
        for side in SIDES
        if side != "bare"
    }
    return {"sides": list(best.values()), "ratio_to_bare": ratios}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--landing", type=Path, help="a quarter's landing folder; else one is made up")
    parser.add_argument("--scale", type=float, default=1)
    parser.add_argument("--in", dest="folder", type=Path, help="where the synthetic year goes and stays")
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--side", choices=SIDES, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.side:
        print(json.dumps(measure(options.side, options.landing)))
        return
    with tempfile.TemporaryDirectory() as temporary:
        landing = options.landing
        if landing is None:
            from orchestration.synthetic import write_years

            folder = options.folder or Path(temporary)
            landing = folder / "landing" / "2023-Q1"
            if not landing.exists():
                write_years(folder, scale=options.scale)
        result = compare(landing, options.runs)
    if options.json:
        print(json.dumps(result))
        return
    for side in result["sides"]:
        peaks = ", ".join(map(str, side["peak_mb_at_quarter_half_all"]))
        print(
            f"{side['side']:20} {side['returns']} returns, {side['rows']:,} rows: {side['wall_s']:6.2f} s, "
            f"CPU {side['cpu_s']:6.2f} s, peak MB after a quarter, half, all: {peaks}"
        )
    for side, ratio in result["ratio_to_bare"].items():
        print(
            f"{side}: {ratio['wall_s']} times the bare libraries' wall time, {ratio['cpu_s']} their CPU time"
        )


if __name__ == "__main__":
    main()
