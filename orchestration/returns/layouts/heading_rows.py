"""Which row of a table holds its headings: by their words, else by not being like the rows below.

find(rows, known)       # position of the row, or None

A row that is like the records below it is a record, and never taken for headings: a heading is shown, a cell is not.
"""

import re
from collections import Counter
from collections.abc import Sequence

from orchestration.returns.grids import joined_headings
from orchestration.returns.layouts.headings import PERSONS, Headings

WITHIN = 30
# Rows looked at below a heading row to see what its column is like.
BELOW = 200
LONGEST_HEADING = 100

Rows = Sequence[Sequence[str]]


def find(rows: Rows, known: Headings) -> int | None:
    """The row of the first 30 with most different headings; without known words, the first that can be no record."""
    scores = [_headings_in(rows, at, known) for at in range(min(WITHIN, len(rows)))]
    for at in sorted(range(len(scores)), key=lambda at: -scores[at]):
        if scores[at] and not is_a_record(rows[at], rows[at + 1 :]):
            return at
    usual = Counter(sum(map(bool, row)) for row in rows if any(row)).most_common(1)
    width = usual[0][0] if usual else 0
    return next(
        (at for at in range(len(scores)) if _only_headings(rows[at], rows[at + 1 :], width, known)), None
    )


def _headings_in(rows: Rows, at: int, known: Headings) -> int:
    """How many different headings a row has, most of them made of known words; 0 for any other row."""
    named = [cell for cell in rows[at] if cell]
    like = [cell for cell in named if known.like_a_heading(cell)]
    if len(like) < 3 or len(like) * 2 <= len(named):
        return 0
    group = group_above(rows, at, known)
    headings = joined_headings([group, list(rows[at])] if group else [list(rows[at])])
    return len({heading for heading in headings if heading})


def is_a_record(row: Sequence[str], below: Rows) -> bool:
    """Whether at least half of a row's cells with a pattern are like those below them."""
    telling, like = _likeness(row, below)
    return telling > 0 and like * 2 >= telling


def _only_headings(row: Sequence[str], below: Rows, width: int, known: Headings) -> bool:
    """Whether a row without known words can only be headings: names throughout, and unlike every column below."""
    named = [cell for cell in row if cell]
    if len(named) < 2 or len(named) < 0.7 * width or len(set(named)) < len(named):
        return False
    if not all(re.search("[A-Za-z]", cell) and len(cell) < LONGEST_HEADING for cell in named):
        return False
    codes = known.spellings
    if any(cell.lower() in listed for cell in named for listed in codes.values()):
        return False
    if not any(map(any, below)):
        return len(named) > 2 and not any(re.search(r"\d", cell) for cell in named)
    telling, like = _likeness(row, below)
    return telling > 1 and like * 3 < telling


def _likeness(row: Sequence[str], below: Rows) -> tuple[int, int]:
    """How many of a row's cells stand over a column of one shape or few values, and how many are such themselves."""
    telling = like = 0
    # headings may stand again further down, on each page of a printout
    others = [other for other in below[:BELOW] if list(other) != list(row)]
    for position, cell in enumerate(row):
        column = [other[position] for other in others if position < len(other) and other[position]]
        if not cell or not column:
            continue
        shape, count = Counter(map(_shape, column)).most_common(1)[0]
        shaped = "9" in shape and count > 0.5 * len(column)
        repeated = len(column) > 3 and len(set(column)) * 2 <= len(column)
        if shaped or repeated:
            telling += 1
            like += (shaped and _shape(cell) == shape) or cell in column
    return telling, like


def _shape(text: str) -> str:
    return re.sub(r"[^\W\d_]+", "a", re.sub(r"\d+", "9", text))


def group_above(rows: Rows, at: int, known: Headings) -> list[str]:
    """The row above a heading row, where it names groups of columns (VICTIM, SUSPECT); else none."""
    if at == 0:
        return []
    top, names = list(rows[at - 1]), [cell for cell in rows[at] if cell]
    filled = [position for position, cell in enumerate(top) if cell]
    texts = [top[position] for position in filled]
    if not texts or any(len(cell) > 60 or re.search(r"\d{3}", cell) for cell in texts):
        return []
    persons = [cell for cell in texts if known.words_of(cell) & set(PERSONS.values())]
    repeated = len(set(names)) < len(names)
    if len(filled) == 1:
        # a title stands in the first cell
        return top if filled[0] > 0 and persons else []
    return top if persons or (repeated and any(map(known.like_a_heading, texts))) else []
