"""Files to text: every cell as it came, by the layout, with nothing sniffed, inferred or evaluated."""

import fnmatch
import re
import tempfile
from collections.abc import Iterable
from pathlib import Path

import pyarrow.compute as pc

from orchestration.returns import opening, repairs
from orchestration.returns.csv_tables import read_csv
from orchestration.returns.grids import Grid
from orchestration.returns.layouts.parts import Layout, Part
from orchestration.returns.look_alikes import plain
from orchestration.returns.reasons import Reason, Unreadable
from orchestration.returns.sheet_tables import read_workbook

MANIFEST = "manifest.csv"
EXPLANATIONS = "explanations.csv"


def read(files: dict[str, Path], layout: Layout, room: opening.Room | None = None) -> list[Grid]:
    """Read a delivery's record files (name -> bytes on disk) into one grid for each part of the layout.

    A ZIP stands for the files in it, named `return.zip/crimes.csv`. `room`: what is left of what a delivery may come to,
    where these are not all of its files. Raises Unreadable with a reason for each problem found, over all files.
    """
    room = room or opening.Room()
    if any(name.lower().endswith(".zip") for name in files):
        with tempfile.TemporaryDirectory() as folder:
            return _read(_unpacked(files, Path(folder)), layout, room)
    return _read(files, layout, room)


def _unpacked(files: dict[str, Path], folder: Path) -> dict[str, Path]:
    found = {name: path for name, path in files.items() if not name.lower().endswith(".zip")}
    reasons: list[Reason] = []
    for number, name in enumerate(files.keys() - found.keys()):
        try:
            found |= opening.unpack(name, files[name], folder / str(number))
        except Unreadable as problem:
            reasons.extend(problem.reasons)
    if reasons:
        raise Unreadable(*reasons)
    return found


def _read(files: dict[str, Path], layout: Layout, room: opening.Room) -> list[Grid]:
    reasons: list[Reason] = []
    grids: list[Grid] = []
    for name, parts in _assign(files, layout, reasons).items():
        try:
            room.take_file(name, files[name])
            if parts[0].format == "csv":
                grids.append(read_csv(files[name], name, parts[0], layout))
            else:
                grids.extend(read_workbook(files[name], name, parts, layout, reasons, room))
        except Unreadable as problem:
            reasons.extend(problem.reasons)
    if reasons := reasons or _in_two_files(grids):
        raise Unreadable(*reasons)
    return grids


def _in_two_files(grids: list[Grid]) -> list[Reason]:
    """Files of one table are parts of a return (a file a month) where no crime is in two of them; else they may be a
    copy, or an older version, and nothing shows which."""
    reasons = []
    for part in dict.fromkeys(grid.part.part for grid in grids):
        of_it = [grid for grid in grids if grid.part.part == part]
        names = list(dict.fromkeys(grid.file for grid in of_it))
        files: dict[str, set[str]] = {name: set() for name in names}
        for grid in of_it if len(names) > 1 else ():
            files[grid.file] |= _crimes_of(grid)
        for number, name in enumerate(names):
            if others := [other for other in names[:number] if files[name] & files[other]]:
                both = len(files[name] & set().union(*(files[other] for other in others)))
                sentence = (
                    f"{' and '.join((*others, name))}: {len(others) + 1} files for one table have come, and {both} "
                    "crime references are in more than one of them; if one is a copy or an older version, send the "
                    "later one without it; if they are parts of one return, put each crime into one part only, with "
                    "all its victims and suspects."
                )
                reasons.append(Reason("ST03", sentence))
    return reasons


def _crimes_of(grid: Grid) -> set[str]:
    headings = {
        row.heading
        for feed in grid.part.feeds
        for row in feed.columns["crime_reference"]
        if row.heading in grid.columns
    }
    # a column's dictionary has the texts of example rows too
    texts = (text for heading in headings for text in pc.unique(grid.columns[heading]).to_pylist())
    references = {plain(text or "") for text in texts} - {"", *grid.part.blank_values}
    return {text for text in references if not re.fullmatch(repairs.TOTAL, text)}


def _assign(files: Iterable[str], layout: Layout, reasons: list[Reason]) -> dict[str, list[Part]]:
    """file name -> the parts of the layout it holds."""
    holds: dict[str, list[Part]] = {}
    found: dict[str, list[str]] = {part.part: [] for part in layout.parts}
    for name in files:
        base = name.rpartition("/")[2].lower()
        parts = [part for part in layout.parts if fnmatch.fnmatchcase(base, part.file_pattern.lower())]
        if not parts:
            expected = " and ".join(dict.fromkeys(part.file_pattern for part in layout.parts))
            reasons.append(
                Reason(
                    "ST01",
                    f"{name}: no file of this name is expected; layout {layout.layout} has {expected}.",
                )
            )
        elif parts[0].format == "csv" and len(parts) > 1:
            several = " and ".join(part.part for part in parts)
            reasons.append(
                Reason("ST04", f"{name}: the name could mean {several}; give it a name that fits only one.")
            )
        else:
            holds[name] = parts
            for part in parts:
                found[part.part].append(name)
    for part in layout.parts:
        names = found[part.part]
        if not names:
            reasons.append(
                Reason(
                    "ST02",
                    f"No file for the {part.part} of layout {layout.layout} has come; "
                    f"send one whose name fits {part.file_pattern}.",
                )
            )
    several = {part: names for part, names in found.items() if len(names) > 1}
    if len(set(map(len, several.values()))) > 1:
        # three months of crimes and two of victims: the victims of the third would be missing from a whole return
        came = "; ".join(
            f"{len(names)} files for the {part} ({', '.join(names)})" for part, names in several.items()
        )
        reasons.append(
            Reason(
                "ST03",
                f"{came}: files of one table are joined, but not where another table has fewer; send what is missing, "
                "with its heading row alone if it has no records.",
            )
        )
    return holds
