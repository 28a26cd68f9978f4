"""Return checks: is this what this force said it would send, for this quarter? Asked of what was read.

Each answers with sentences for the force, none when all is well. They name files, columns and record numbers,
never what a record holds.
"""

from __future__ import annotations

import csv
import re
from collections import Counter
from collections.abc import Iterable
from datetime import date
from functools import cache
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc

from orchestration import quarters
from orchestration.home import SEEDS
from orchestration.returns.archive import Kept
from orchestration.returns.mapping import filled_rows
from orchestration.returns.reading import MANIFEST, NIL, Grid

Records = dict[str, pa.Table]

# Above a half the file is another quarter's or force's; below it single records are, which staging holds out.
MOST = 0.5


def holds_crimes(records: Records, force: str) -> list[str]:
    """A return without a crime has to say so: an empty export must not pass for nothing to report."""
    if records["crimes"].num_rows:
        return []
    return [
        f"The return has no crimes of {force}; send it again, or a file {NIL} alone for nothing to report."
    ]


def of_the_forces(records: Records, prefixes: dict[str, str]) -> list[str]:
    """In a joint delivery every record has to say, by the prefix of its reference, whose it is."""
    starts = tuple(prefixes.values())
    reasons = []
    for kind, table in records.items():
        known = pc.match_substring_regex(table["crime_reference"], f"^({'|'.join(map(re.escape, starts))})")
        others = table.filter(pc.invert(pc.fill_null(known, False)))
        if others.num_rows:
            first = others.slice(0, 1).to_pylist()[0]
            reasons.append(
                f"{first['file']}: {others.num_rows} {kind} (the first is record {first['record_number']}) "
                f"have a crime reference beginning with none of {', '.join(starts)}; correct or remove them."
            )
    return reasons


def of_the_quarter(records: Records, quarter: str) -> list[str]:
    """Most crimes with a readable date have to be recorded in the quarter."""
    found: Counter[str] = Counter()
    for pair in records["crimes"]["recorded_on"].drop_null().value_counts().to_pylist():
        try:
            found[quarters.of(date.fromisoformat(pair["values"]))] += pair["counts"]
        except ValueError:
            continue
    readable = found.total()
    outside = readable - found[quarter]
    if outside <= MOST * readable:
        return []
    column = "recorded_on"
    other, count = found.most_common(1)[0]
    likely = (
        f"this looks like the {other} return" if count > MOST * readable else "the dates are of many quarters"
    )
    return [
        f"{outside} of {readable} crimes with a readable {column} were recorded outside {quarter}: {likely}; "
        f"send the {quarter} return, or put this one in the folder of its quarter."
    ]


def of_the_force(records: Records, force: str) -> list[str]:
    """Where a force's references begin with its own two digits and a slash, most of these have to."""
    codes = _force_codes()
    if force not in codes:
        return []
    references = records["crimes"]["crime_reference"].drop_null()
    starts = Counter(
        {
            pair["values"]: pair["counts"]
            for pair in pc.utf8_slice_codeunits(references, 0, 3).value_counts().to_pylist()
        }
    )
    others = len(references) - starts[codes[force]]
    if others <= MOST * len(references):
        return []
    owner = next((name for name, code in codes.items() if starts[code] > MOST * len(references)), None)
    likely = f"they look like those of {owner}" if owner else "they may be another force's"
    return [
        f"{others} of {len(references)} crime references do not begin with {codes[force]}, as those of "
        f"{force} do: {likely}; send the return of {force}."
    ]


def as_listed(manifest: Path | None, files: dict[str, Kept], grids: Iterable[Grid]) -> list[str]:
    """What came is what the sender's manifest lists: files, their SHA-256, their number of records."""
    if manifest is None:
        return []
    try:
        with manifest.open(encoding="utf-8-sig", newline="") as file:
            rows = [
                {(name or "").strip(): (value or "").strip() for name, value in row.items() if name}
                for row in csv.DictReader(file)
            ]
    except (UnicodeDecodeError, csv.Error):
        rows = []
    if not rows or "file" not in rows[0]:
        return [f"{MANIFEST}: cannot be read; it has to be UTF-8 CSV with the columns file, sha256, records."]
    listed = {row["file"]: row for row in rows}
    reasons = [
        f"{name}: is not listed in {MANIFEST}; list it or leave it out."
        for name in files
        if name not in listed
    ]
    counted: Counter[str] = Counter()
    for grid in grids:
        counted[grid.file] += filled_rows(grid)
    for name, row in listed.items():
        if name not in files:
            reasons.append(f"{name}: is listed in {MANIFEST} but has not come; send it.")
        elif row.get("sha256") and row["sha256"].lower() != files[name].sha256:
            reasons.append(
                f"{name}: its SHA-256 is not the one in {MANIFEST}; it changed on the way, send it again."
            )
        elif row.get("records") and name in counted and row["records"] != str(counted[name]):
            reasons.append(
                f"{name}: has {counted[name]} records, which is not the number in {MANIFEST}; "
                "records were lost or added, send the file again."
            )
    return reasons


@cache
def _force_codes() -> dict[str, str]:
    """force -> `46/`, for the forces whose references always begin so."""
    with (SEEDS / "forces.csv").open(encoding="utf-8", newline="") as file:
        return {
            row["force"]: f"{row['pnc_code']}/"
            for row in csv.DictReader(file)
            if re.match(rf"{row['pnc_code']}/", row["reference_pattern"])
        }
