"""What each heading of a table probably is: rows of a layout, before a person has agreed.

propose(table, None, known).proposals

A table is a row for each crime with its persons, a row for each person with a role, or persons side by side: what it
is shows in its headings and cells, and is proposed in the layout language (a condition on rows, `{n}` in a heading).
"""

import re
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from pathlib import Path

from orchestration.returns.layouts.cells import Cells
from orchestration.returns.layouts.headings import OF_ANOTHER, PERSONS, Headings, Target
from orchestration.returns.layouts.matching import Match, Matched, matched
from orchestration.returns.layouts.parts import GROUP, RECORD_TYPES, Part
from orchestration.returns.layouts.repeated_groups import folded, unfolded
from orchestration.returns.layouts.roles import Roles, role_column
from orchestration.returns.layouts.unknown_files import Table

# headings named in one sentence, and how much of each
SHOWN, LONGEST_SHOWN = 20, 80
# begins the reason for a heading that nothing is proposed for
COULD_BE, PERHAPS = "could be", "perhaps"
RELATIONSHIP = ("suspects", "relationship")
ROLE = "its cells hold who the row is about"


@dataclass(frozen=True)
class Proposal:
    """What one heading probably is; record_type "" where nothing is like it enough. Confidence 0 to 1.

    `count`: how many columns a heading with {n} stands for.
    """

    part: str
    heading: str
    record_type: str
    column: str
    date_format: str
    separator: str
    take: str
    confidence: float
    because: str
    count: int = 1


@dataclass(frozen=True)
class Proposed:
    """A table's proposals, and what its parts have beside headings: the role column, and groups side by side."""

    proposals: list[Proposal]
    roles: Roles | None = None
    repeats: dict[str, int] = field(default_factory=dict)
    """Record type -> how many of it stand side by side."""


def propose(
    table: Table, part: Part | None, known: Headings, usual: frozenset[str] = frozenset()
) -> Proposed:
    """A proposal (several for a heading that feeds several columns) for each heading of a table.

    usual: words that no seed has and that stand in several headings of the return.
    """
    return Proposed(_beside(table, part, known)) if part else _anew(table, known, usual)


def _beside(table: Table, part: Part, known: Headings) -> list[Proposal]:
    """Of a table that a layout has: its rows for the headings it has, and what the others are like."""
    found: list[Proposal] = []
    taken: dict[Target, str] = {}
    unknown = []
    for heading in table.headings:
        rows = [column for column in part.columns if column.heading == heading]
        if not rows:
            unknown.append(heading)
        for row in rows:
            shape = row.date_format
            if shape and not row.separator:
                shape = date_format_of(table, heading, shape)
            take, because = str(row.take or ""), f"a heading of layout {part.layout}"
            name = row.part or part.part
            one = Proposal(
                name, heading, row.record_type, row.column, shape, row.separator, take, 1.0, because
            )
            if one not in found:
                found.append(one)
            taken[row.record_type, row.column] = heading
    name = part.part.partition("+")[0]
    persons = [kind for kind in part.contains if kind in PERSONS]
    person = persons[0] if len(persons) == 1 else ""
    new = matched(table, unknown, _of(part.contains, known), known, person)
    for heading, one in list(new.sure.items()):
        if by := taken.get(one.target):
            # a second heading for what the layout has one for: `Sex` beside its `Victim Gender`
            del new.sure[heading]
            because = f"{COULD_BE} {'.'.join(one.target)}, as {quoted(by)} is"
            found.append(Proposal(name, heading, "", "", "", "", "", 0.0, because))
            unknown.remove(heading)
    return found + _proposals_of(name, table, unknown, part.contains, new, known)


def _anew(table: Table, known: Headings, usual: frozenset[str]) -> Proposed:
    """Of a table that no layout has: first whose columns these are, then which."""
    table, counts = folded(table)
    name = _part_name(table, known)
    if roles := role_column(table, known):
        proposals, repeats = _by_role(name, table, roles, known, usual), {}
    else:
        kinds = _kinds(
            matched(table, table.headings, _of(RECORD_TYPES, known), known, usual=usual), table, known
        )
        persons = [kind for kind in kinds if kind in PERSONS]
        # once it is plain whose columns these are, the headings that name no person are theirs
        person = kinds[0] if len(kinds) == 1 else persons[0] if len(persons) == 1 else ""
        found = matched(table, table.headings, _of(kinds, known), known, person, usual)
        proposals = _proposals_of(name, table, table.headings, kinds, found, known)
        repeats = _repeats(proposals, counts)
    proposals = [_side_by_side(one, counts, repeats) for one in proposals]
    if {one.record_type for one in proposals} >= set(RECORD_TYPES) and name in RECORD_TYPES:
        # named for what is wide in it, and a whole return all the same
        name = "all"
    return Proposed(_in_parts(name, proposals, roles, repeats), roles, repeats)


def _of(kinds: Iterable[str], known: Headings) -> list[Target]:
    return [target for target in known.kinds if target[0] in kinds]


def _part_name(table: Table, known: Headings) -> str:
    if len(table.sheets) == 1 and table.sheet and not re.fullmatch(r"(?i)sheet ?\d+|data", table.sheet):
        return re.sub(r"[^a-z0-9]+", "-", table.sheet.lower()).strip("-") or "all"
    named = known.words_of(Path(table.file).stem) if len(table.sheets) == 1 else frozenset()
    for part, word in (("victims", "victim"), ("suspects", "suspect"), ("crimes", "crime")):
        if word in named:
            return part
    return "all"


def _kinds(found: Matched, table: Table, known: Headings) -> tuple[str, ...]:
    """The record types of a table: whose columns they are by its headings, beside the name of its file or sheet.

    A row that names a victim and a suspect, and has nothing more of the victim, is a suspect's.
    """
    named = known.words_of(f"{Path(table.file).stem} {table.sheet}")
    likely = [(heading, one.target) for heading, one in found.sure.items()]
    likely += [(heading, one.targets[0]) for one in found.rivals for heading in one.headings]
    crimes = {target for _, target in likely if target[0] == "crimes" and target[1] not in OF_ANOTHER}
    by_name = [kind for kind, word in PERSONS.items() if word in named]
    persons = by_name if len(crimes) < 4 else []
    if not persons:
        own: Counter[str] = Counter()
        for heading, (kind, column) in likely:
            if known.person_of(heading) == kind and column != "relationship":
                own[kind] += 1 if column == "victim_reference" else 2
        persons = (
            [kind for kind in PERSONS if own[kind] > 1] or [kind for kind in PERSONS if own[kind]] or by_name
        )
    return (*(("crimes",) if len(crimes) > 1 else ()), *persons) or RECORD_TYPES


def _by_role(name: str, table: Table, roles: Roles, known: Headings, usual: frozenset[str]) -> list[Proposal]:
    """Of a table with a row for each person: a column is the victim's or the suspect's by what the row's role is."""
    headings = [heading for heading in table.headings if heading != roles.heading]
    # what feeds a victim's column feeds the suspect's of that name: asked once, as the victim's
    found = matched(table, headings, _of(("crimes", "victims"), known), known, "victims", usual)
    left = [heading for heading in headings if heading not in found.sure]
    twins = _twins(known)
    own = [target for target in _of(("suspects",), known) if target not in twins.values()]
    suspects = matched(table, left, own, known, "suspects", usual).sure
    crimes = sum(one.target[0] == "crimes" and one.target[1] not in OF_ANOTHER for one in found.sure.values())
    kinds = RECORD_TYPES if crimes > 1 else tuple(PERSONS)
    proposals: list[Proposal] = []
    for heading in table.headings:
        one = suspects.get(heading) or found.sure.get(heading)
        if heading == roles.heading:
            proposals.append(Proposal(name, heading, "", "", "", "", "", 1.0, ROLE))
        elif not one:
            proposals.append(Proposal(name, heading, "", "", "", "", "", 0.0, _unsure(heading, found)))
        elif twin := twins.get(one.target):
            proposals += _feeding(name, heading, table, ("victims",), one, known)
            proposals += _feeding(name, heading, table, ("suspects",), one._replace(target=twin), known)
        else:
            proposals += _feeding(name, heading, table, kinds, one, known)
    return proposals


def _twins(known: Headings) -> dict[Target, Target]:
    """A victim's column -> the suspect's that means the same."""
    same = {target: ("suspects", target[1]) for target in known.kinds if target[0] == "victims"}
    same = {one: twin for one, twin in same.items() if twin in known.kinds and one[1] not in OF_ANOTHER}
    return same | {("victims", "victim_reference"): ("suspects", "suspect_reference")}


def _proposals_of(
    name: str, table: Table, headings: Iterable[str], kinds: Iterable[str], found: Matched, known: Headings
) -> list[Proposal]:
    proposals: list[Proposal] = []
    related = any(one.target == RELATIONSHIP for one in found.sure.values())
    for heading in headings:
        if joined := _name_and_birth(name, heading, table, kinds, known):
            proposals += joined
        elif heading in found.sure:
            proposals += _feeding(name, heading, table, kinds, found.sure[heading], known, related)
        else:
            proposals.append(Proposal(name, heading, "", "", "", "", "", 0.0, _unsure(heading, found)))
    return proposals


def _feeding(
    name: str,
    heading: str,
    table: Table,
    kinds: Iterable[str],
    found: Match,
    known: Headings,
    related: bool = False,
) -> list[Proposal]:
    """A heading's proposals. `related`: the rows have who the suspect is to the victim; where they do not, a row with
    both is any victim of a crime beside any suspect, and its victim is nothing of the suspect's."""
    record_type, column = found.target
    feeds = [record_type]
    if column == "crime_reference":
        feeds = list(kinds)
    elif (
        found.target == ("victims", "victim_reference")
        and related
        and "suspects" in kinds
        and GROUP not in heading
    ):
        feeds.append("suspects")
    shape = date_format_of(table, heading) if known.kinds[found.target] == "date" else ""
    take = "1" if found.separator else ""
    return [
        Proposal(name, heading, kind, column, shape, found.separator, take, found.confidence, found.because)
        for kind in feeds
    ]


def _unsure(heading: str, found: Matched) -> str:
    """Why nothing is proposed, and what it could be."""
    for headings, targets in found.rivals:
        if heading in headings:
            others = [quoted(other) for other in headings[:SHOWN] if other != heading]
            beside = f", as {either(others, 'and')} could" if others else ""
            return f"{COULD_BE} {either(['.'.join(target) for target in targets], 'or')}{beside}"
    if hint := found.hints.get(heading):
        return f"{PERHAPS} {'.'.join(hint.target)}: {hint.because}"
    return "like no heading and no code list we have"


def quoted(heading: str) -> str:
    """A heading in a sentence: of a file's own texts some are as long as a page."""
    return repr(heading if len(heading) <= LONGEST_SHOWN else f"{heading[:LONGEST_SHOWN]}\u2026")


def either(names: list[str], word: str) -> str:
    """`a, b or c`."""
    return f" {word} ".join(filter(None, (", ".join(names[:-1]), names[-1])))


def _repeats(proposals: list[Proposal], counts: dict[str, int]) -> dict[str, int]:
    """Record type of persons -> the most columns that stand side by side for one of its headings."""
    found: dict[str, int] = {}
    for one in proposals:
        if one.record_type in PERSONS and one.heading in counts:
            found[one.record_type] = max(found.get(one.record_type, 0), counts[one.heading])
    return found


def _side_by_side(one: Proposal, counts: dict[str, int], repeats: dict[str, int]) -> Proposal:
    """A heading with {n} has how often it stands there; where it is no person's it feeds nothing."""
    if one.heading not in counts:
        return one
    count = counts[one.heading]
    if one.record_type and one.record_type not in repeats:
        because = f"stands {count} times side by side; {PERHAPS} {one.record_type}.{one.column}"
        return replace(one, record_type="", column="", date_format="", separator="", take="", confidence=0.0,
                       because=because, count=count)  # fmt: skip
    return replace(one, count=count)


def _in_parts(
    name: str, proposals: list[Proposal], roles: Roles | None, repeats: dict[str, int]
) -> list[Proposal]:
    """Proposals by the part they go into: one of the table, or one for each record type where these are read in
    different rows or stand side by side in different numbers. What feeds nothing goes into the first."""
    kinds = [kind for kind in RECORD_TYPES if any(one.record_type == kind for one in proposals)]
    apart = len(kinds) > 1 and (roles is not None or len(set(repeats.values())) > 1)
    first = f"{name}-{kinds[0]}" if apart else name
    found = []
    for one in proposals:
        part = f"{name}-{one.record_type}" if apart and one.record_type else first
        in_groups = repeats.get(kinds[0], 0) if apart else max(repeats.values(), default=0)
        if one.record_type or one.count <= in_groups:
            found.append(replace(one, part=part))
        else:
            found += [
                replace(one, part=part, heading=each, count=1) for each in unfolded(one.heading, one.count)
            ]
    return found


def date_format_of(table: Table, heading: str, expected: str = "") -> str:
    """The date format of a column's cells; the expected one while it fits, blank where they do not decide."""
    cells = table.look_of(heading)
    formats = cells.date_formats
    if expected in formats or (expected and not formats):
        return expected
    if expected and cells.fits_format(expected):
        return expected
    # a workbook's dates arrive as ISO whatever the sheet shows, and a layout's own format is then not needed
    if expected and table.format != "csv" and formats == ["%Y-%m-%d"]:
        return expected
    if not formats and not table.cells[heading]:
        return "%Y-%m-%d" if table.format != "csv" else ""
    return formats[0] if len(formats) == 1 else ""


def _name_and_birth(
    name: str, heading: str, table: Table, kinds: Iterable[str], known: Headings
) -> list[Proposal]:
    """`surname- forename- date` in one cell."""
    pieces = [text.split("- ") for text in table.look_of(heading).texts]
    births = Cells(tuple(parts[2] for parts in pieces if len(parts) == 3 and parts[2]))
    words = known.words_of(heading)
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
