"""Drafting: the layout rows proposed for files that no layout has been written for. A person decides.

draft([Path("extract.csv")], "kent", "2025-Q2").proposals     # heading by heading, with what each is based on

What a heading is called counts first (the headings of every layout, then their words), what its cells look
like second. Cells are looked at and never kept: nothing here carries or shows one.
"""

from __future__ import annotations

import csv
import io
import re
import zipfile
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from difflib import SequenceMatcher
from functools import cache
from math import log
from pathlib import Path
from typing import Any

from orchestration import quarters
from orchestration.home import SEEDS
from orchestration.returns.layouts import DELIMITERS, RECORD_TYPES, Layout, Part, all_layouts

# Enough to see a date's format and a code list; reading more found nothing that 2,000 rows had not shown.
SAMPLE = 2_000
HEADING_WITHIN = 30
WORKBOOKS = (".xlsx", ".xlsm", ".xls", ".ods")
DAYS = (
    "%Y-%m-%d",
    "%d/%m/%Y",
    "%d-%m-%Y",
    "%d.%m.%Y",
    "%Y/%m/%d",
    "%Y%m%d",
    "%d-%b-%Y",
    "%d %b %Y",
    "%m/%d/%Y",
)
TIMES = ("", " %H:%M:%S", " %H:%M", "T%H:%M:%S")
# Cells that mean "blank" in some system and a code in none.
BLANK_WORDS = ("NULL", "None", "(null)", "#N/A")
# Below it a heading is left to the person: of 200 headings of systems held back, those above were right 9 in 10.
SURE = 0.5
UNDECIDED = "its cells leave the date format open"
ALIKE = 0.6
# A layout that knows fewer of a file's headings is no base for it.
FROM_THE_BASE = 0.5

# Words that mean the same in headings; layouts' own headings teach the rest.
WORDS = {
    "victim": "victims aggrieved complainant ip injured",
    "suspect": "offender offenders suspects accused nominal perpetrator defendant",
    "reference": "ref urn id number no num identifier",
    "crime": "occurrence offence offense crimes",
    "gender": "sex",
    "birth": "dob born",
    "surname": "lastname",
    "forename": "forenames firstname given",
    "ethnicity": "ethnic ea ethnicities",
    "self": "sde sdd assessed sd",
    "observed": "officer police appearance visual ic",
    "recorded": "created creation crimed record input",
    "reported": "report contact",
    "from": "start earliest began",
    "to": "end latest ended",
    "cancel": "cancelled cancellation cancel",
    "flag": "marker indicator",
    "description": "desc title",
    "child": "children",
    "linked": "link related",
    "summary": "mo circumstances narrative",
    "disability": "disabled",
    "nationality": "citizenship",
    "arrested": "arrest",
    "stated": "believed involved count",
    "authority": "la council",
    "online": "cyber",
    "code": "classification class",
    "relationship": "related relation",
    "identified": "known named",
}
MEANS = {word: meaning for meaning, words in WORDS.items() for word in words.split()}
STOP = {
    "of",
    "the",
    "and",
    "at",
    "a",
    "by",
    "defined",
    "current",
    "merged",
    "group",
    "home",
    "office",
    "ho",
    "on",
}
PERSONS = {"victims": "victim", "suspects": "suspect"}
# Columns that name another record: the person in their heading is not the person they are about.
OF_ANOTHER = ("crime_reference", "victim_reference", "relationship")


class NotATable(ValueError):
    """A file in which no table with a heading row could be found: says what to do."""


@dataclass(frozen=True)
class Table:
    """One table of a file: how it has to be read, its headings, and a sample of each column's cells."""

    file: str
    sheet: str
    format: str
    encoding: str
    delimiter: str
    banner_rows: int
    example_rows: int
    headings: tuple[str, ...]
    cells: dict[str, tuple[str, ...]] = field(repr=False)

    @property
    def where(self) -> str:
        return f"{self.file}, sheet {self.sheet}" if self.sheet else self.file


@dataclass(frozen=True)
class Proposal:
    """What one heading probably is; record_type "" where nothing is like it enough. Confidence 0 to 1."""

    part: str
    heading: str
    record_type: str
    column: str
    date_format: str
    separator: str
    take: str
    confidence: float
    because: str


@dataclass(frozen=True)
class Draft:
    """Rows for the three layout seeds (dicts by column), all proposals, and what a person still has to settle."""

    layout: str
    based_on: str
    layouts: list[dict[str, str]]
    layout_columns: list[dict[str, str]]
    force_layouts: list[dict[str, str]]
    proposals: list[Proposal]
    to_settle: list[str]


def draft(files: Iterable[Path], force: str, quarter: str = "", seeds: Path = SEEDS) -> Draft:
    """The rows that would let these files, one delivery of `force`, be read from `quarter` on.

    A layout that knows most of the headings becomes the base, and only what differs is proposed; none does for
    a new crime system. Raises NotATable, or ValueError for a quarter that is none.
    """
    if quarter:
        quarters.valid(quarter)
    known = _known(seeds)
    tables = _of_one_encoding([table for path in files for table in look(path, seeds)])
    base = _base(tables, known)
    name = f"{base.layout}-{force}" if base else force
    parts: list[dict[str, str]] = []
    columns: list[dict[str, str]] = []
    proposals: list[Proposal] = []
    for table in tables:
        part = _part_like(table, base) if base else None
        found = _dated_alike(_propose(table, part, known), table, known)
        proposals += found
        contains = part.contains if part else _contains(found)
        row = _part_row(name, table, found[0].part, contains, base, part)
        new = [one for one in found if not (part and _says(part, one))]
        if new or _differs(row, part):
            parts.append(row)
        columns += [_column_row(name, one) for one in new]
    _one_file_each(parts)
    layout = name if parts else base.layout
    if base and parts and not any(row["based_on"] for row in parts):
        parts[0]["based_on"] = base.layout
    return Draft(
        layout,
        base.layout if base else "",
        parts,
        columns,
        [
            {
                "delivered_as": force,
                "layout": layout,
                "from_quarter": quarter,
                "to_quarter": "",
                "note": "drafted from a file; checked by:",
            }
        ],
        proposals,
        _to_settle(proposals, base, known, quarter, force),
    )


# What a file holds


def look(path: Path, seeds: Path = SEEDS) -> list[Table]:
    """The tables of one file, whatever it is: text or workbook, by its bytes and not its name.

    Raises NotATable where no row of the first 30 looks like headings, or nothing could be read.
    """
    with path.open("rb") as file:
        start = file.read(8)
    try:
        if start.startswith(b"PK\x03\x04") or start.startswith(b"\xd0\xcf\x11\xe0"):
            tables = _look_in_workbook(path, seeds)
        else:
            tables = _look_in_text(path, seeds)
    except (OSError, NotATable):
        raise
    except Exception as problem:
        raise NotATable(f"{path.name}: cannot be read ({type(problem).__name__}); export it again.") from None
    if not tables:
        raise NotATable(
            f"{path.name}: no row of the first {HEADING_WITHIN} looks like headings of a return; "
            "is it another file, or has it no heading row?"
        )
    return tables


def _look_in_text(path: Path, seeds: Path) -> list[Table]:
    data = path.read_bytes()
    encoding = _encoding(data)
    text = data.decode(encoding)
    if "\0" in text:
        raise NotATable(f"{path.name}: is not text, nor a workbook; send it as CSV or XLSX.")
    # a quotation mark that never closes would make the rest of the file one row
    lines = io.StringIO(text, newline="")
    best: Table | None = None
    for delimiter in DELIMITERS.values():
        lines.seek(0)
        rows = [row for row, _ in zip(csv.reader(lines, delimiter=delimiter), range(SAMPLE), strict=False)]
        table = _table(rows, path.name, "", "csv", encoding, delimiter, seeds)
        if table and len(table.headings) > max(1, len(best.headings) if best else 1):
            best = table
    return [best] if best else []


def _encoding(data: bytes) -> str:
    if data.startswith((b"\xff\xfe", b"\xfe\xff")):
        return "utf-16"
    if data.startswith(b"\xef\xbb\xbf"):
        return "utf-8-sig"
    for encoding in ("ascii", "utf-8", "cp1252"):
        try:
            data.decode(encoding)
        except UnicodeDecodeError:
            continue
        return encoding
    return "latin-1"


def _of_one_encoding(tables: list[Table]) -> list[Table]:
    """ASCII reads alike in all encodings but UTF-16: such a file has that of the files it came with."""
    others = Counter(table.encoding for table in tables if table.encoding not in ("", "ascii", "utf-16"))
    usual = others.most_common(1)[0][0] if others else "utf-8"
    return [replace(table, encoding=usual) if table.encoding == "ascii" else table for table in tables]


def _look_in_workbook(path: Path, seeds: Path) -> list[Table]:
    from python_calamine import CalamineWorkbook, SheetVisibleEnum

    kind = path.suffix.lower().removeprefix(".") if path.suffix.lower() in WORKBOOKS else "xlsx"
    if zipfile.is_zipfile(path) and not _is_workbook(zipfile.ZipFile(path).namelist()):
        raise NotATable(f"{path.name}: is a ZIP file; unpack it and name the files in it.")
    tables = []
    with CalamineWorkbook.from_path(path) as book:
        for sheet in book.sheets_metadata:
            if sheet.visible != SheetVisibleEnum.Visible:
                continue
            rows = book.get_sheet_by_name(sheet.name).to_python(skip_empty_area=False)[:SAMPLE]
            table = _table(
                [[_text(cell) for cell in row] for row in rows], path.name, sheet.name, kind, "", "", seeds
            )
            if table:
                tables.append(table)
    return tables


def _is_workbook(entries: list[str]) -> bool:
    return any(name.startswith("xl/") or name == "content.xml" for name in entries)


def _text(cell: Any) -> str:
    if isinstance(cell, datetime | date):
        return cell.isoformat()[:10]
    return str(int(cell)) if isinstance(cell, float) and cell.is_integer() else str(cell)


def _table(
    rows: list[list[str]], file: str, sheet: str, kind: str, encoding: str, delimiter: str, seeds: Path
) -> Table | None:
    known = _known(seeds)
    scores = [known.heading_like([cell.strip() for cell in row]) for row in rows[:HEADING_WITHIN]]
    if not any(scores):
        return None
    at = scores.index(max(scores))
    headings = [cell.strip() for cell in rows[at]]
    below = rows[at + 1 :]
    examples = 0
    while examples < len(below) and any(
        re.match(r"(example|sample|e\.g\.)", cell.strip(), re.IGNORECASE) for cell in below[examples]
    ):
        examples += 1
    cells: dict[str, list[str]] = {heading: [] for heading in headings if heading}
    for row in below[examples:]:
        for heading, cell in zip(headings, row, strict=False):
            if heading and cell.strip():
                cells[heading].append(cell.strip())
    return Table(
        file,
        sheet,
        kind,
        encoding,
        delimiter,
        at,
        examples,
        tuple(cells),
        {heading: tuple(texts) for heading, texts in cells.items()},
    )


# What is known of headings and codes


@dataclass(frozen=True)
class _Known:
    """What the seeds teach: words of headings by what they feed, and the spellings of each coded column."""

    layouts: dict[str, Layout]
    kinds: dict[tuple[str, str], str]
    must: tuple[tuple[str, str], ...]
    headings: dict[tuple[str, str], dict[frozenset[str], str]]
    weights: dict[str, float]
    spellings: dict[str, frozenset[str]]

    def heading_like(self, cells: list[str]) -> float:
        """How many cells of a row are made of the words of headings; 0 for a row that is none."""
        named = [cell for cell in cells if cell]
        like = [
            cell
            for cell in named
            if len(cell) < 100
            and not re.fullmatch(r"[\d\W]*", cell)
            and sum(word in self.weights for word in _words(cell)) * 2 > len(_words(cell))
        ]
        return (
            len(like) if len(like) > 2 and len(like) * 2 > len(named) and len(set(named)) == len(named) else 0
        )

    def alike(self, heading: str, target: tuple[str, str], person: str) -> tuple[float, str]:
        """How like a heading is to those that feed a column (0 to 1), and the one it is most like.

        `person`: whose columns a heading without a word for victim or suspect is taken to be.
        """
        record_type, column = target
        words = _words(heading)
        about = next((kind for kind, word in PERSONS.items() if word in words), "")
        factor = 1.0
        options = dict(self.headings.get(target, {}))
        if record_type in PERSONS and column not in OF_ANOTHER:
            # "Victim DOB" teaches what "Suspect DOB" is: the person is compared apart from the rest
            twin = "victims" if record_type == "suspects" else "suspects"
            options |= self.headings.get((twin, column), {})
            options = {known - set(PERSONS.values()): text for known, text in options.items()}
            words = words - set(PERSONS.values())
            factor = 1.0 if (about or person) == record_type else 0.3 if about or person else 0.7
        elif column == "victim_reference" and record_type == "victims" and not about:
            factor = 0.6
        scored = ((self._overlap(words, known), text) for known, text in options.items())
        score, text = max(scored, default=(0.0, ""))
        return factor * score, text

    def _overlap(self, words: frozenset[str], known: frozenset[str]) -> float:
        """Shared words against all words, rare words counting more; words of one stem count as shared."""
        if not words or not known:
            return 0.0
        weight = self.weights.get
        total = sum(weight(word, 3.0) for word in words) + sum(weight(word, 3.0) for word in known)
        shared = sum(weight(word, 3.0) * max(_stem(word, other) for other in known) for word in words)
        shared += sum(weight(word, 3.0) * max(_stem(word, other) for other in words) for word in known)
        return shared / total


@cache
def _stem(word: str, other: str) -> float:
    if word == other:
        return 1.0
    ratio = SequenceMatcher(None, word, other).ratio()
    return ratio if min(len(word), len(other)) > 3 and ratio > 0.75 else 0.0


@cache
def _words(heading: str) -> frozenset[str]:
    """The words of a heading, of one meaning each: `VictimDOB` -> victim, birth."""
    apart = re.sub(r"(?<=[a-z])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])", " ", heading)
    plain = re.sub(r"[^a-z0-9]+", " ", apart.lower()).strip()
    # a number of offenders is a count, an offender's number is a reference
    words = re.sub(r"\b(number|no|num) of\b", "stated", plain).split()
    return frozenset(MEANS.get(word, word) for word in words if word not in STOP) or frozenset(words)


@cache
def _known(seeds: Path) -> _Known:
    layouts = all_layouts(seeds)
    rows = _seed(seeds / "return_columns.csv")
    headings: dict[tuple[str, str], dict[frozenset[str], str]] = defaultdict(dict)
    for row in rows:
        headings[row["record_type"], row["column"]][_words(row["column"])] = row["column"]
    for layout in layouts.values():
        for part in layout.parts:
            for column in part.columns:
                if column.record_type:
                    words = _words(column.heading)
                    headings[column.record_type, column.column].setdefault(words, column.heading)
    counts = Counter(word for options in headings.values() for words in options for word in words)
    every = sum(map(len, headings.values()))
    spellings: dict[str, set[str]] = defaultdict(set)
    for row in _seed(seeds / "code_spellings.csv"):
        spellings[row["field"]] |= {row["spelling"].lower(), row["code"].lower()}
    for list_name, column, label in (
        ("self_defined_ethnicities", "self_defined_ethnicity", "label"),
        ("observed_ethnicities", "observed_ethnicity", "label"),
        ("relationships", "relationship", "label"),
        ("outcomes", "outcome_code", "meaning"),
        ("cancellation_codes", "cancellation_code", "meaning"),
    ):
        for row in _seed(seeds / f"{list_name}.csv"):
            spellings[column] |= {row["code"].lower(), row[label].lower()}
    for row in _seed(seeds / "offences.csv"):
        for text in (row["offence_class"], row["offence_code"], row["five_digit"]):
            spellings["offence_code"].add(text.lower().lstrip("0"))
    return _Known(
        layouts,
        {(row["record_type"], row["column"]): row["kind"] for row in rows},
        tuple((row["record_type"], row["column"]) for row in rows if row["must"] == "Y"),
        dict(headings),
        {word: log(every / count) for word, count in counts.items()},
        {name: frozenset(texts - {""}) for name, texts in spellings.items()},
    )


def _seed(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


# What cells look like


@dataclass(frozen=True)
class _Look:
    """What a column's cells are like: a share from 0 to 1 for each thing asked."""

    texts: tuple[str, ...]

    def share(self, test: Callable[[str], Any]) -> float:
        return sum(1 for text in self.texts if test(text)) / len(self.texts) if self.texts else 0.0

    def date_formats(self) -> list[str]:
        """Formats in which nine cells of ten are days; more than one when the cells do not decide."""
        return [
            day + time
            for day in DAYS
            for time in TIMES
            if any(_is_day(text, day + time) for text in self.texts[:5])
            and self.share(lambda text, shape=day + time: _is_day(text, shape)) > 0.9
        ]


def _is_day(text: str, shape: str) -> bool:
    try:
        return datetime.strptime(text, shape).strftime(shape).lower() == text.lower()
    except ValueError:
        return False


def _looked(table: Table, heading: str) -> _Look:
    texts = [text for text in table.cells[heading] if text not in BLANK_WORDS]
    return _Look(tuple(dict.fromkeys(texts))[:200])


def _fit(look: _Look, target: tuple[str, str], known: _Known) -> tuple[float | None, float, str, str]:
    """(share of cells that fit the column or None where none can tell, how telling that is, why, separator)."""
    kind, column = known.kinds[target], target[1]
    if not look.texts:
        return None, 0, "", ""
    if kind == "date":
        formats = look.date_formats()
        return float(bool(formats)), 0.2, "its cells are dates", ""
    if kind == "flag":
        return (
            look.share(lambda text: text.lower() in known.spellings["flag"]),
            0.2,
            "its cells are flags",
            "",
        )
    if kind == "integer":
        most = 120 if column == "age_at_offence" else 99
        return look.share(lambda text: text.isdigit() and int(text) <= most), 0.1, "its cells are numbers", ""
    if kind == "code":
        return _fit_code(look, column, known)
    if column == "local_authority":
        return look.share(re.compile(r"[EW]0[6-9]\d{6}").fullmatch), 0.6, "its cells are ONS codes", ""
    if column == "nationality":
        return look.share(re.compile(r"[A-Z]{3}").fullmatch), 0.3, "its cells have three letters", ""
    if column.endswith("reference"):
        return (
            look.share(lambda text: re.search(r"\d", text) or text == "STATE"),
            0.05,
            "its cells are references",
            "",
        )
    # names, descriptions and summaries are words: a column of dates or numbers is none of them
    return look.share(re.compile(r".*[A-Za-z]{2}.*", re.DOTALL).fullmatch), 0.0, "its cells are words", ""


def _fit_code(look: _Look, column: str, known: _Known) -> tuple[float, float, str, str]:
    codes = known.spellings[column]
    if column == "offence_code":

        def listed(text: str) -> bool:
            text = text.lower().replace(" ", "").lstrip("0")
            pieces = text.split(".")
            return text in codes or (len(pieces) > 3 and pieces[0] in codes)

        return look.share(listed), 0.5, "its cells are offence codes", ""
    because = f"its cells are codes of {column.replace('_', ' ')}"
    whole = look.share(lambda text: text.lower() in codes)
    first = look.share(lambda text: " - " in text and text.split(" - ")[0].lower() in codes)
    together = look.share(lambda text: text.lower() in codes or text.split(" - ")[0].lower() in codes)
    telling = 0.3 if look.share(str.isdigit) < 0.5 else 0.1
    return (together, telling, because, " - ") if first > 0.3 else (whole, telling, because, "")


# From headings to columns


def _base(tables: list[Table], known: _Known) -> Layout | None:
    """The layout that knows most of the files' headings, when that is at least half of them."""

    def shared(layout: Layout) -> float:
        hits = sum(len(set(table.headings) & set(_part_like(table, layout).headings)) for table in tables)
        # of two that know the same headings, the one that expects nothing else
        return hits - 0.001 * len({name for part in layout.parts for name in part.headings})

    best = max(known.layouts.values(), key=shared, default=None)
    total = sum(len(table.headings) for table in tables)
    return best if best and shared(best) >= FROM_THE_BASE * total else None


def _part_like(table: Table, layout: Layout) -> Part:
    return max(layout.parts, key=lambda part: len(set(part.headings) & set(table.headings)))


def _propose(table: Table, part: Part | None, known: _Known) -> list[Proposal]:
    """A proposal (several for a heading that feeds several columns) for each heading of a table."""
    name = part.part if part else _part_name(table)
    found: list[Proposal] = []
    taken: set[tuple[str, str]] = set()
    unknown = []
    for heading in table.headings:
        rows = [column for column in part.columns if column.heading == heading] if part else []
        if not rows:
            unknown.append(heading)
        for row in rows:
            shape = (
                _shape(table, heading, row.date_format)
                if row.date_format and not row.separator
                else row.date_format
            )
            taken.add((row.record_type, row.column))
            because = f"a heading of layout {part.layout}"
            found.append(
                Proposal(
                    name, heading, row.record_type, row.column, shape, row.separator,
                    str(row.take or ""), 1.0, because,
                )
            )  # fmt: skip
    kinds = part.contains if part else RECORD_TYPES
    matched = _match(table, unknown, kinds, "", taken, known)
    if not part:
        # once it is plain whose columns these are, the headings that name no person are theirs
        kinds = _kinds(matched, table)
        persons = [kind for kind in kinds if kind in PERSONS]
        matched = _match(table, unknown, kinds, persons[0] if len(persons) == 1 else "", taken, known)
    for heading in unknown:
        found += _proposals(name, heading, table, kinds, matched.get(heading), known)
    return found


def _match(
    table: Table,
    headings: list[str],
    kinds: Iterable[str],
    person: str,
    taken: set[tuple[str, str]],
    known: _Known,
) -> dict[str, tuple[float, tuple[str, str], str, str]]:
    """heading -> (score, (record type, column), because, separator): best pairs first, each column once."""
    looks = {heading: _looked(table, heading) for heading in headings}
    pairs = []
    for target in known.kinds:
        if target in taken or target[0] not in kinds:
            continue
        for heading in headings:
            score, text = known.alike(heading, target, person)
            because = f"like {text!r}" if score >= ALIKE else f"a little like {text!r}"
            fit, telling, why, separator = _fit(looks[heading], target, known)
            if fit is not None and fit < 0.5:
                score *= 0.4
            elif fit is not None and fit > 0.8:
                score += (1 - score) * telling
                because = f"{because}; {why}" if score > telling else why
            if score >= SURE:
                pairs.append((round(score, 2), heading, target, because, separator))
    matched: dict[str, tuple[float, tuple[str, str], str, str]] = {}
    used: set[tuple[str, str]] = set()
    for score, heading, target, because, separator in sorted(pairs, key=lambda pair: -pair[0]):
        if heading not in matched and target not in used and not _same_elsewhere(target, used):
            matched[heading] = score, target, because, separator
            used.add(target)
    return matched


def _same_elsewhere(target: tuple[str, str], used: set[tuple[str, str]]) -> bool:
    """The crime's reference is one heading, whatever record types of a part it stands for."""
    return target[1] == "crime_reference" and any(column == "crime_reference" for _, column in used)


def _kinds(matched: dict[str, tuple[float, tuple[str, str], str, str]], table: Table) -> tuple[str, ...]:
    """The record types of a table: by its name, else by whose columns its headings say they are.

    A row that names a victim and a suspect, and says nothing more of the victim, is a suspect's.
    """
    named = _words(f"{Path(table.file).stem} {table.sheet}")
    crimes = sum(
        kind == "crimes" and column not in OF_ANOTHER for _, (kind, column), _, _ in matched.values()
    )
    found = [kind for kind, word in PERSONS.items() if word in named] if crimes < 4 else []
    if not found:
        own: Counter[str] = Counter()
        for heading, (_, (kind, column), _, _) in matched.items():
            if PERSONS.get(kind) in _words(heading) and column != "relationship":
                own[kind] += 1 if column == "victim_reference" else 2
        found = [kind for kind in PERSONS if own[kind] > 1] or [kind for kind in PERSONS if own[kind]]
    return (*(("crimes",) if crimes > 1 else ()), *found) or RECORD_TYPES


def _proposals(
    name: str,
    heading: str,
    table: Table,
    kinds: Iterable[str],
    match: tuple[float, tuple[str, str], str, str] | None,
    known: _Known,
) -> list[Proposal]:
    if joined := _name_and_birth(name, heading, table, kinds):
        return joined
    if not match:
        return [Proposal(name, heading, "", "", "", "", "", 0.0, "like no heading and no code list we have")]
    score, (record_type, column), because, separator = match
    feeds = [record_type]
    if column == "crime_reference":
        feeds = list(kinds)
    elif (record_type, column) == ("victims", "victim_reference") and "suspects" in kinds:
        feeds.append("suspects")
    shape = _shape(table, heading) if known.kinds[record_type, column] == "date" else ""
    take = "1" if separator else ""
    return [Proposal(name, heading, kind, column, shape, separator, take, score, because) for kind in feeds]


def _shape(table: Table, heading: str, expected: str = "") -> str:
    """The date format of a column's cells; the expected one while it fits, blank where they do not decide."""
    formats = _looked(table, heading).date_formats()
    if expected in formats or (expected and not formats):
        return expected
    # a workbook's dates arrive as ISO whatever the sheet shows, and a layout's own format is then not needed
    if expected and table.format != "csv" and formats == ["%Y-%m-%d"]:
        return expected
    if not formats and not table.cells[heading]:
        return "%Y-%m-%d" if table.format != "csv" else ""
    return formats[0] if len(formats) == 1 else ""


def _dated_alike(proposals: list[Proposal], table: Table, known: _Known) -> list[Proposal]:
    """Where a column's own cells do not decide its date format, that of the table's other dates, if it fits."""
    usual = Counter(one.date_format for one in proposals if one.date_format and not one.separator)

    def settled(one: Proposal) -> Proposal:
        if known.kinds.get((one.record_type, one.column)) != "date" or one.date_format:
            return one
        open_ways = _looked(table, one.heading).date_formats()
        fits = [
            shape for shape, _ in usual.most_common() if shape in open_ways or not table.cells[one.heading]
        ]
        if not fits:
            return one
        because = f"{one.because}; {UNDECIDED}, so written as the other dates here"
        return replace(one, date_format=fits[0], confidence=min(one.confidence, SURE), because=because)

    return list(map(settled, proposals))


def _name_and_birth(name: str, heading: str, table: Table, kinds: Iterable[str]) -> list[Proposal]:
    """`surname- forename- date` in one cell."""
    pieces = [text.split("- ") for text in _looked(table, heading).texts]
    births = _Look(tuple(parts[2] for parts in pieces if len(parts) == 3 and parts[2]))
    words = _words(heading)
    kind = next((kind for kind in kinds if PERSONS.get(kind) in words), "")
    formats = births.date_formats()
    if not (kind and len(formats) == 1 and {"name", "birth"} <= words):
        return []
    because = "its cells are three pieces, the last a date"
    return [
        Proposal(name, heading, kind, column, shape, "- ", take, 0.8, because)
        for column, shape, take in (
            ("surname", "", "1"),
            ("forenames", "", "2"),
            ("date_of_birth", formats[0], "3"),
        )
    ]


# From proposals to rows


def _part_name(table: Table) -> str:
    if table.sheet and not re.fullmatch(r"(?i)sheet ?\d+|data", table.sheet):
        return re.sub(r"[^a-z0-9]+", "-", table.sheet.lower()).strip("-")
    named = _words(Path(table.file).stem)
    for part, word in (("victims", "victim"), ("suspects", "suspect"), ("crimes", "crime")):
        if word in named:
            return part
    return "all"


def _contains(proposals: list[Proposal]) -> tuple[str, ...]:
    found = {one.record_type for one in proposals}
    return tuple(kind for kind in RECORD_TYPES if kind in found)


def _part_row(
    layout: str, table: Table, name: str, contains: tuple[str, ...], base: Layout | None, part: Part | None
) -> dict[str, str]:
    """A row of layouts.csv; with a base only the cells that differ."""
    fits = part and re.fullmatch(_glob(part.file_pattern), table.file.lower())
    whole = {
        "layout": layout,
        "based_on": base.layout if base else "",
        "part": name,
        "file_pattern": "" if fits else _pattern(table.file, name),
        "format": table.format,
        "sheet": table.sheet,
        "banner_rows": str(table.banner_rows),
        "example_rows": str(table.example_rows),
        "encoding": table.encoding,
        "delimiter": next((name for name, mark in DELIMITERS.items() if mark == table.delimiter), ""),
        "contains": "+".join(contains),
        "blank_values": "|".join(_blank_values(table)),
        "note": "",
    }
    if part:
        same = {
            "format": table.format == part.format,
            "sheet": not table.sheet or part.sheet == table.sheet or part.sheet.isdigit(),
            "banner_rows": table.banner_rows == part.banner_rows,
            "example_rows": table.example_rows == part.example_rows,
            "encoding": not table.encoding or _reads_as(table.encoding, part.encoding),
            "delimiter": not table.delimiter or table.delimiter == part.delimiter,
            "contains": True,
            "blank_values": set(_blank_values(table)) <= set(part.blank_values),
        }
        whole |= {column: "" for column, is_same in same.items() if is_same}
    return whole


def _reads_as(found: str, expected: str) -> bool:
    # what decodes as UTF-8 may be plain ASCII, which every one of these but UTF-16 reads alike
    return found == expected or (found == "utf-8" and expected in ("utf-8-sig", "cp1252", "latin-1"))


def _glob(pattern: str) -> str:
    return re.escape(pattern.lower()).replace(r"\*", ".*")


def _pattern(file: str, part: str) -> str:
    """A pattern that next quarter's file of the same kind will fit: `*victim*.csv`, else `*.csv`."""
    stem, _, ending = file.rpartition(".")
    word = part.removesuffix("s")
    return f"*{word}*.{ending}" if word in stem.lower() and part in RECORD_TYPES else f"*.{ending}"


def _blank_values(table: Table) -> list[str]:
    """Words for blank that stand in several columns: in one they may be that column's code."""
    found = Counter(word for texts in table.cells.values() for word in set(texts) & set(BLANK_WORDS))
    return [word for word in BLANK_WORDS if found[word] > 2]


def _one_file_each(parts: list[dict[str, str]]) -> None:
    """Two parts of text files cannot share a pattern: where they would, each takes its part's name."""
    shared = Counter(row["file_pattern"] for row in parts if row["format"] == "csv")
    for row in parts:
        if row["format"] == "csv" and shared[row["file_pattern"]] > 1:
            row["file_pattern"] = f"*{row['part']}*.csv"


def _differs(row: dict[str, str], part: Part | None) -> bool:
    return not part or any(row[name] for name in row if name not in ("layout", "based_on", "part", "note"))


def _says(part: Part, one: Proposal) -> bool:
    return any(
        (row.heading, row.record_type, row.column, row.date_format)
        == (one.heading, one.record_type, one.column, one.date_format)
        for row in part.columns
    )


def _column_row(layout: str, one: Proposal) -> dict[str, str]:
    return {
        "layout": layout,
        "part": one.part,
        "heading": one.heading,
        "record_type": one.record_type,
        "column": one.column,
        "must": "Y" if one.record_type else "",
        "date_format": one.date_format,
        "separator": one.separator,
        "take": one.take,
    }


def _to_settle(
    proposals: list[Proposal], base: Layout | None, known: _Known, quarter: str, force: str
) -> list[str]:
    fed = {(one.record_type, one.column) for one in proposals}
    settle = [
        f"no heading is proposed for {kind}.{column}, which every return has to have"
        for kind, column in known.must
        if (kind, column) not in fed
    ]
    settle += [
        f"{one.heading!r}: {UNDECIDED}; "
        + (f"is it {one.date_format}?" if one.date_format else "write it into date_format")
        for one in proposals
        if known.kinds.get((one.record_type, one.column)) == "date"
        and (not one.date_format or UNDECIDED in one.because)
    ]
    settle += [
        f"{one.heading!r}: nothing is proposed; as it stands the column is ignored"
        for one in proposals
        if not one.record_type and one.confidence < 1
    ]
    settle.append(
        f"close the row that {force} now has in force_layouts.csv with a to_quarter"
        + (" before " + quarter if quarter else ", and fill in the from_quarter of the new one")
    )
    return settle
