"""Drafting: the layout rows proposed for files that no layout has been written for. A person decides.

draft({"extract.csv": Path("extract.csv")}, "kent", "2025-Q2").proposals

What a heading is called counts first (the headings of every layout, then their words), what its cells look
like second: dates and their format, codes that the seeds list, flags. Proposals carry no cell.
"""

from __future__ import annotations

import fnmatch
import re
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import NamedTuple

from orchestration import quarters
from orchestration.home import SEEDS
from orchestration.returns.headings import OF_ANOTHER, PERSONS, Headings, known_headings, words_of
from orchestration.returns.layouts import DELIMITERS, RECORD_TYPES, Layout, LayoutError, Part, layout_for
from orchestration.returns.unknown_files import BLANK_WORDS, Cells, Table, look

# Below it a heading is left to the person. With the layouts of each crime system held back in turn, the made-up
# files of 13 forces have 565 headings: 561 came out right, 4 were left open. The list of words was made with
# these in view; with only the words for victim and suspect 478 come out right, 71 are left open, 16 are wrong.
SURE = 0.5
ALIKE = 0.6
# A layout that knows fewer of the files' headings is no base for them.
FROM_THE_BASE = 0.5
CODE_AND_TEXT = " - "
SHAPES = {
    "local_authority": (r"[EW]0[6-9]\d{6}", 0.6, "its cells are ONS codes"),
    "nationality": (r"[A-Z]{3}", 0.3, "its cells have three letters"),
}
# names, descriptions and summaries are words: a column of dates or numbers is none of them
WORDED = (r".*[A-Za-z]{2}.*", 0.0, "its cells are words")
UNDECIDED = "its cells leave the date format open"

DIALECT = (
    *("file_pattern", "format", "sheet", "banner_rows", "example_rows"),
    *("encoding", "delimiter", "contains", "blank_values"),
)

Row = dict[str, str]
Target = tuple[str, str]
"""Record type and column."""


class _Fit(NamedTuple):
    """How a column's cells fit a target: the share that do (None where there are none), how telling that is
    of this target alone, and the separator where a code and its description share a cell."""

    share: float | None
    telling: float
    because: str
    separator: str = ""


class Match(NamedTuple):
    """What a heading probably feeds, how sure that is (0 to 1) and why."""

    confidence: float
    target: Target
    because: str
    separator: str


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
    layouts: list[Row]
    layout_columns: list[Row]
    force_layouts: list[Row]
    proposals: list[Proposal]
    to_settle: list[str]


_Found = tuple[Table, Part | None, list[Proposal]]


def draft(files: Mapping[str, Path], force: str, quarter: str = "", seeds: Path = SEEDS) -> Draft:
    """The rows that would let these files (name -> path), one delivery of `force`, be read from `quarter` on.

    A layout that knows most of the headings becomes the base, and only what differs is proposed; none does for
    a new crime system. Raises NotATable or Unreadable for a file, ValueError for a quarter that is none.
    """
    if quarter:
        quarters.valid(quarter)
    known = known_headings(seeds)
    tables = [table for name, path in files.items() for table in look(name, path, seeds)]
    base = _base(tables, known)
    if not base:
        tables = _of_one_encoding(tables)
    layout = _new_name(f"{base.layout}-{force}" if base else force, quarter, known)
    found = _proposals(tables, base, known)
    names = {table.file for table in tables}
    parts: list[Row] = []
    columns: list[Row] = []
    to_settle = _twice(found)
    for table, part, proposals in found:
        new = [one for one in proposals if not (part and _says(part, one))]
        row = _part_row(layout, table, proposals, part, names)
        if new or not part or any(row[cell] for cell in DIALECT):
            parts.append(row)
        columns += [_column_row(layout, one) for one in new]
        to_settle += _gone(part, proposals)
    if base and not parts:
        layout = base.layout
    every = [one for _, _, proposals in found for one in proposals]
    return Draft(
        layout,
        base.layout if base else "",
        parts,
        columns,
        _force_row(force, layout, quarter, seeds),
        every,
        to_settle + _to_settle(every, known) + _to_close(force, layout, quarter, seeds),
    )


def _new_name(name: str, quarter: str, known: Headings) -> str:
    return f"{name}-{quarter.lower()}" if name in known.layouts else name


def _of_one_encoding(tables: list[Table]) -> list[Table]:
    """ASCII reads alike in all encodings but UTF-16: such a file has that of the files it came with."""
    others = Counter(table.encoding for table in tables if table.encoding not in ("", "ascii", "utf-16"))
    usual = others.most_common(1)[0][0] if others else "utf-8"
    return [replace(table, encoding=usual) if table.encoding == "ascii" else table for table in tables]


# From headings to columns


def _proposals(tables: list[Table], base: Layout | None, known: Headings) -> list[_Found]:
    """Each table with the part of the base that it is most like, and a proposal for each of its headings."""
    like = [_part_like(table, base) if base else None for table in tables]
    proposed = [_propose(table, part, known) for table, part in zip(tables, like, strict=True)]
    dates = Counter(one.date_format for proposals in proposed for one in proposals if one.date_format)
    names: Counter[str] = Counter()
    found: list[_Found] = []
    for table, part, proposals in zip(tables, like, proposed, strict=True):
        name = proposals[0].part
        names[name] += 1
        if not part and names[name] > 1:
            # parts of one layout have names of their own: crimes, crimes-2
            proposals = [replace(one, part=f"{name}-{names[name]}") for one in proposals]
        found.append((table, part, _dated_alike(proposals, table, known, dates)))
    return found


def _base(tables: list[Table], known: Headings) -> Layout | None:
    """The layout that knows most of the files' headings, when that is at least half of them.

    Of several that know the same, the one from which the files differ least otherwise.
    """

    def nearness(layout: Layout) -> tuple[int, int, int]:
        parts = [_part_like(table, layout) for table in tables]
        pairs = list(zip(tables, parts, strict=True))
        known = sum(len(set(table.headings) & set(part.headings)) for table, part in pairs)
        expected = sum(len(part.headings) for part in layout.parts)
        return known, -sum(map(len, (_different(*pair) for pair in pairs))), -expected

    best = max(known.layouts.values(), key=nearness, default=None)
    total = sum(len(table.headings) for table in tables)
    return best if best and nearness(best)[0] >= FROM_THE_BASE * total else None


def _part_like(table: Table, layout: Layout) -> Part:
    return max(layout.parts, key=lambda part: len(set(part.headings) & set(table.headings)))


def _propose(table: Table, part: Part | None, known: Headings) -> list[Proposal]:
    """A proposal (several for a heading that feeds several columns) for each heading of a table."""
    name = part.part if part else _part_name(table)
    found: list[Proposal] = []
    taken: set[Target] = set()
    unknown = []
    for heading in table.headings:
        rows = [column for column in part.columns if column.heading == heading] if part else []
        if not rows:
            unknown.append(heading)
        for row in rows:
            shape = row.date_format
            if shape and not row.separator:
                shape = _shape(table, heading, shape)
            take, because = str(row.take or ""), f"a heading of layout {part.layout}"
            found.append(
                Proposal(name, heading, row.record_type, row.column, shape, row.separator, take, 1.0, because)
            )
            taken.add((row.record_type, row.column))
    kinds = part.contains if part else RECORD_TYPES
    matched = match(table, unknown, (target for target in _of(kinds, known) if target not in taken), known)
    if not part:
        # once it is plain whose columns these are, the headings that name no person are theirs
        kinds = _kinds(matched, table)
        persons = [kind for kind in kinds if kind in PERSONS]
        person = persons[0] if len(persons) == 1 else ""
        matched = match(table, unknown, _of(kinds, known), known, person)
    for heading in unknown:
        found += _proposals_of(name, heading, table, kinds, matched.get(heading), known)
    return found


def _of(kinds: Iterable[str], known: Headings) -> list[Target]:
    return [target for target in known.kinds if target[0] in kinds]


def match(
    table: Table, headings: Iterable[str], targets: Iterable[Target], known: Headings, person: str = ""
) -> dict[str, Match]:
    """heading -> what it probably feeds of `targets`: best pairs first, each heading and each column once.

    person: the record type whose columns those headings are that name neither victim nor suspect.
    """
    looks = {heading: table.look_of(heading) for heading in headings}
    pairs: list[tuple[str, Match]] = []
    for target in targets:
        for heading in looks:
            score, text = known.alike(heading, target, person)
            because = f"like {text!r}" if score >= ALIKE else f"a little like {text!r}"
            fit = _fit(looks[heading], target, known)
            if fit.share is not None and fit.share < 0.5:
                score *= 0.4
            elif fit.share is not None and fit.share > 0.8:
                score += (1 - score) * fit.telling
                because = f"{because}; {fit.because}"
            if score >= SURE:
                pairs.append((heading, Match(round(score, 2), target, because, fit.separator)))
    matched: dict[str, Match] = {}
    used: set[Target] = set()
    for heading, found in sorted(pairs, key=lambda pair: -pair[1].confidence):
        if heading not in matched and found.target not in used and not _same_elsewhere(found.target, used):
            matched[heading] = found
            used.add(found.target)
    return matched


def _fit(cells: Cells, target: Target, known: Headings) -> _Fit:
    kind, column = known.kinds[target], target[1]
    if not cells.texts:
        return _Fit(None, 0, "")
    if kind == "date":
        return _Fit(float(bool(cells.date_formats)), 0.2, "its cells are dates")
    if kind == "flag":
        listed = known.spellings["flag"]
        return _Fit(cells.share(lambda text: text.lower() in listed), 0.2, "its cells are flags")
    if kind == "integer":
        most = 120 if column == "age_at_offence" else 99
        numbers = cells.share(lambda text: text.isdecimal() and int(text) <= most)
        return _Fit(numbers, 0.1, "its cells are numbers")
    if column == "offence_code":
        return _Fit(cells.share(known.is_offence), 0.5, "its cells are offence codes")
    if kind == "code":
        return _fit_code(cells, column, known)
    if column.endswith("reference"):
        return _Fit(cells.share(re.compile(r"STATE|.*\d.*").fullmatch), 0.05, "its cells are references")
    pattern, telling, because = SHAPES.get(column, WORDED)
    return _Fit(cells.share(re.compile(pattern, re.DOTALL).fullmatch), telling, because)


def _fit_code(cells: Cells, column: str, known: Headings) -> _Fit:
    listed = known.spellings[column]
    because = f"its cells are codes of {column.replace('_', ' ')}"
    # a list of numbers fits ages and counts as well
    telling = 0.3 if cells.share(str.isdecimal) < 0.5 else 0.1
    described = cells.share(lambda text: CODE_AND_TEXT in text and _code(text) in listed)
    if described > 0.3:
        return _Fit(cells.share(lambda text: _code(text) in listed), telling, because, CODE_AND_TEXT)
    return _Fit(cells.share(lambda text: text.lower() in listed), telling, because)


def _code(text: str) -> str:
    return text.split(CODE_AND_TEXT)[0].lower()


def _same_elsewhere(target: Target, used: set[Target]) -> bool:
    """The crime's reference is one heading, whatever record types of a part it stands for."""
    return target[1] == "crime_reference" and any(column == "crime_reference" for _, column in used)


def _kinds(matched: dict[str, Match], table: Table) -> tuple[str, ...]:
    """The record types of a table: by its name, else by whose columns its headings say they are.

    A row that names a victim and a suspect, and says nothing more of the victim, is a suspect's.
    """
    named = words_of(f"{Path(table.file).stem} {table.sheet}")
    targets = [found.target for found in matched.values()]
    crimes = sum(kind == "crimes" and column not in OF_ANOTHER for kind, column in targets)
    by_name = [kind for kind, word in PERSONS.items() if word in named]
    found = by_name if crimes < 4 else []
    if not found:
        own: Counter[str] = Counter()
        for heading, (kind, column) in zip(matched, targets, strict=True):
            if PERSONS.get(kind) in words_of(heading) and column != "relationship":
                own[kind] += 1 if column == "victim_reference" else 2
        found = (
            [kind for kind in PERSONS if own[kind] > 1] or [kind for kind in PERSONS if own[kind]] or by_name
        )
    return (*(("crimes",) if crimes > 1 else ()), *found) or RECORD_TYPES


def _proposals_of(
    name: str,
    heading: str,
    table: Table,
    kinds: Iterable[str],
    matched: Match | None,
    known: Headings,
) -> list[Proposal]:
    if joined := _name_and_birth(name, heading, table, kinds):
        return joined
    if not matched:
        return [Proposal(name, heading, "", "", "", "", "", 0.0, "like no heading and no code list we have")]
    score, (record_type, column), because, separator = matched
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
    formats = table.look_of(heading).date_formats
    if expected in formats or (expected and not formats):
        return expected
    # a workbook's dates arrive as ISO whatever the sheet shows, and a layout's own format is then not needed
    if expected and table.format != "csv" and formats == ["%Y-%m-%d"]:
        return expected
    if not formats and not table.cells[heading]:
        return "%Y-%m-%d" if table.format != "csv" else ""
    return formats[0] if len(formats) == 1 else ""


def _dated_alike(
    proposals: list[Proposal], table: Table, known: Headings, elsewhere: Counter[str]
) -> list[Proposal]:
    """Where a column's own cells do not decide its date format, that of most other dates, here or elsewhere."""
    here = Counter(one.date_format for one in proposals if one.date_format and not one.separator)
    usual = [shape for shape, _ in (*here.most_common(), *elsewhere.most_common())]

    def settled(one: Proposal) -> Proposal:
        if known.kinds.get((one.record_type, one.column)) != "date" or one.date_format:
            return one
        cells = table.look_of(one.heading)
        fits = [shape for shape in usual if not cells.texts or shape in cells.date_formats]
        if not fits:
            return one
        because = f"{one.because}; {UNDECIDED}, so written as the other dates"
        return replace(one, date_format=fits[0], confidence=min(one.confidence, SURE), because=because)

    return list(map(settled, proposals))


def _name_and_birth(name: str, heading: str, table: Table, kinds: Iterable[str]) -> list[Proposal]:
    """`surname- forename- date` in one cell."""
    pieces = [text.split("- ") for text in table.look_of(heading).texts]
    births = Cells(tuple(parts[2] for parts in pieces if len(parts) == 3 and parts[2]))
    words = words_of(heading)
    kind = next((kind for kind in kinds if PERSONS.get(kind) in words), "")
    formats = births.date_formats
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
    named = words_of(Path(table.file).stem)
    for part, word in (("victims", "victim"), ("suspects", "suspect"), ("crimes", "crime")):
        if word in named:
            return part
    return "all"


def _part_row(
    layout: str, table: Table, found: list[Proposal], part: Part | None, files: Iterable[str]
) -> Row:
    """A row of layouts.csv; with a base only the cells that differ."""
    row = {
        "layout": layout,
        "based_on": part.layout if part else "",
        "part": found[0].part,
        "file_pattern": _pattern(table.file, found[0].part, files),
        "format": table.format,
        "sheet": table.sheet,
        "banner_rows": str(table.banner_rows),
        "example_rows": str(table.example_rows),
        "encoding": table.encoding.replace("ascii", "utf-8"),
        "delimiter": next((name for name, mark in DELIMITERS.items() if mark == table.delimiter), ""),
        "contains": "+".join(kind for kind in RECORD_TYPES if kind in {one.record_type for one in found}),
        "blank_values": "|".join(_blank_values(table)),
        "note": "",
    }
    if part:
        different = _different(table, part)
        row |= {cell: "" for cell in DIALECT if cell not in different}
    return row


def _different(table: Table, part: Part) -> set[str]:
    """The cells of a layout's row that do not describe a table."""
    same = {
        "file_pattern": _fits(table.file, part.file_pattern),
        "format": table.format == part.format,
        "sheet": part.sheet in (table.sheet, str(table.position)),
        "banner_rows": table.banner_rows == part.banner_rows,
        "example_rows": table.example_rows == part.example_rows,
        "encoding": _reads_as(table.encoding, part.encoding),
        "delimiter": table.delimiter in ("", part.delimiter),
        "blank_values": set(_blank_values(table)) <= set(part.blank_values),
    }
    return {cell for cell, is_same in same.items() if not is_same}


def _reads_as(found: str, expected: str) -> bool:
    """Whether text found to be in one encoding reads the same in another ("" is a workbook)."""
    alike = {"": (expected,), "ascii": ("utf-8", "utf-8-sig", "cp1252", "latin-1"), "utf-8": ("utf-8-sig",)}
    return found == expected or expected in alike.get(found, ())


def _fits(file: str, pattern: str) -> bool:
    return fnmatch.fnmatchcase(Path(file).name.lower(), pattern.lower())


def _pattern(file: str, part: str, files: Iterable[str]) -> str:
    """A pattern that next quarter's file of the same kind will fit and no other file that came: `*victim*.csv`,
    else `*.csv`, else the name without its numbers."""
    stem, ending = Path(file).stem, Path(file).suffix
    word = part.removesuffix("s")
    options = [f"*{word}*{ending}"] if word in stem.lower() and part in RECORD_TYPES else []
    options += [f"*{ending}", re.sub(r"\d+", "*", stem) + ending]
    others = [other for other in files if other != file]
    alone = (option for option in options if not any(_fits(other, option) for other in others))
    return next(alone, Path(file).name)


def _blank_values(table: Table) -> list[str]:
    """Words for blank that stand in several columns: in one they may be that column's code."""
    found = Counter(word for texts in table.cells.values() for word in set(texts) & set(BLANK_WORDS))
    return [word for word in BLANK_WORDS if found[word] > 2]


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


def _force_row(force: str, layout: str, quarter: str, seeds: Path) -> list[Row]:
    if _used(force, quarter, seeds) == layout:
        return []
    note = "drafted from a file; checked by:"
    return [
        {"delivered_as": force, "layout": layout, "from_quarter": quarter, "to_quarter": "", "note": note}
    ]


def _used(force: str, quarter: str, seeds: Path) -> str:
    """The layout that a force has in a quarter already."""
    try:
        return layout_for(force, quarter, seeds).layout
    except LayoutError:
        return ""


def _twice(found: list[_Found]) -> list[str]:
    counts = Counter(part.part for _, part, _ in found if part)
    return [
        f"{name}: {count} tables look like this one part; leave one out, or send the return in parts"
        for name, count in counts.items()
        if count > 1
    ]


def _gone(part: Part | None, found: list[Proposal]) -> list[str]:
    """Headings that the base has to have, that are not there, and whose column nothing else feeds."""
    fed = {(one.record_type, one.column) for one in found}
    return [
        f"{rows[0].heading!r} of layout {part.layout} has gone and nothing took its place: ask the force for it, "
        "or give it a row of its own without must"
        for target, rows in (part.sources.items() if part else ())
        if target not in fed and any(row.must for row in rows)
    ]


def _to_settle(proposals: list[Proposal], known: Headings) -> list[str]:
    """What a person has to say before the rows can be used, a sentence each."""
    settle = [
        f"no heading is proposed for {kind}.{column}, which every return has to have"
        for kind, column in known.must
        if (kind, column) not in {(one.record_type, one.column) for one in proposals}
    ]
    for one in proposals:
        is_date = known.kinds.get((one.record_type, one.column)) == "date"
        if is_date and not one.date_format:
            settle.append(f"{one.heading!r}: {UNDECIDED}; write it into date_format")
        elif is_date and UNDECIDED in one.because:
            settle.append(f"{one.heading!r}: {UNDECIDED}; is it {one.date_format}?")
        elif not one.record_type and one.confidence < 1:
            settle.append(f"{one.heading!r}: nothing is proposed; as it stands the column is ignored")
    return settle


def _to_close(force: str, layout: str, quarter: str, seeds: Path) -> list[str]:
    if not quarter:
        return [f"write into force_layouts.csv from which quarter on {force} sends layout {layout}"]
    used = _used(force, quarter, seeds)
    if used in ("", layout):
        return []
    return [f"end {used} of {force} in force_layouts.csv with the to_quarter before {quarter}"]
