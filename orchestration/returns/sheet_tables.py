"""The sheets of a workbook of a return as grids."""

from contextlib import suppress
from itertools import compress
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.csv

from orchestration.returns import opening, repairs
from orchestration.returns.grids import NIL, Grid, by_heading, few_of, joined_headings, place_of
from orchestration.returns.layouts.parts import Layout, Part, fits_sheet, is_pattern
from orchestration.returns.reasons import Reason, Unreadable, unreadable
from orchestration.returns.workbooks.cells import TIME, moment

# kinds of columns under which nothing is ever a date
NUMBERS = {"integer", "code", "flag"}


def read_workbook(
    path: Path, name: str, parts: list[Part], layout: Layout, reasons: list[Reason], room: opening.Room
) -> list[Grid]:
    grids = []
    with opening.workbook(name, path, parts[0].format, room) as book:
        for part, sheet in _sheets(parts, book.names, name, reasons):
            try:
                grids.append(_sheet(book, sheet, part, layout))
            except Unreadable as problem:
                reasons.extend(problem.reasons)
        reasons.extend(like_those_read(book, grids))
    return grids


def like_those_read(book: opening.Book, grids: list[Grid]) -> list[Reason]:
    """A sheet with the headings of those that a pattern lets in, under a name that it does not: a month would be lost."""
    reasons, read = [], {grid.sheet for grid in grids}
    for part in {grid.part.part: grid.part for grid in grids if is_pattern(grid.part.sheet)}.values():
        heading_row = part.banner_rows + part.heading_rows
        for name in (name for name in book.names if name not in read):
            with suppress(Unreadable):  # what is wrong with a sheet that is not read is no one's business
                rows = book.sheet(name, heading_row).rows(heading_row)[part.banner_rows :]
                found = set(joined_headings(rows)) if len(rows) == part.heading_rows else set()
                if len(found & set(part.headings)) * 2 > len(part.headings):
                    sentence = (
                        f"{book.name}: sheet {name!r} has the headings of the {part.part}, but its name does not fit "
                        f"{part.sheet!r}; name it as the others are, or remove it if it is a copy."
                    )
                    reasons.append(Reason("ST05", sentence))
    return reasons


def _sheets(parts: list[Part], names: list[str], name: str, reasons: list[Reason]) -> list[tuple[Part, str]]:
    """Which sheet is which part: one of that name or number, or each whose name fits a pattern."""
    found: list[tuple[Part, str]] = []
    for part in parts:
        if part.sheet.isdigit():
            fits = names[int(part.sheet) - 1 :][:1] if int(part.sheet) else []
        else:
            fits = [sheet for sheet in names if fits_sheet(sheet, part.sheet)]
        found += [(part, sheet) for sheet in fits]
        if not fits:
            wanted = f"sheet number {part.sheet}" if part.sheet.isdigit() else f"sheet {part.sheet!r}"
            sentence = f"{name}: has no {wanted} for the {part.part}; its sheets are {few_of(names)}."
            reasons.append(Reason("ST05", sentence))
    for sheet in names:
        meant = [part.part for part, one in found if one == sheet]
        if len(meant) > 1:
            sentence = f"{name}: sheet {sheet!r} could be {' and '.join(meant)}; name the sheets as the layout has them."
            reasons.append(Reason("ST04", sentence))
            found = [(part, one) for part, one in found if one != sheet]
    return found


def _sheet(book: opening.Book, name: str, part: Part, layout: Layout) -> Grid:
    sheet, where = book.sheet(name), place_of(book.name, name)
    heading_row, first = part.banner_rows + part.heading_rows, part.example_rows + 1
    if sheet.height < heading_row:
        raise unreadable(
            "ST06",
            f"{where}: has no heading row, expected in row {heading_row}; "
            f"send the sheet again, or a file {NIL} if there is nothing to report.",
        )
    headings = joined_headings(sheet.rows(heading_row)[part.banner_rows :])
    above = heading_row + part.example_rows
    kept = max(sheet.height - above, 0)
    blank = pa.DictionaryArray.from_arrays(pa.array(np.zeros(kept, np.int32)), pa.array([""], pa.string()))
    met = {code: set(rows) for code, rows in sheet.met.items()}
    for code, applies in (("RP59", name in book.hidden), ("RP60", book.from_1904)):
        if applies:
            met[code] = {above + 1}
    arrays = []
    for number, heading in enumerate(headings, 1):
        column = sheet.columns.get(number)
        if column is None:
            arrays.append(blank)
            continue
        places = np.frombuffer(column.places, np.int32)[above:]
        texts, undone = _undone(column, part, heading, book.from_1904)
        if undone:
            rows = np.flatnonzero(np.isin(places, undone)) + above + 1
            met.setdefault("RP07", set()).update(rows.tolist())
        # what stands in the rows above is no text of the column
        used = np.zeros(len(texts), bool)
        used[places] = True
        places = (np.cumsum(used, dtype=np.int32) - 1)[places]
        texts = pa.array(list(compress(texts, used)), pa.string())
        arrays.append(pa.DictionaryArray.from_arrays(pa.array(places), texts))
    numbers = {
        code: tuple(number for row in sorted(found) if (number := row - heading_row) >= first)
        for code, found in met.items()
    }
    return Grid(
        book.name,
        name,
        part,
        by_heading(headings, arrays, part, layout, where, heading_row),
        first,
        kept,
        tuple((code, records) for code, records in numbers.items() if records),
    )


def _undone(column: opening.Column, part: Part, heading: str, from_1904: bool) -> tuple[list[str], list[int]]:
    """A column's texts, those shown as dates or times as what they are under its heading: a day under a date, whatever
    its format, and a number under a number or code. And the places of those that became numbers again."""
    if not column.shown:
        return column.texts, []
    kinds = {repairs.kind(row) for row in part.columns if row.heading == heading and row.record_type}
    texts, undone = list(column.texts), []
    for place, (number, style) in column.shown.items():
        if "date" in kinds:
            when = moment(float(number), from_1904)
            texts[place] = when.date().isoformat() if when else texts[place]
        elif kinds & NUMBERS or (style == TIME and kinds - {None} and number.isdigit() and number != "0"):
            texts[place] = number
            undone.append(place)
    return texts, undone
