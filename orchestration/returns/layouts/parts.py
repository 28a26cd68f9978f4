"""What a layout is: its parts, the headings of each, and the columns of the return that they feed."""

import re
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property

from orchestration.returns import look_alikes
from orchestration.stopping import Stopped

RECORD_TYPES = ("crimes", "victims", "suspects")

# what a bare number under a heading counts; in the text of a cell staging reads the unit itself
UNITS = ("years", "months")

# stands in a heading for 1, 2, … up to the part's `repeats`
GROUP = "{n}"

# the column with which person it is, in each group of persons side by side
REFERENCES = {"crimes": "crime_reference", "victims": "victim_reference", "suspects": "suspect_reference"}


Row = dict[str, str]


class LayoutError(Stopped, ValueError):
    """The layout seeds contradict themselves, or lack what was asked: names the rows to correct."""

    code = 2


@dataclass(frozen=True)
class Condition:
    """Rows whose text under `heading` is one of `values` (as `compared`)."""

    heading: str
    values: tuple[str, ...]


@dataclass(frozen=True)
class Column:
    """One heading of a part feeding one column of one record type; record_type "" is a heading we ignore.

    `place`: of the records of its type that one row may hold, the one it feeds. `group`: which of the headings side
    by side it is (SUSPECT2_ID: 2), 0 where it stands once.
    """

    heading: str
    record_type: str
    column: str
    must: bool
    date_format: str
    separator: str
    take: int
    unit: str = ""
    place: int = 1
    group: int = 0
    when: Condition | None = None
    part: str = ""


@dataclass(frozen=True)
class Feed:
    """One record that a row may hold: column -> the headings that may feed it (aliases), and in which rows."""

    record_type: str
    place: int
    group: int
    when: Condition | None
    part: str
    columns: dict[str, tuple[Column, ...]]


@dataclass(frozen=True)
class Part:
    """One table of a layout: a CSV file, or a sheet of a workbook (each sheet whose name fits, where it has a `*`).

    Rows of the seed that read the same table are one part. `layout` is the one whose code spellings its records have:
    in a return written by two crime systems, the layout that the part is based on, else the part's own.
    """

    layout: str
    part: str
    file_pattern: str
    format: str
    sheet: str
    banner_rows: int
    example_rows: int
    encoding: str
    delimiter: str
    contains: tuple[str, ...]
    blank_values: tuple[str, ...]
    columns: tuple[Column, ...]
    heading_rows: int = 1
    repeats: int = 0
    when: Condition | None = None
    # heading -> every text it may have, for the headings with what a row is
    row_kinds: tuple[Condition, ...] = ()

    @cached_property
    def headings(self) -> tuple[str, ...]:
        """Every heading the layout has for this part, once each, in the order of the seed."""
        return tuple(dict.fromkeys(column.heading for column in self.columns))

    @cached_property
    def sources(self) -> dict[tuple[str, str], tuple[Column, ...]]:
        """(record type, column) -> the headings that may feed it; more than one are aliases."""
        sources: dict[tuple[str, str], list[Column]] = defaultdict(list)
        for column in self.columns:
            if column.record_type:
                sources[column.record_type, column.column].append(column)
        return {key: tuple(columns) for key, columns in sources.items()}

    def of(self, record_type: str) -> dict[str, tuple[Column, ...]]:
        """column -> headings that may feed it, for one record type of the part."""
        return {column: rows for (kind, column), rows in self.sources.items() if kind == record_type}

    @cached_property
    def feeds(self) -> tuple[Feed, ...]:
        """The records that a row of the part may hold: one of each type, more where the layout has it so."""
        of: dict[tuple[str, int], list[Column]] = defaultdict(list)
        for column in self.columns:
            if column.record_type:
                of[column.record_type, column.place].append(column)
        feeds = []
        for (kind, place), columns in of.items():
            fed: dict[str, list[Column]] = defaultdict(list)
            for column in columns:
                fed[column.column].append(column)
            group = max(column.group for column in columns)
            one = columns[0]
            feeds.append(
                Feed(
                    kind, place, group, one.when, one.part, {name: tuple(rows) for name, rows in fed.items()}
                )
            )
        return tuple(feeds)

    def feeds_there(self, headings: Iterable[str]) -> tuple[Feed, ...]:
        """The same but for the last groups of which a file has no heading: six suspects side by side are up to six."""
        headings, there = set(headings), []
        wanted: set[tuple[str, str]] = set()
        for feed in reversed(self.feeds):
            group = feed.record_type, feed.part
            own = {one.heading for rows in feed.columns.values() for one in rows if one.group}
            if feed.group < 2 or group in wanted or own & headings:
                wanted.add(group)
                there.append(feed)
        return tuple(reversed(there))


@dataclass(frozen=True)
class Layout:
    """All parts of a return, with everything inherited from the layouts it is based on filled in."""

    layout: str
    parts: tuple[Part, ...]

    def part(self, name: str) -> Part:
        return next(part for part in self.parts if part.part == name)


def compared(text: str) -> str:
    """A word as the words of a condition are compared: look-alikes and case aside."""
    return look_alikes.heading(text).casefold()


def is_pattern(sheet: str) -> bool:
    """Whether a part's sheet is any whose name fits; no sheet of a workbook has these marks in its name."""
    return "*" in sheet or "?" in sheet


def fits_sheet(name: str, pattern: str) -> bool:
    """Whether a sheet's name is that of a part, or one that its pattern (`*`, `?`) lets in."""
    if not is_pattern(pattern):
        return name == pattern
    shape = re.escape(look_alikes.heading(pattern).casefold()).replace(r"\*", ".*").replace(r"\?", ".")
    return bool(re.fullmatch(shape, look_alikes.heading(name).casefold()))
