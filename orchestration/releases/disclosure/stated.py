"""What definitions, counting rules and reports state of counts: seeds/disclosure_relations.csv, where it is a pattern.

A side of a relation is the first five names of a cell (population, unit, criterion, breakdown, category): `*` is any, the
same on both sides, and `a|b` either. `+` adds sides on the right.
"""

from collections.abc import Collection, Iterator, Mapping
from functools import cache

from orchestration.home import seed_rows
from orchestration.releases.disclosure.relations import Key, Sum

# figures contradict each other where it does not hold
ALWAYS = "always"
# of records: a release that does not keep it somewhere has no attacker who computes with it there
WHERE_IT_HOLDS = "where it holds"
# readers may believe it, and it does not hold in the data
NEVER = "never"
# no public figure has what it is about
NOT_PUBLIC = "not public"
LEFT = 5


@cache
def rows(*uses: str) -> list[dict[str, str]]:
    """The relations that are used in this way; without one, all that an attacker computes with."""
    uses = uses or (ALWAYS, WHERE_IT_HOLDS)
    return [row for row in seed_rows("disclosure_relations.csv") if row["use"] in uses]


def grounded(row: Mapping[str, str], counts: Mapping, withheld: Collection = ()) -> list[Sum]:
    """A relation of sums (`=`, `>=`) among the cells that there are; a sum of nothing where it is 0."""
    if row["right"] == "0":
        return [Sum(cell, ()) for cell in _matching(row["left"], counts)]
    if row["is"] not in ("=", ">="):
        return []
    found = []
    for cell in _matching(row["left"], counts):
        parts = tuple(_on_the_right(side, cell) for side in row["right"].split(" + "))
        given = tuple(part for part in parts if part in counts)
        if given:
            exhaustive = row["is"] == "=" and given == parts and not set(parts) & set(withheld)
            found.append(Sum(cell, given, exhaustive))
    return found


def holds(one: Sum, counts: Mapping[Key, int]) -> bool:
    parts = sum(counts[part] for part in one.parts)
    return counts[one.whole] == parts if one.exhaustive else counts[one.whole] >= parts


def only_where(counts: Mapping) -> Iterator[tuple[Key, Key]]:
    """(cell, the cell that cannot be empty where it is not)."""
    for row in rows():
        if row["is"] == "only where":
            for cell in _matching(row["left"], counts):
                if (wider := _on_the_right(row["right"], cell)) in counts:
                    yield cell, wider


def nothing(counts: Mapping) -> Iterator[Sum]:
    """Cells that are empty by definition: sums of no parts."""
    for row in rows():
        if (row["is"], row["right"]) == ("=", "0"):
            yield from grounded(row, counts)


def _matching(pattern: str, counts: Mapping) -> list:
    # a thousand cells have the same five names, and there are sixty patterns
    return [cell for cell in counts if _fits(pattern, cell[:LEFT])]


@cache
def _fits(pattern: str, names: tuple[str, ...]) -> bool:
    wanted = zip(pattern.split(), names, strict=True)
    return all(words == "*" or name in words.split("|") for words, name in wanted)


def _on_the_right(side: str, cell: Key) -> Key:
    named = zip(cell._fields[:LEFT], side.split(), strict=True)
    return cell._replace(**{name: word for name, word in named if word != "*"})
