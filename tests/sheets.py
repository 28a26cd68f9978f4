"""What stands in the sheets of a workbook that we wrote: under which heading, and what LibreOffice makes of it."""

import csv
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

from python_calamine import CalamineWorkbook

OFFICE = shutil.which("soffice") or shutil.which("libreoffice")
# CSV of every sheet (-1): commas, quotation marks, UTF-8, cells as they are shown
EVERY_SHEET = "csv:Text - txt - csv (StarCalc):44,34,76,1,,0,false,true,false,false,false,-1"


def tables(
    path: Path, heading_row: Callable[[str], int | None] = lambda _: 0
) -> dict[str, list[dict[str, object]]]:
    """The rows of each sheet by heading; `heading_row` has none for a sheet that is no table.

    Fails where a heading is blank or stands twice, or a row has a cell beyond the headings.
    """
    book = CalamineWorkbook.from_path(str(path))
    found = {}
    for name in book.sheet_names:
        at = heading_row(name)
        if at is None:
            continue
        headings, *rows = book.get_sheet_by_name(name).to_python(skip_empty_area=False)[at:]
        where = f"{path.name}, sheet {name}: {headings}"
        assert headings and all(isinstance(heading, str) and heading.strip() for heading in headings), where
        assert len(set(headings)) == len(headings), where
        found[name] = [dict(zip(headings, row, strict=True)) for row in rows]
    return found


def opened_by_libreoffice(path: Path, into: Path) -> dict[str, list[list[str]]]:
    """Each sheet's rows as LibreOffice shows them."""
    assert OFFICE, (
        "no LibreOffice on this machine: install Debian's package libreoffice-calc, then run the proof again"
    )
    into.mkdir(parents=True, exist_ok=True)
    words = [OFFICE, "--headless", f"-env:UserInstallation={(into / 'profile').as_uri()}"]
    words += ["--convert-to", EVERY_SHEET, "--outdir", str(into), str(path)]
    said = subprocess.run(words, capture_output=True, text=True, timeout=180, check=True)
    assert "Error" not in said.stderr, said.stderr
    found = {}
    for name in CalamineWorkbook.from_path(str(path)).sheet_names:
        with (into / f"{path.stem}-{name}.csv").open(encoding="utf-8", newline="") as file:
            found[name] = list(csv.reader(file))
    return found


def as_libreoffice_shows(
    path: Path, into: Path, heading_row: Callable[[str], int | None] = lambda _: 0
) -> None:
    """Fails where LibreOffice does not open a sheet of a workbook, or shows it wider or narrower than its headings."""
    shown = opened_by_libreoffice(path, into)
    for name, rows in tables(path, heading_row).items():
        headings, *below = shown[name][heading_row(name) :]
        assert all(headings) and len(set(headings)) == len(headings), (path.name, name, headings)
        assert len(below) == len(rows), (path.name, name)
        assert {len(row) for row in below} <= {len(headings)}, (path.name, name)
