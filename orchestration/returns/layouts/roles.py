"""A row for each person, and a column with whether it is a victim or a suspect.

role_column(table, known)       # its heading, and which cells mean which record type

Only cells that hold nothing but a known word for victim or suspect are named, for they are part of the rows proposed.
"""

from collections import defaultdict
from typing import NamedTuple

from orchestration.returns.layouts.headings import PERSONS, PLURAL, Headings
from orchestration.returns.layouts.unknown_files import Table

# More different cells than roles there are: free text, or numbers.
MOST_ROLES = 12
# what the seed calls those who are neither
OTHER = "witness"


class Roles(NamedTuple):
    """The heading of a role column, record type -> the cells that mean it, known words for other persons, and how
    many rows have a cell that is neither."""

    heading: str
    values: dict[str, tuple[str, ...]]
    ignored: tuple[str, ...]
    others: int


def role_column(table: Table, known: Headings) -> Roles | None:
    """The column whose cells are words for victims and for suspects; None where there is none, or more than one."""
    found = [roles for heading in table.headings if (roles := _roles(heading, table, known))]
    return found[0] if len(found) == 1 else None


def _roles(heading: str, table: Table, known: Headings) -> Roles | None:
    cells = table.look_of(heading)
    if not cells.texts or cells.distinct > MOST_ROLES:
        return None
    values: dict[str, list[str]] = defaultdict(list)
    for text in cells.texts:
        if kind := _kind_of(text, known) or _by_initial(text, heading, known):
            values[kind].append(text)
    if values.keys() != PERSONS.keys():
        return None
    ignored = tuple(text for text in cells.texts if known.words_of(text) == {OTHER})
    named = {*ignored, *(text for texts in values.values() for text in texts)}
    others = sum(1 for text in table.columns[heading] if text not in named)
    return Roles(heading, {kind: tuple(sorted(values[kind])) for kind in PERSONS}, ignored, others)


def _by_initial(text: str, heading: str, known: Headings) -> str:
    """The record type that a letter means where the heading is of a role: V, S."""
    words = known.words_of(heading)
    if "role" not in words and not {"person", "type"} <= words:
        return ""
    return next((kind for kind, word in PERSONS.items() if text.lower() == word[0]), "")


def _kind_of(text: str, known: Headings) -> str:
    """The record type that a cell means, where it holds nothing else: `VIC`, `Suspects`, `Aider/abettor`."""
    for words in known.words.of(text):
        for kind, word in PERSONS.items():
            if word in words and words <= {word, PLURAL, "person", "role"}:
                return kind
    return "suspects" if text.lower() in known.spellings["role"] else ""
