"""A number as it is printed, and the figure that it is: a page of a report, its workbooks and CSV files, `printed.csv`, the
figures of a release and of its public tier, and a row of a feed."""

import csv
import re
from dataclasses import dataclass
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

from orchestration.home import Home
from orchestration.releases.figures import NATION
from orchestration.stopping import NotThere, read_json

CELL = re.compile(r"t(\d+)r(\d+)c(\d+)")  # of a page: table, row of numbers, column of numbers
IN_SHEET = re.compile(r"([A-Z]{1,3})([1-9]\d{0,6})")
RELEASE = re.compile(r"\d{4}(?:-Q[1-4])?\.r\d+")
SAY = {
    ".html": "a cell (report.html#t3r5c2)",
    ".xlsx": "a sheet and a cell (book.xlsx#Table 3!C5)",
    ".ods": "a sheet and a cell (book.ods#Table 3!C5)",
    ".csv": "a row as a spreadsheet numbers them (printed.csv#17), or a cell of a table (table-3.csv#C5)",
    ".json": "a number of a feed (manifest.json#tables.crimes.rows)",
}
HEADINGS = {".csv": 1, ".xlsx": 3, ".ods": 3}  # rows above the first of a table


@dataclass(frozen=True)
class Named:
    """What a printed number is: a figure at its place and period, or, in a row of a feed, a `crime` (force, reference)."""

    shown: str
    release: str | None
    figure_id: str = ""
    place: str = NATION
    period: str = ""
    of: str = ""
    crime: tuple[str, str] | None = None


def named(home: Home, printed: str) -> Named:
    """What stands at `PATH#CELL`, from here or from the home. Raises NotThere where there is no such file, cell or figure, and
    says how to name one."""
    path, _, cell = printed.partition("#")
    file = Path(path) if Path(path).is_file() else home.root / path
    if not file.is_file():
        raise NotThere(f"there is no file {path}: write --printed PATH#CELL, as report.html#t3r5c2")
    if not cell or file.suffix not in SAY:
        what = SAY.get(file.suffix, "a page, a workbook, a CSV file or the manifest of a feed")
        raise NotThere(f"{printed} names no number: write the path, #, and {what}")
    found = RELEASE.findall(str(file.resolve()))
    release = found[-1] if found else None
    if file.suffix == ".html":
        return _of_page(file, cell, release)
    if file.suffix == ".json":
        return _of_feed(file, cell)
    if file.suffix == ".csv" and cell.isdigit():
        return _of_row(home, file, int(cell), release)
    return _of_table(file, cell, release)


def otherwise(number: Named, figure: dict[str, Any]) -> str | None:
    """A sentence where what is printed is not the figure of the release; None where it is, or where a sign is printed."""
    value = figure.get(number.of)
    if value is None or not number.shown[:1].isdigit() or _is_same(str(value), number.shown, is_share=False):
        return None
    return (
        f"DIFFERS: {number.shown} is printed, and {figure['release']} has {value}: the public tier rounds, anything else was "
        "changed or is of another release (--release)"
    )


class _Page(HTMLParser):
    """The numbers in cells with an id: id -> (attributes, text); and the tables that have rows of headings."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.cells: dict[str, tuple[dict[str, str], str]] = {}
        self.grouped: set[int] = set()
        self._tables, self._cell, self._number = 0, "", None
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        attributes = {name: value or "" for name, value in attrs}
        if tag == "table":
            self._tables += 1
        elif tag == "td":
            self._cell = attributes.get("id", "")
        elif tag == "data" and self._cell:
            self._number = attributes
        elif tag == "th" and attributes.get("class") == "group":
            self.grouped.add(self._tables)

    def handle_endtag(self, tag: str) -> None:
        if tag == "data":
            self._number = None
        elif tag == "td":
            self._cell = ""

    def handle_data(self, data: str) -> None:
        if self._number is not None:
            self.cells[self._cell] = self._number, data


def _of_page(file: Path, cell: str, release: str | None) -> Named:
    page = _Page(file.read_text(encoding="utf-8"))
    if cell not in page.cells:
        if not page.cells:
            raise NotThere(
                f"{file} has no cell with an id: write its report again (cpai report), or ask for another page"
            )
        raise NotThere(
            f"{file.name} has no cell {cell}: there are {min(page.cells, key=_at)} to {max(page.cells, key=_at)}"
        )
    attributes, text = page.cells[cell]
    if "data-figure" not in attributes:
        raise NotThere(
            f"{file.name}#{cell} is {text}, {attributes['data-of']} of {attributes['data-table']}: evidence, and no figure; "
            "that table of the release has the rows"
        )
    place, period, of = (attributes[f"data-{name}"] for name in ("place", "period", "of"))
    return Named(text, release, attributes["data-figure"], place, period, of)


def _at(cell: str) -> tuple[int, ...]:
    return tuple(map(int, re.findall(r"\d+", cell)))


def _of_table(file: Path, cell: str, release: str | None) -> Named:
    """A cell of a workbook or of the CSV of a table: the same cell of the page beside, whose number it has to be."""
    sheet, _, at = cell.rpartition("!")
    found = IN_SHEET.fullmatch(at)
    table = re.search(r"(\d+)$", file.stem if file.suffix == ".csv" else sheet)
    if not found or not table:
        raise NotThere(f"{file.name}#{cell} names no number: write {SAY[file.suffix]}")
    page = file.parent.with_suffix(".html") if file.suffix == ".csv" else file.with_suffix(".html")
    if not page.is_file():
        raise NotThere(
            f"{page} is not there, and says what the numbers of {file.name} are: put it beside, or write both again"
        )
    number, row = int(table[1]), int(found[2]) - HEADINGS[file.suffix]
    before = 2 if number in _Page(page.read_text(encoding="utf-8")).grouped else 1
    column = _column(found[1]) - before
    same = f"t{number}r{row}c{column}"
    here, of_page = _text(file, sheet, at), _of_page(page, same, release)
    if not _is_same(here, of_page.shown, is_share=file.suffix != ".csv"):
        raise NotThere(
            f"{file.name}#{cell} has {here}, and {page.name}#{same} {of_page.shown}: one of them was changed"
        )
    return of_page


def _column(letters: str) -> int:
    """A -> 1, AA -> 27."""
    number = 0
    for letter in letters:
        number = 26 * number + ord(letter) - ord("A") + 1
    return number


def _text(file: Path, sheet: str, at: str) -> str:
    found = IN_SHEET.fullmatch(at)
    assert found
    row, column = int(found[2]) - 1, _column(found[1]) - 1
    if file.suffix == ".csv":
        rows: list[list[Any]] = list(_rows(file))
    else:
        from python_calamine import CalamineWorkbook

        book = CalamineWorkbook.from_path(file)
        if sheet not in book.sheet_names:
            raise NotThere(f"{file.name} has no sheet {sheet!r}: there are {', '.join(book.sheet_names)}")
        rows = book.get_sheet_by_name(sheet).to_python(skip_empty_area=False)
    if row >= len(rows) or column >= len(rows[row]):
        raise NotThere(f"{file.name} has no cell {at}")
    return str(rows[row][column])


def _is_same(cell: str, shown: str, is_share: bool) -> bool:
    """Whether a cell holds what a page shows: `26%` is 26 in a CSV file, and 0.26 in a workbook."""
    digits = shown.replace(",", "").rstrip("%")
    try:
        of_hundred = 100 if is_share and shown.endswith("%") else 1
        return abs(float(cell) * of_hundred - float(digits)) < 1e-6
    except ValueError:
        return cell == shown


def _rows(file: Path) -> list[list[str]]:
    with file.open(newline="", encoding="utf-8-sig") as text:
        return list(csv.reader(text))


def _of_row(home: Home, file: Path, number: int, release: str | None) -> Named:
    """A row of a CSV file that names its figure, or its crime by a pseudonym; the headings are row 1."""
    rows = _rows(file)
    if not 2 <= number <= len(rows):
        raise NotThere(
            f"{file.name} has no row {number}: they are 2 to {len(rows):,}, as a spreadsheet numbers them"
        )
    row = dict(zip(rows[0], rows[number - 1], strict=False))
    if row.get("figure_id"):
        period = row.get("period") or file.stem.rpartition("_")[2]
        shown = row.get("shown") or row.get("numerator") or ""
        return Named(
            shown, release, row["figure_id"], row.get("place") or NATION, period, row.get("of") or "numerator"
        )
    if (file.parent / "manifest.json").is_file():
        return _of_feed_row(home, file, row)
    raise NotThere(f"row {number} of {file.name} has no figure_id: it is no figure")


def _of_feed(file: Path, cell: str) -> Named:
    """How many crimes a feed has: the CPAI of its force, or of the nation."""
    manifest = read_json(file)
    if "feed" not in manifest or cell != "tables.crimes.rows":
        raise NotThere(
            f"{file.name}#{cell} is no figure: of a feed tables.crimes.rows is, the crimes of the CPAI"
        )
    return Named(
        str(manifest["tables"]["crimes"]["rows"]),
        manifest["release"],
        "scale.cpai",
        manifest["force"] or NATION,
        manifest["period"],
        "numerator",
    )


def _of_feed_row(home: Home, file: Path, row: dict[str, str]) -> Named:
    from orchestration.releases.feeds import crime_of

    manifest = read_json(file.with_name("manifest.json"))
    return Named("", manifest["release"], crime=crime_of(home, manifest, row))
