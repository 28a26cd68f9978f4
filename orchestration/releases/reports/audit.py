"""Public reports read back, file by file: no number in them but those that the release's public tier prints.

What the tier prints has stood the attack when it was published, beside every earlier tier. Where nothing else is
printed anywhere, the union of all that is written is as safe as the tier is.
"""

import csv
import json
import re
from collections import defaultdict
from pathlib import Path
from typing import Any
from zipfile import ZipFile

from orchestration.releases.disclosure.audit import NotSafe
from orchestration.releases.package import file_hash
from orchestration.releases.reports.numbers import Figure, as_printed
from orchestration.releases.reports.page import Page, unexplained
from orchestration.releases.reports.printed import NOT_APPLICABLE, NOT_AVAILABLE, Number, figure_text

# about returns and readers, never about crimes or persons
EVIDENCE = {
    ("dim_force", "crime system"),
    ("dim_force", "crime systems"),
    ("quality.reconciliation", "known breaks"),
    ("quality.returns", "last received"),
    ("quality.returns", "due"),
    ("quality.returns", "returned"),
    ("quality.rule_results", "fails"),
    ("quality.rule_results", "waived"),
    ("reading_agreement", "alpha"),
}
# what no cell shows, and formats that would show another number than the cell holds
HIDING = re.compile(
    r"<f[ >]|formula|hidden=|state=.(very)?[hH]idden|visibility|table:display=|<script|<!--"
    r"|definedName|headerFooter|annotation|named-|tooltip=|formatCode=\"[^\"]*[1-9]|<number:text>[^<]*\d"
)
PARTS = re.compile(
    r"mimetype|content\.xml|meta\.xml|META-INF/manifest\.xml|\[Content_Types\]\.xml|_rels/\.rels"
    r"|docProps/(app|core)\.xml|xl/(workbook|styles|sharedStrings)\.xml|xl/theme/theme1\.xml"
    r"|xl/_rels/workbook\.xml\.rels|xl/worksheets/(sheet\d+\.xml|_rels/sheet\d+\.xml\.rels)|xl/tables/table\d+\.xml"
)
# a file's properties, and what stands in them besides words
PROPERTIES = re.compile(r"docProps/(app|core)\.xml|meta\.xml")
STAMPS = re.compile(r"\d{4}-\d{2}-\d{2}T[\d:]+Z?|(?<=<vt:i4>)\d+|(?<=<AppVersion>)[\d.]+")
TEXT, SHOWN = re.compile(r">([^<>]+)<"), re.compile(r'office:value="([^"]*)"[^>]*><text:p>([^<]*)</text:p>')
# addresses, names of files and days are no figures
NAMED = re.compile(r"https?://\S+|table-\d+\.csv|\b\d{4}-\d{2}-\d{2}\b")
NUMBER, SIGN = re.compile(r"\d+(\.\d+)?"), re.compile(r"\[[cuxz]\]")
PLACE = "place", "period"
NOT_OF_PAGE = "does not hold the tables of its page, number for number"
# what was read, beside the reports
RESULT = "audit.json"


def check(folder: Path, release: Path) -> dict:
    """Read every file in `folder` back against `release`; returns what was read, as counts and hashes.

    Raises NotSafe with a sentence for each file that shows more than the public tier, and no number.
    """
    tier = release / "public" / "figures.csv"
    audit = _Audit(tier)
    files = [path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()]
    # pages first: their tables are what workbooks and CSV files are held against
    for name in sorted(files, key=lambda name: (not name.endswith(".html"), name)):
        if problem := audit.file(folder / name, name):
            audit.problems.append(f"{name} {problem}")
    if audit.problems:
        raise NotSafe(audit.problems)
    return {
        "release": release.name,
        "public_tier_sha256": file_hash(tier),
        "numbers": audit.numbers,
        "files": {name: file_hash(folder / name) for name in sorted(files)},
    }


class _Audit:
    def __init__(self, tier: Path) -> None:
        # a figure in two schemes has two rows
        self.figures: dict[tuple, list[Figure]] = defaultdict(list)
        with tier.open(newline="", encoding="utf-8") as file:
            heads, *rows = csv.reader(file)
        of_figure, of_place = ([heads.index(name) for name in names] for names in (Figure._fields, PLACE))
        for row in rows:
            figure = as_printed([row[at] for at in of_figure])
            self.figures[(figure.figure_id, *(row[at] for at in of_place))].append(figure)
        self.numbers, self.problems = 0, []
        self.tables: dict[str, list[list[str]]] = {}

    def file(self, path: Path, name: str) -> str | None:
        """What is wrong with one file, to be read after its name; None when it is right."""
        if path.suffix == ".html":
            return self._page(Page(path.read_text(encoding="utf-8")), name.removesuffix(".html"))
        if path.suffix in (".xlsx", ".ods"):
            return self._workbook(path, name.removesuffix(path.suffix))
        if path.name == "printed.csv":
            return self._listed(path)
        if path.suffix == ".csv":
            return self._table(path, name.rpartition("/")[0])
        if path.suffix == ".json":
            return _metadata(json.loads(path.read_text(encoding="utf-8")))
        return "is of a kind that cannot be audited: take it out"

    def _page(self, page: Page, name: str) -> str | None:
        self.tables[name] = page.tables
        if page.unexplained:
            return "has a number without the figure that it is: print it through Report.shown"
        if page.unknown:
            return f"has {min(page.unknown)}, which could carry a number: take it out"
        for source, text in page.numbers:
            if source.get("value", "") not in ("", text.replace(",", "").rstrip("%")):
                return "has a value that is not what is shown beside it"
            of_figure = [source.get(f"data-{part}") for part in ("figure", "place", "period")]
            if problem := self._number(source.get("data-table"), of_figure, source["data-of"], text):
                return problem
        if not all(chart.is_drawn_to_scale for chart in page.charts):
            return "has a bar that is not as long as the number beside it"
        return None

    def _number(self, table: str | None, of_figure: list, of: str, text: str) -> str | None:
        self.numbers += 1
        if table is not None:
            return None if (table, of) in EVIDENCE else f"shows {of} of {table}, which is not public"
        there = self.figures.get(tuple(of_figure))
        if text in ([figure_text(figure, of) for figure in there] if there else [NOT_AVAILABLE]):
            return None
        return f"prints the {of} of {' '.join(of_figure)} otherwise than the public tier does"

    def _listed(self, path: Path) -> str | None:
        with path.open(newline="", encoding="utf-8") as file:
            for row in csv.DictReader(file):
                table = row["source"] if row["source"] != "figures" else None
                of_figure = [row["figure_id"], row["place"], row["period"]]
                if problem := self._number(table, of_figure, row["of"], row["shown"]):
                    return problem
        return None

    def _workbook(self, path: Path, page: str) -> str | None:
        from python_calamine import CalamineWorkbook

        with ZipFile(path) as parts:
            for part in parts.namelist():
                content = parts.read(part).decode()
                if not PARTS.fullmatch(part) or HIDING.search(content):
                    return f"holds a formula, a part that no report has or something hidden: {part}"
                texts = TEXT.findall(STAMPS.sub("", content)) if PROPERTIES.fullmatch(part) else []
                if any(unexplained(text) for text in texts):
                    return f"has a number in its properties: {part}"
                shown = SHOWN.findall(content)
                if len(shown) != content.count("office:value=") or any(
                    Number(text, {}).value != float(value) for value, text in shown
                ):
                    return f"has a cell that does not show its value: {part}"
        book = CalamineWorkbook.from_path(str(path))
        sheets = {name: book.get_sheet_by_name(name).to_python() for name in book.sheet_names}
        text = [cell for rows in sheets.values() for row in rows for cell in row if isinstance(cell, str)]
        if any(unexplained(cell) for cell in text):
            return "has a number in its text"
        numbers = [
            [cell for row in rows for cell in row if not isinstance(cell, str) or SIGN.fullmatch(cell)]
            for rows in sheets.values()
        ]
        # the notes explain the signs
        about = [cell for cell in numbers[0] + numbers[1] if not isinstance(cell, str)]
        wanted = [[Number(text, {}).value for text in table] for table in self.tables.get(page, [])]
        return None if not about and _same(numbers[2:], wanted) else NOT_OF_PAGE

    def _table(self, path: Path, page: str) -> str | None:
        with path.open(newline="", encoding="utf-8") as file:
            cells = [cell for row in csv.reader(file) for cell in row]
        numbers = [cell for cell in cells if NUMBER.fullmatch(cell) or SIGN.fullmatch(cell)]
        if any(unexplained(cell) for cell in cells if not NUMBER.fullmatch(cell)):
            return "has a number in its text"
        tables = {f"table-{at}": table for at, table in enumerate(self.tables.get(page, []), 1)}
        wanted = [text.replace(",", "").rstrip("%") for text in tables.get(path.stem, [])]
        return None if _same([numbers], [wanted]) else NOT_OF_PAGE


def _same(found: list[list], wanted: list[list]) -> bool:
    """Whether tables hold the same numbers; a total has no shares, where the page leaves its cells empty."""
    return len(found) == len(wanted) and all(
        one[: len(of_page)] == of_page and set(one[len(of_page) :]) <= {NOT_APPLICABLE}
        for one, of_page in zip(found, wanted, strict=True)
    )


def _metadata(document: Any) -> str | None:
    if isinstance(document, dict | list):
        parts = [*document, *document.values()] if isinstance(document, dict) else document
        return next((problem for part in parts if (problem := _metadata(part))), None)
    if isinstance(document, str) and not unexplained(NAMED.sub("", document)):
        return None
    return "has a number that no metadata has"
