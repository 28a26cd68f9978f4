"""Drafting: the layout rows proposed for files that no layout has been written for. A person decides.

draft({"extract.csv": Path("extract.csv")}, "kent", "2025-Q2").proposals

What a heading is called and what its cells are like decide together: each has to allow what is proposed. What only a
person can decide (two headings for one column, a date that reads two ways, cells that are on no list) stands under *To
settle*. Proposals carry no cell but the words of a role column (VIC, SUS), which the rows need.
"""

import fnmatch
import re
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from orchestration import quarters
from orchestration.home import SEEDS
from orchestration.returns.layouts import layout_for
from orchestration.returns.layouts.headings import Headings, known_headings
from orchestration.returns.layouts.matching import usual_words
from orchestration.returns.layouts.parts import RECORD_TYPES, Layout, LayoutError, Part, fits_sheet
from orchestration.returns.layouts.proposing import COULD_BE, Proposal, Proposed, propose, quoted
from orchestration.returns.layouts.unknown_files import BLANK_WORDS, MONTHS, Table, joined, look
from orchestration.returns.layouts.written import DELIMITERS

# A layout that has fewer of the files' headings is no base for them.
FROM_THE_BASE = 0.5
# What is less sure is listed for the person, though it is proposed.
TO_CONFIRM = 0.75
# Where a column's own cells leave the date format open, that of the other dates is no more than likely.
LIKELY = 0.5
UNDECIDED = "its cells leave the date format open"

DIALECT = (
    *("file_pattern", "format", "sheet", "banner_rows", "heading_rows", "example_rows"),
    *("encoding", "delimiter", "contains", "blank_values"),
)

Row = dict[str, str]


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


_Found = tuple[Table, Part | None, Proposed]


def draft(
    files: Mapping[str, Path], force: str, quarter: str = "", seeds: Path = SEEDS, heading_row: int = 0
) -> Draft:
    """The rows that would let these files (name -> path), one delivery of `force`, be read from `quarter` on.

    A layout that has most of the headings becomes the base, and only what differs is proposed; none does for
    a new crime system. `heading_row`: the row of the headings (the last of them), 0 where it has to be found.
    Raises NotATable or Unreadable for a file, ValueError for what is not a quarter.
    """
    if quarter:
        quarters.valid(quarter)
    known = known_headings(seeds)
    tables = joined([table for name, path in files.items() for table in look(name, path, seeds, heading_row)])
    base = _base(tables, known)
    if not base:
        tables = _of_one_encoding(tables)
    layout = f"{base.layout}-{force}" if base else force
    layout = f"{layout}-{quarter.lower()}" if layout in known.layouts else layout
    found = _proposals(tables, base, known)
    names = {file for table in tables for file in table.files}
    parts: list[Row] = []
    columns: list[Row] = []
    to_settle = _twice(found)
    for table, part, proposed in found:
        new = [one for one in proposed.proposals if not (part and _has(part, one))]
        rows = _part_rows(layout, table, proposed, part, names)
        if new or not part or any(row[cell] for row in rows for cell in DIALECT):
            parts += rows
        columns += [_column_row(layout, one, proposed) for one in new]
        to_settle += [*_gone(part, proposed.proposals), *_of_the_table(table, proposed)]
    if base and not parts:
        layout = base.layout
    every = [one for _, _, proposed in found for one in proposed.proposals]
    return Draft(
        layout,
        base.layout if base else "",
        parts,
        columns,
        _force_row(force, layout, quarter, seeds),
        every,
        list(dict.fromkeys([*to_settle, *_missing(every, known, bool(base)), *_to_settle(every, known)]))
        + _to_close(force, layout, quarter, seeds),
    )


def _of_one_encoding(tables: list[Table]) -> list[Table]:
    """ASCII reads alike in all encodings but UTF-16: such a file has that of the files it came with."""
    others = Counter(table.encoding for table in tables if table.encoding not in ("", "ascii", "utf-16"))
    usual = others.most_common(1)[0][0] if others else "utf-8"
    return [replace(table, encoding=usual) if table.encoding == "ascii" else table for table in tables]


def _proposals(tables: list[Table], base: Layout | None, known: Headings) -> list[_Found]:
    """Each table with the part of the base that it is most like, and a proposal for each of its headings."""
    like = [_part_like(table, base) if base else None for table in tables]
    usual = usual_words((heading for table in tables for heading in table.headings), known)
    proposed = [propose(table, part, known, usual) for table, part in zip(tables, like, strict=True)]
    dates = Counter(one.date_format for each in proposed for one in each.proposals if one.date_format)
    names: Counter[str] = Counter()
    found: list[_Found] = []
    for table, part, each in zip(tables, like, proposed, strict=True):
        proposals = each.proposals
        own = list(dict.fromkeys(one.part for one in proposals))
        if not part:
            # parts of one layout have names of their own: crimes, crimes-2
            again = max(names[name] for name in own)
            names.update(own)
            renamed = {name: f"{name}-{again + 1}" if again else name for name in own}
            proposals = [replace(one, part=renamed[one.part]) for one in proposals]
        proposals = _dated_alike(proposals, table, known, dates)
        found.append((table, part, replace(each, proposals=proposals)))
    return found


def _base(tables: list[Table], known: Headings) -> Layout | None:
    """The layout that has most of the files' headings, when that is at least half of them.

    Of several that have the same number, the one from which the files differ least otherwise.
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
        return replace(one, date_format=fits[0], confidence=min(one.confidence, LIKELY), because=because)

    return list(map(settled, proposals))


# From proposals to rows


def _part_rows(
    layout: str, table: Table, proposed: Proposed, part: Part | None, files: Iterable[str]
) -> list[Row]:
    """Rows of layouts.csv, one for each part that the table is; with a base only the cells that differ."""
    rows = []
    for name in dict.fromkeys(one.part for one in proposed.proposals):
        own = [one for one in proposed.proposals if one.part == name]
        kinds = [kind for kind in RECORD_TYPES if kind in {one.record_type for one in own}]
        repeats = max((proposed.repeats.get(kind, 0) for kind in kinds), default=0)
        roles = (
            proposed.roles
            if proposed.roles and kinds and set(kinds) <= proposed.roles.values.keys()
            else None
        )
        row = {
            "layout": layout,
            "based_on": part.layout if part else "",
            "part": name,
            "file_pattern": _pattern(table, name, files),
            "format": table.format,
            "sheet": _sheet(table),
            "banner_rows": str(table.banner_rows),
            "example_rows": str(table.example_rows),
            "encoding": table.encoding.replace("ascii", "utf-8"),
            "delimiter": next((name for name, mark in DELIMITERS.items() if mark == table.delimiter), ""),
            "contains": "+".join(kinds),
            "blank_values": "|".join(_blank_values(table)),
            "note": "",
            "heading_rows": str(table.heading_rows) if table.heading_rows > 1 else "",
            "repeats": str(repeats or ""),
            "when_heading": roles.heading if roles else "",
            "when_values": "|".join(roles.values[kinds[0]]) if roles else "",
            "when_ignored": "|".join(roles.ignored) if roles else "",
        }
        if part:
            different = _different(table, part)
            row |= {cell: "" for cell in DIALECT if cell not in different}
        rows.append(row)
    return rows


def _different(table: Table, part: Part) -> set[str]:
    """The cells of a layout's row that do not describe a table."""
    same = {
        "file_pattern": all(_fits(file, part.file_pattern) for file in table.files),
        "format": table.format == part.format,
        "sheet": part.sheet in (table.sheet, str(table.position))
        or all(fits_sheet(sheet, part.sheet) for sheet in table.sheets),
        "banner_rows": table.banner_rows == part.banner_rows,
        "heading_rows": table.heading_rows == part.heading_rows,
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


def _pattern(table: Table, part: str, files: Iterable[str]) -> str:
    """A pattern that next quarter's files of the same kind will fit and no other file that came: `*victim*.csv`,
    else `*.csv`, else the name without its numbers, or what several names share."""
    stem, ending = Path(table.file).stem, Path(table.file).suffix
    word = part.removesuffix("s")
    options = [f"*{word}*{ending}"] if word in stem.lower() and part in RECORD_TYPES else []
    options += [f"*{ending}", *_shared(list(table.files))]
    others = [other for other in files if other not in table.files]
    right = (
        option
        for option in options
        if all(_fits(file, option) for file in table.files)
        and not any(_fits(other, option) for other in others)
    )
    return next(right, Path(table.file).name)


def _shared(names: list[str]) -> list[str]:
    """The names without their numbers and months where that makes them one, else with what differs left out."""
    without = {re.sub(r"\d+", "*", MONTHS.sub("*", Path(name).stem)) + Path(name).suffix for name in names}
    if len(names) == 1:
        return [re.sub(r"\d+", "*", Path(names[0]).stem) + Path(names[0]).suffix, *without]
    if len(without) == 1:
        return [re.sub(r"\*+", "*", without.pop())]
    first, last = min(names), max(names)
    begin = next((i for i, pair in enumerate(zip(first, last, strict=False)) if pair[0] != pair[1]), 0)
    return [f"{first[:begin]}*{Path(first).suffix}"]


def _sheet(table: Table) -> str:
    """A sheet's name; of several, and of one named by its month, a pattern that next quarter's will fit."""
    if len(table.sheets) > 1 or MONTHS.search(table.sheet):
        patterns = {re.sub(r"\d+", "*", MONTHS.sub("*", sheet)) for sheet in table.sheets}
        return re.sub(r"\*+", "*", patterns.pop()) if len(patterns) == 1 else "*"
    return table.sheet


def _blank_values(table: Table) -> list[str]:
    """Words for blank that stand in several columns: in one they may be that column's code."""
    found = Counter(word for texts in table.cells.values() for word in set(texts) & set(BLANK_WORDS))
    return [word for word in BLANK_WORDS if found[word] > 2]


def _has(part: Part, one: Proposal) -> bool:
    return any(
        (row.heading, row.record_type, row.column, row.date_format)
        == (one.heading, one.record_type, one.column, one.date_format)
        for row in part.columns
    )


def _column_row(layout: str, one: Proposal, proposed: Proposed) -> Row:
    # of six suspects side by side only three may have an alias: what is not there six times is no must
    all_there = one.count in (1, proposed.repeats.get(one.record_type, one.count))
    return {
        "layout": layout,
        "part": one.part,
        "heading": one.heading,
        "record_type": one.record_type,
        "column": one.column,
        "must": "Y" if one.record_type and all_there else "",
        "date_format": one.date_format,
        "separator": one.separator,
        "take": one.take,
        "unit": "",
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


def _of_the_table(table: Table, proposed: Proposed) -> list[str]:
    """What of a table as a whole a person has to decide or ask for."""
    settle = [
        f"{quoted(heading)} stands over more than one column of {table.where}, and only one could be read: ask the force "
        "for a name for each"
        for heading in table.twice
    ]
    if proposed.roles and proposed.roles.others:
        settle.append(
            f"{quoted(proposed.roles.heading)}: {proposed.roles.others} rows have neither victim nor suspect in words of "
            "heading_words.csv; write their words into when_values of who they are, or into when_ignored"
        )
    return settle


def _gone(part: Part | None, found: list[Proposal]) -> list[str]:
    """Headings that the base has to have, that are not there, and whose column nothing else feeds."""
    if not part:
        return []
    fed = {(one.record_type, one.column) for one in found}
    return [
        f"{quoted(rows[0].heading)} of layout {part.layout} has gone and nothing took its place: ask the force for it, "
        "or give it a row of its own without must"
        for target, rows in part.sources.items()
        if target not in fed and any(row.must for row in rows)
    ]


def _missing(proposals: list[Proposal], known: Headings, with_base: bool) -> list[str]:
    """What every return has to have, and each part for the record types it contains, and nothing feeds."""
    fed = {(one.record_type, one.column) for one in proposals}
    settle = [
        f"no heading is proposed for {kind}.{column}, which every return has to have"
        for kind, column in known.must
        if (kind, column) not in fed
    ]
    parts: dict[str, set[tuple[str, str]]] = {}
    for one in proposals if not with_base else ():
        parts.setdefault(one.part, set()).add((one.record_type, one.column))
    return settle + [
        f"part {part}: no heading is proposed for {kind}.{column}; find it, or leave {kind} out of the part"
        for part, targets in parts.items()
        for kind, column in known.must
        if kind in {kind for kind, _ in targets} and (kind, column) not in targets and (kind, column) in fed
    ]


def _to_settle(proposals: list[Proposal], known: Headings) -> list[str]:
    """What a person has to decide on single headings before the rows can be used, a sentence each."""
    settle = []
    for one in proposals:
        is_date = known.kinds.get((one.record_type, one.column)) == "date"
        if is_date and not one.date_format:
            settle.append(f"{quoted(one.heading)}: {UNDECIDED}; write it into date_format")
        elif is_date and UNDECIDED in one.because:
            settle.append(f"{quoted(one.heading)}: {UNDECIDED}; is it {one.date_format}?")
        elif one.record_type and one.confidence < TO_CONFIRM:
            settle.append(f"{quoted(one.heading)}: is it {one.record_type}.{one.column}? {one.because}")
        elif one.because.startswith(COULD_BE):
            settle.append(
                f"{quoted(one.heading)}: {one.because}; decide which, for as it stands the column is ignored"
            )
        elif not one.record_type and one.confidence < 1:
            settle.append(f"{quoted(one.heading)}: nothing is proposed, so it is ignored ({one.because})")
    return settle


def _to_close(force: str, layout: str, quarter: str, seeds: Path) -> list[str]:
    if not quarter:
        return [f"write into force_layouts.csv from which quarter on {force} sends layout {layout}"]
    used = _used(force, quarter, seeds)
    if used in ("", layout):
        return []
    return [f"end {used} of {force} in force_layouts.csv with the to_quarter before {quarter}"]
