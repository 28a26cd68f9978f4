"""From a table's headings to the columns of a return: by what they are called and by what stands under them.

match(table, headings, targets, known)      # heading -> Match: what is sure, each column once

Two headings for one column, or two columns for one heading, are for a person: nothing is picked.
"""

from collections import Counter
from collections.abc import Iterable
from typing import NamedTuple

from orchestration.returns.layouts.cells import BLANK, CANNOT, FITS, MAY, fit
from orchestration.returns.layouts.headings import PERSONS, Headings, Target
from orchestration.returns.layouts.parts import GROUP
from orchestration.returns.layouts.unknown_files import Table

# From here on a heading is taken to feed a column; below it only what it is like is shown.
SURE = 0.5
# Two that differ by less are as likely as each other.
MARGIN = 0.15
# What the lists do not have stands below what they have, and is listed for the person.
UNLISTED = 0.7


class Match(NamedTuple):
    """What a heading probably feeds, how sure that is (0 to 1) and why."""

    confidence: float
    target: Target
    because: str
    separator: str
    verdict: str = FITS


class Rivals(NamedTuple):
    """Headings and columns that are as likely as each other."""

    headings: tuple[str, ...]
    targets: tuple[Target, ...]


class Matched(NamedTuple):
    """What is sure, what is as likely as something else, and the best hint for each heading that is neither."""

    sure: dict[str, Match]
    rivals: list[Rivals]
    hints: dict[str, Match]


def match(
    table: Table,
    headings: Iterable[str],
    targets: Iterable[Target],
    known: Headings,
    person: str = "",
    usual: frozenset[str] = frozenset(),
) -> dict[str, Match]:
    """heading -> what it feeds of `targets`: best pairs first, each heading and each column once.

    person: the record type whose columns those headings are that name neither victim nor suspect.
    usual: words that no seed has and that stand in several headings of the return (`usual_words`).
    """
    return matched(table, headings, targets, known, person, usual).sure


def matched(
    table: Table,
    headings: Iterable[str],
    targets: Iterable[Target],
    known: Headings,
    person: str = "",
    usual: frozenset[str] = frozenset(),
) -> Matched:
    """The same, with what only a person can decide."""
    headings, targets = list(headings), _once_each(targets)
    scores = _scores(table, headings, targets, known, person, usual)
    found: dict[str, Match] = {}
    rivals: list[Rivals] = []
    left = every = sorted(
        (one for one in scores.items() if one[1].confidence >= SURE), key=lambda one: -one[1].confidence
    )
    while left:
        (heading, _), best = left[0]
        same_target = [
            pair[0]
            for pair, one in left
            if one.target == best.target
            and one.confidence > best.confidence - MARGIN
            and _first(pair[0], one, left)
        ]
        # asked of all, for `Sex` beside `Victim Sex` is not the suspect's because the victim's is taken
        same_heading = [
            one.target
            for pair, one in every
            if pair[0] == heading and one.confidence > best.confidence - MARGIN
        ]
        alone = len(same_target) == 1 and len(same_heading) == 1
        if alone:
            found[heading] = best
        else:
            rivals.append(Rivals(tuple(same_target), tuple(same_heading)))
        gone_headings, gone_targets = {heading, *same_target}, set(same_heading)
        left = [one for one in left if one[0][0] not in gone_headings and one[1].target not in gone_targets]
    used = set(found) | {heading for one in rivals for heading in one.headings}
    unclear = {target for one in rivals for target in one.targets}
    for target in targets:
        if (
            target in known.must
            and target not in unclear
            and all(one.target != target for one in found.values())
        ):
            found |= _by_cells(table, [heading for heading in headings if heading not in used], target, known)
    used |= set(found)
    hints: dict[str, Match] = {}
    for (heading, _), one in sorted(scores.items(), key=lambda one: -one[1].confidence):
        if heading not in used and one.confidence > 0.2:
            hints.setdefault(heading, one)
    return Matched(found, rivals, hints)


def _by_cells(table: Table, headings: list[str], target: Target, known: Headings) -> dict[str, Match]:
    """The one heading whose cells can hardly be anything but what every return has to have, whatever it is called."""
    fits = {heading: fit(table.look_of(heading), target, known) for heading in headings}
    telling = [heading for heading, one in fits.items() if one.verdict == FITS and one.telling >= SURE]
    if len(telling) != 1:
        return {}
    because = f"named like nothing in the lists, but {fits[telling[0]].because}"
    return {telling[0]: Match(SURE, target, because, fits[telling[0]].separator)}


def _once_each(targets: Iterable[Target]) -> list[Target]:
    """The references of a crime and of a victim are one heading each, whatever record types of a part they stand for."""
    once = dict.fromkeys(
        ("crimes", "crime_reference") if target[1] == "crime_reference" else target for target in targets
    )
    if ("victims", "victim_reference") in once:
        once.pop(("suspects", "victim_reference"), None)
    return list(once)


def _first(heading: str, one: Match, left: list[tuple[tuple[str, Target], Match]]) -> bool:
    """Whether a heading has no better match."""
    return all(other.confidence <= one.confidence for (name, _), other in left if name == heading)


def _scores(
    table: Table,
    headings: list[str],
    targets: list[Target],
    known: Headings,
    person: str,
    usual: frozenset[str],
) -> dict[tuple[str, Target], Match]:
    looks = {heading: table.look_of(heading) for heading in headings}
    scores: dict[tuple[str, Target], Match] = {}
    for target in targets:
        for heading in headings:
            if GROUP in heading and target[0] not in PERSONS:
                # side by side stand persons; a row is one crime's
                continue
            score, text = known.alike(heading, target, person, usual)
            cells = fit(looks[heading], target, known)
            if score < 0.2 or (cells.verdict == CANNOT and score < SURE):
                continue
            because = f"like {text!r}" if score >= SURE else f"a little like {text!r}"
            if cells.verdict == CANNOT:
                score = 0.3
            elif cells.verdict == FITS and score >= SURE:
                # what is only a little like stays a hint, however well its cells fit
                score += (1 - score) * cells.telling
            elif cells.verdict in (MAY, BLANK):
                score *= UNLISTED if cells.verdict == MAY else 0.9
            because = f"{because}; {cells.because}"
            scores[heading, target] = Match(round(score, 2), target, because, cells.separator, cells.verdict)
    return scores


def usual_words(headings: Iterable[str], known: Headings) -> frozenset[str]:
    """Words that no seed has and several headings have: a crime system's name, which is of no column."""
    counts: Counter[str] = Counter()
    for heading in headings:
        counts.update({word for word in known.words_of(heading) if word not in known.words.meanings})
    return frozenset(word for word, count in counts.items() if count > 1)
