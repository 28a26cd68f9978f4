"""A table of a return as text, under the headings of its layout: what the readers of CSV and of workbooks both make."""

import re
from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv

from orchestration.returns import file_safety
from orchestration.returns.layouts.parts import Layout, Part
from orchestration.returns.look_alikes import heading as one_heading
from orchestration.returns.reasons import SHOWN, Reason, Unreadable, unreadable

# Files that a delivery may hold beside its records (see the return specification).
NIL = "NIL"
# what is quoted of a heading or the name of a sheet
LONGEST_NAME = 100
LOST_CHARACTERS = "\ufffd|\u00c3[\u0080-\u00bf]|\u00e2\u20ac"


@dataclass(frozen=True)
class Grid:
    """One table of a delivery as text. Columns by heading, dictionary-encoded: what follows (trimming, dates,
    splitting, de-duplication) then costs by distinct text and not by cell."""

    file: str
    sheet: str | None
    part: Part
    columns: dict[str, pa.DictionaryArray]
    first_record: int  # 1-based number of the first row kept: example rows are dropped but counted
    rows: int
    # what was met on the way that the cells do not show: (check code, record numbers)
    met: tuple[tuple[str, tuple[int, ...]], ...] = ()

    @property
    def where(self) -> str:
        return place_of(self.file, self.sheet)


def joined_headings(rows: list[list[str]]) -> list[str]:
    """The headings of a table, those of several rows above each other joined by a blank.

    A group's text stands in the first of the cells merged to its right: it is that of the blank cells after it.
    """
    *groups, last = [[one_heading(cell) for cell in row] for row in rows]
    width = len(last)
    above, filled = [""] * width, list(map(bool, last))
    for row in groups:
        text, of = "", ""
        for position, cell in enumerate((row + [""] * width)[:width]):
            # merged cells do not reach beyond the group above them
            text = cell if cell or above[position] != of else text
            of = above[position]
            above[position] = f"{of} {text}".strip()
            filled[position] |= bool(cell)
    # beside the last group a column without a text of its own is no column
    return [
        f"{over} {heading}".strip() if is_filled else ""
        for over, heading, is_filled in zip(above, last, filled, strict=True)
    ]


def check_width(columns: int, where: str) -> None:
    if columns > file_safety.MOST_COLUMNS:
        raise file_safety.too_wide(where, columns)


def check_count(where: str, read: int, counted: int) -> None:
    if read != counted:
        raise unreadable(
            "ST16",
            f"{where}: {read} records were read, but {counted} are there by an independent count; look for "
            "quotation marks that do not pair, and export the file again.",
        )


def lost_characters(arrays: list[pa.DictionaryArray], first_record: int) -> tuple[int, ...]:
    """Numbers of the records with a character that the export lost or read in the wrong encoding."""
    found: set[int] = set()
    for array in arrays:
        lost = pc.match_substring_regex(array.dictionary, LOST_CHARACTERS)
        if pc.any(lost).as_py():
            found.update(np.flatnonzero(lost.take(array.indices).to_numpy(zero_copy_only=False)).tolist())
    return tuple(row + first_record for row in sorted(found))


def known_columns(
    headings: list[str], part: Part, layout: Layout, where: str, heading_row: int
) -> tuple[list[str], list[str]]:
    """Headings that are not blank, and those of them that the layout has not. Raises Unreadable where these are
    most: it is another file, or not its heading row."""
    named = [heading for heading in headings if heading]
    unknown = [heading for heading in named if heading not in part.headings]
    if len(unknown) * 2 > len(named) or not named:
        # Not quoted: without its heading row a file's first record stands here.
        raise unreadable(
            "ST12",
            f"{where}: row {heading_row} has {len(named)} headings, of which {len(unknown)} are unknown; "
            f"layout {layout.layout} expects {_quoted(part.headings)} there; is it another file, or is the "
            "heading row elsewhere?",
        )
    return named, unknown


def by_heading(
    headings: list[str],
    arrays: list[pa.DictionaryArray],
    part: Part,
    layout: Layout,
    where: str,
    heading_row: int,
) -> dict[str, pa.DictionaryArray]:
    """Columns by heading. Raises Unreadable where the headings are not those of the layout."""
    named, unknown = known_columns(headings, part, layout, where, heading_row)
    feeds = part.feeds_there(named)
    missing = [
        " or ".join(dict.fromkeys(row.heading for row in rows))
        for feed in feeds
        for rows in feed.columns.values()
        if any(row.must for row in rows) and not any(row.heading in named for row in rows)
    ]
    missing += [kind.heading for kind in part.row_kinds if kind.heading not in named]
    missing = list(dict.fromkeys(missing))
    expected = f"layout {layout.layout} expects"
    reasons: list[Reason] = []

    def wrong(code: str, sentence: str) -> None:
        reasons.append(Reason(code, f"{where}: {sentence}"))

    if unknown:
        wrong(
            "ST07",
            f"unknown heading {few_of(unknown)}; {expected} {_quoted(missing or part.headings)}"
            f"{' instead' if missing else ''}; rename or remove the column{_more_groups(unknown, part)}.",
        )
    elif missing:
        wrong(
            "ST08",
            f"heading {_quoted(missing)} is missing; {expected} it, and row {heading_row} has "
            f"{few_of(named)}; add the column, blank if it holds nothing.",
        )
    if twice := sorted({heading for heading in named if named.count(heading) > 1}):
        wrong("ST09", f"heading {few_of(twice)} stands more than once; keep one column of each.")
    for feed in feeds:
        for rows in feed.columns.values():
            aliases = list(dict.fromkeys(row.heading for row in rows if row.heading in named))
            if len(aliases) > 1:
                wrong("ST10", f"{_quoted(aliases)} mean the same column; keep one of them.")
    for position, (heading, array) in enumerate(zip(headings, arrays, strict=True), 1):
        if not heading and pc.any(pc.not_equal(pc.utf8_trim_whitespace(array.dictionary), "")).as_py():
            wrong("ST11", f"column {position} holds text but has no heading; name or remove it.")
    if reasons:
        raise Unreadable(*dict.fromkeys(reasons))
    return {heading: array for heading, array in zip(headings, arrays, strict=True) if heading}


def _more_groups(unknown: list[str], part: Part) -> str:
    """The reason for headings that are one more of those side by side: removing them would lose persons."""
    fed = {re.sub("[0-9]+", "", row.heading): row.group for row in part.columns if row.group}
    groups = [fed[shape] for heading in unknown if (shape := re.sub("[0-9]+", "", heading)) in fed]
    return (
        f", but not where it holds a person: the layout has {max(groups)} side by side, and repeats in "
        "seeds/layouts/layouts.csv takes more"
        if groups
        else ""
    )


def place_of(file: str, sheet: str | None) -> str:
    return f"{file}, sheet {sheet}" if sheet else file


def _quoted(names: Iterable[str]) -> str:
    return ", ".join(f"'{name}'" for name in names)


def few_of(names: list[str]) -> str:
    """Names that a file has, which may be thousands and of any length."""
    short = [name if len(name) <= LONGEST_NAME else f"{name[:LONGEST_NAME]}…" for name in names[:SHOWN]]
    return _quoted(short) + (f" and {len(names) - SHOWN:,} more" if len(names) > SHOWN else "")
