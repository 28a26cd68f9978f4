"""Text to records: a grid's cells under the columns of the return specification, still as text."""

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from orchestration.returns import days, repairs
from orchestration.returns.grids import Grid
from orchestration.returns.layouts.parts import RECORD_TYPES, Column, Condition, Feed, compared
from orchestration.returns.layouts.written import return_columns
from orchestration.returns.look_alikes import plain
from orchestration.returns.reasons import Reason, Unreadable

# Arrow takes 0.2 ms for what is asked of a column, however few its texts: the 10,000 columns of a year took 2 s so.
FEW = 60
BARE_NUMBER = re.compile(r"[0-9]+(?:\.[0-9]+)?")
# dates and dates of birth recur in every return: every day of 270 years
MOST_KNOWN = 100_000

# Above a half the column is written in another way than in the layout; below it single cells are, which rules check.
MOST = 0.5
FEWEST = 3
DECIDES = "recorded_on"

# What a row of a flat file holds of the suspect's victim or of the crime is no suspect.
NOT_THE_PERSON = {
    "crimes": set(),
    "victims": {"crime_reference"},
    "suspects": {"crime_reference", "victim_reference"},
}


def records(
    grids: list[Grid], notes: list[repairs.Note] | None = None, forces: Iterable[str] = ()
) -> dict[str, pa.Table]:
    """All records of a delivery by record type: layout, file, sheet, record_number, then the specification's columns.

    Trimmed of outer white space; blank is null. Of the parts of a flat file's rows that are equal in every
    column the first is kept, so that 2 victims x 3 suspects in 6 rows are one crime.
    Spreadsheet damage is undone where that is exact; what was met is added to `notes`. `forces`: whose return it is.
    Raises Unreadable where a column's dates are not written as the layout has them, or a row does not hold what it is.
    """
    notes = [] if notes is None else notes
    lost_zeros = repairs.lost_zeros(forces)
    found: dict[str, list[pa.Table]] = {kind: [] for kind in RECORD_TYPES}
    reasons: list[Reason] = []
    for grid in grids:
        cells = _Cells(grid, lost_zeros)
        for code, numbers in grid.met:
            notes.append(
                repairs.Note(
                    code, grid.part.contains[0], grid.file, grid.sheet, None, np.array(numbers, np.int32)
                )
            )
        for feed in grid.part.feeds:
            found[feed.record_type].append(_records(grid, cells, feed, notes))
        reasons += [*cells.written_otherwise(), *_without_kind(grid, cells)]
    if reasons:
        raise Unreadable(*reasons)
    return {kind: pa.concat_tables(tables) if tables else _table(kind) for kind, tables in found.items()}


def filled_rows(grid: Grid) -> int:
    """Rows of a grid with text in any cell."""
    cells = _Cells(grid, {})
    return int(_any_filled([_codes(cells.plain(heading)) for heading in grid.columns], grid.rows).sum())


@dataclass(frozen=True)
class _Column:
    """A column's cells: the place of each one's text, -1 where it is blank, in which rows a check code was met, and in
    how many a date is written in another way than the layout has it."""

    codes: np.ndarray
    texts: pa.StringArray
    met: dict[str, np.ndarray]
    otherwise: int = 0


class _Cells:
    """A grid's columns, cleaned, split and dated once each, however many record types they feed."""

    def __init__(self, grid: Grid, lost_zeros: dict[str, str]) -> None:
        self._grid = grid
        self._origin = repairs.Origin(
            workbook=grid.part.format != "csv",
            from_1904=any(code == "RP60" for code, _ in grid.met),
            lost_zeros=lost_zeros,
        )
        self._blank = pa.array(["", *grid.part.blank_values], pa.string())
        self._codes: dict[str, np.ndarray] = {}
        self._plain: dict[str, pa.DictionaryArray] = {}
        self._repaired: dict[tuple, _Column] = {}

    def plain(self, heading: str) -> pa.DictionaryArray:
        if heading not in self._plain:
            column = self._grid.columns[heading]
            text = pc.utf8_trim_whitespace(column.dictionary)
            self._plain[heading] = self._recoded(column, text)
        return self._plain[heading]

    def of(self, column: Column) -> _Column:
        # a reference feeds three record types: looked at once
        key = (
            *(column.heading, column.separator, column.take, column.date_format, column.unit),
            repairs.kind(column),
        )
        if key not in self._repaired:
            few = len(self._grid.columns[column.heading].dictionary) <= FEW
            self._repaired[key] = self._recurring(column) if few or column.date_format else self._many(column)
        return self._repaired[key]

    def rows_of(self, condition: Condition) -> np.ndarray:
        """In which rows a heading has one of the condition's words."""
        if condition.heading not in self._grid.columns:
            return np.zeros(self._grid.rows, bool)
        cells = self.plain(condition.heading)
        texts = enumerate(cells.dictionary.to_pylist())
        positions = [place for place, text in texts if compared(text or "") in condition.values]
        return np.isin(_codes(cells), positions)

    def written_otherwise(self) -> list[Reason]:
        """A reason for the headings most of whose dates are written in another way than in the layout."""
        shapes: dict[str, str] = {}
        for column in self._grid.part.columns:
            if column.date_format and column.heading in self._grid.columns:
                found = self.of(column)
                # a crime without the day it was recorded is lost, so of that column one cell may be most
                fewest = 0 if column.column == DECIDES else FEWEST
                if found.otherwise > max(fewest, MOST * int((found.codes >= 0).sum())):
                    shapes[column.heading] = column.date_format
        if not shapes:
            return []
        headings = ", ".join(f"'{heading}' ({shape})" for heading, shape in shapes.items())
        sentence = (
            f"{self._grid.where}: most dates under {headings} are not written as layout {self._grid.part.layout} has "
            "them, or are no days when read so; export them as the layout has them, or have their date_format in "
            "seeds/layouts/layout_columns.csv changed."
        )
        return [Reason("ST23", sentence)]

    def _recurring(self, column: Column) -> _Column:
        """Of texts that other returns have too, such as codes and dates: each is looked at once in a year."""
        cells = self._grid.columns[column.heading]
        if column.heading not in self._codes:
            self._codes[column.heading] = _codes(cells)
        codes = self._codes[column.heading]
        known = _known(column, self._grid.part.blank_values, self._origin)
        texts = cells.dictionary.to_pylist()
        new: dict[str, int] = {}
        places: list[int] = []
        met: dict[str, list[int]] = {}
        otherwise: list[int] = []
        for position, text in enumerate(texts):
            clean, code, is_otherwise = known[text]
            places.append(-1 if clean is None else new.setdefault(clean, len(new)))
            if is_otherwise:
                otherwise.append(position)
            if code:
                met.setdefault(code, []).append(position)
        found = {code: np.isin(codes, positions) for code, positions in met.items()}
        count = int(np.isin(codes, otherwise).sum()) if otherwise else 0
        if (kept := list(new)) == texts:
            return _Column(codes, cells.dictionary, found, count)
        # the last is for cells that are blank
        return _Column(np.array([*places, -1], np.int32)[codes], pa.array(kept, pa.string()), found, count)

    def _many(self, column: Column) -> _Column:
        """The same of texts that are each seen once, such as references: by Arrow, all at a time."""
        cells, rows = self.plain(column.heading), {}
        if column.separator or column.unit:
            change = _change(column)
            text = pa.array([change(value or "") for value in cells.dictionary.to_pylist()], pa.string())
            cells = self._recoded(cells, text)
        texts, met = repairs.undo(cells.dictionary, column, self._origin)
        if met:
            rows = {code: np.isin(_codes(cells), positions) for code, positions in met.items()}
            cells = self._recoded(cells, pa.array(texts, pa.string()))
        return _Column(_codes(cells), cells.dictionary, rows)

    def _recoded(self, column: pa.DictionaryArray, text: pa.StringArray) -> pa.DictionaryArray:
        """The column with its distinct values replaced by `text`; blank becomes null, equal becomes one."""
        text = pc.if_else(pc.is_in(text, self._blank), pa.scalar(None, pa.string()), text)
        if not text.null_count and text.equals(column.dictionary):
            return column
        once = text.dictionary_encode()
        return pa.DictionaryArray.from_arrays(once.indices.take(column.indices), once.dictionary)


class _Known(dict):
    """text of a cell -> what it becomes (None: blank), the check code that was met in it, and whether it is a date
    written in another way than the layout's."""

    def __init__(self, column: Column, blank_values: tuple[str, ...], origin: repairs.Origin) -> None:
        self._column, self._change, self._origin = column, _change(column), origin
        self._is_worded = repairs.kind(column) is None
        self._blank = {"", *blank_values}

    def __missing__(self, text: str) -> tuple[str | None, str | None, bool]:
        found = self._looked_at(text)
        if len(self) < MOST_KNOWN:
            self[text] = found
        return found

    def _looked_at(self, text: str) -> tuple[str | None, str | None, bool]:
        clean = text.strip()
        typed = clean if self._is_worded else plain(clean)
        changed = "" if typed in self._blank else self._change(typed)
        code, found = (
            (None, "") if changed in self._blank else repairs.undone(changed, self._column, self._origin)
        )
        date_format = self._column.date_format
        otherwise = bool(date_format) and days.is_written_otherwise(found)
        return (None if found in self._blank else found), "RP06" if typed != clean else code, otherwise


_KNOWN: dict[tuple, _Known] = {}


def _known(column: Column, blank_values: tuple[str, ...], origin: repairs.Origin) -> _Known:
    """What is known of the texts of all columns that are looked at alike."""
    holds = repairs.kind(column)
    # it is about no other column
    lost = tuple(origin.lost_zeros) if holds == "crime reference" else ()
    alike = (column.separator, column.take, column.date_format, column.unit, holds, blank_values)
    key = (*alike, origin.workbook, origin.from_1904, lost)
    if key not in _KNOWN:
        _KNOWN[key] = _Known(column, blank_values, origin)
    return _KNOWN[key]


def _change(column: Column) -> Callable[[str], str]:
    """What a layout column does to one text: take a piece, then make a fitting date ISO, or add a number's unit."""

    # trimming the cell took the outer half of a separator beside a blank piece: "A- - " has become "A- -"
    before = column.separator[: len(column.separator) - len(column.separator.lstrip())]
    after = column.separator[len(column.separator.rstrip()) :]

    def change(text: str) -> str:
        if column.separator:
            pieces = f"{before}{text}{after}".split(column.separator)
            text = pieces[column.take - 1].strip() if column.take <= len(pieces) else ""
        if column.unit == "months" and BARE_NUMBER.fullmatch(text):
            # staging turns months into years, as it does where a cell has the unit itself
            return f"{text.partition('.0')[0]} months"
        return days.iso(text, column.date_format) if column.date_format else text

    return change


def _without_kind(grid: Grid, cells: _Cells) -> list[Reason]:
    """Rows with a person, but none of the layout's words for what the person is: no one would count them."""
    reasons = []
    for kind in grid.part.row_kinds:
        known = cells.rows_of(kind)
        named = _codes(cells.plain(kind.heading)) >= 0
        of_all = {row.heading for feed in grid.part.feeds if not feed.when for row in _rows(feed)}
        own = {
            row.heading
            for feed in grid.part.feeds
            if feed.when and feed.when.heading == kind.heading
            for row in _rows(feed)
        }
        codes = [_codes(cells.plain(heading)) for heading in own - of_all if heading in grid.columns]
        rows = np.flatnonzero(~known & (named | _any_filled(codes, grid.rows)))
        if len(rows):
            sentence = (
                f"{grid.where}: {len(rows)} records (the first is record {rows[0] + grid.first_record}) hold under "
                f"'{kind.heading}' none of the words that layout {grid.part.layout} has for it; correct them, or have "
                "the word added to when_values or when_ignored in seeds/layouts/layouts.csv."
            )
            reasons.append(Reason("ST24", sentence))
    return reasons


def _rows(feed: Feed) -> list[Column]:
    return [row for rows in feed.columns.values() for row in rows]


def _records(grid: Grid, cells: _Cells, feed: Feed, notes: list[repairs.Note]) -> pa.Table:
    kind = feed.record_type
    there = {
        name: next((row for row in rows if row.heading in grid.columns), None)
        for name, rows in feed.columns.items()
    }
    found = {name: cells.of(row) for name, row in there.items() if row}
    flat = len(grid.part.contains) > 1
    codes = {name: column.codes for name, column in found.items()}
    if feed.group:
        telling = [codes[name] for name, row in there.items() if row and row.group]
    else:
        telling = [code for name, code in codes.items() if not (flat and name in NOT_THE_PERSON[kind])]
    if feed.when:
        # by its word the row is one, whatever else it holds
        is_one = cells.rows_of(feed.when)
        rows = np.flatnonzero(is_one & _any_filled(telling, grid.rows) if feed.group else is_one)
    else:
        rows = np.flatnonzero(_any_filled(telling, grid.rows))
        if flat:
            rows = _first_of_each(list(codes.values()), rows)
    alone = sum(other.record_type == kind for other in grid.part.feeds) == 1
    place = None if alone else feed.place
    for name, column in found.items():
        for code, where in column.met.items():
            numbers = (rows[where[rows]] + grid.first_record).astype(np.int32)
            if len(numbers):
                notes.append(repairs.Note(code, kind, grid.file, grid.sheet, name, numbers, place))
    return _table(kind, grid, rows, found, place)


def _table(
    kind: str,
    grid: Grid | None = None,
    rows: np.ndarray | None = None,
    columns: dict[str, _Column] | None = None,
    place: int | None = None,
) -> pa.Table:
    rows = np.empty(0, np.int32) if rows is None else rows
    count = len(rows)
    numbers = (rows + (grid.first_record if grid else 0)).astype(np.int32)
    data: dict[str, pa.Array] = {
        "layout": pa.repeat(pa.scalar(grid.part.layout if grid else None, pa.string()), count),
        "file": pa.repeat(pa.scalar(grid.file if grid else None, pa.string()), count),
        "sheet": pa.repeat(pa.scalar(grid.sheet if grid else None, pa.string()), count),
        "record_number": pa.array(numbers),
        "place_in_row": pa.repeat(pa.scalar(place, pa.int32()), count),
    }
    for name in return_columns(kind):
        column = (columns or {}).get(name)
        if column is None:
            data[name] = pa.nulls(count, pa.string())
            continue
        # Decoded here: a dictionary keeps texts that none of these records has, in a joint file another's.
        codes = column.codes[rows]
        data[name] = column.texts.take(pa.array(codes, mask=codes < 0))
    return pa.table(data)


def _codes(column: pa.DictionaryArray) -> np.ndarray:
    """One number for each distinct text, -1 for blank."""
    indices = column.indices
    return (pc.coalesce(indices, pa.scalar(-1, indices.type)) if indices.null_count else indices).to_numpy()


def _any_filled(codes: list[np.ndarray], rows: int) -> np.ndarray:
    filled = np.zeros(rows, bool)
    for code in codes:
        filled |= code >= 0
    return filled


def _first_of_each(codes: list[np.ndarray], rows: np.ndarray) -> np.ndarray:
    """Of `rows`, those that differ in some column from every row before them."""
    if len(rows) < 2:
        return rows
    # repeats mostly follow each other: this pass leaves a third of the rows to the dearer one
    repeats = np.ones(len(rows) - 1, bool)
    for code in codes:
        kept = code[rows]
        repeats &= kept[1:] == kept[:-1]
    rows = rows[np.concatenate(([True], ~repeats))]
    # Rows whose hash no other row has are no repeats; only the rest are compared column by column, which for
    # 200,000 rows x 17 columns would cost as much as reading the file.
    hashes = np.zeros(len(rows), np.uint64)
    for code in codes:
        hashes = hashes * np.uint64(0x9E3779B97F4A7C15) + code[rows].astype(np.uint64)
    _, position, count = np.unique(hashes, return_inverse=True, return_counts=True)
    shared = count[position] > 1
    alone, rows = rows[~shared], rows[shared]
    keys = {str(number): code[rows] for number, code in enumerate(codes)}
    grouped = pa.table({**keys, "row": rows}).group_by(list(keys), use_threads=False)
    first = grouped.aggregate([("row", "min")])["row_min"].to_numpy()
    return np.sort(np.concatenate([alone, first]))
