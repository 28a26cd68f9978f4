"""The CPAI beside police recorded crime, derived a second time: what is compared, how far apart, what may explain it.

A row of recorded crime is a dict: published_on, quarter, force, offence_class, crimes, file_sha256. Its newest release
of a force and quarter counts, and only classes that name a child by themselves are compared.
"""

import random
from collections import Counter, defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from decimal import ROUND_HALF_UP, Decimal
from fractions import Fraction
from itertools import product

from derivation import Derivation

RELEASES = ("2023-07-20", "2023-10-19", "2024-01-25")
COMPARED, NOT_COMPARED = (
    ("19E", "73", "88A"),
    ("19C", "13"),
)  # these name no child, or count only when flagged


def drawn_recorded_crime(forces: tuple[str, ...], quarters: tuple[str, ...], seed: int) -> list[dict]:
    """Small counts in three releases, none for some force-quarters; a seed draws the same.

    The first release has no 88A, a fourth nothing that is compared, and BTP reports nothing that is.
    """
    draw, rows = random.Random(seed), []
    for release in RELEASES:
        for force, quarter in product(forces, quarters):
            if draw.random() < 0.2:
                continue
            most = draw.choice((0, 1, 4, 8, 16))
            for offence_class in NOT_COMPARED if force == "btp" else COMPARED + NOT_COMPARED:
                if draw.random() < 0.8 and (release, offence_class) != (RELEASES[0], "88A"):
                    rows.append((release, force, quarter, offence_class, draw.randint(0, most)))
    rows.append(("2024-04-25", forces[0], quarters[0], NOT_COMPARED[0], 3))
    names = ("published_on", "force", "quarter", "offence_class", "crimes", "file", "file_sha256")
    return [dict(zip(names, (*row, f"{row[0]}.xlsx", row[0]), strict=True)) for row in rows]


@dataclass
class Reconciled:
    """The comparison of one derivation with one set of releases; `breaks`, `tolerance`, `forces` are rows of seeds."""

    derived: Derivation
    recorded: list[dict]
    breaks: list[dict]
    tolerance: dict
    forces: list[dict]

    def __post_init__(self) -> None:
        named = {
            row["offence_class"]
            for row in self.derived.seeds.offence_rows.values()
            if (row["is_class_level"], row["names_a_child"], row["counts_only_when_flagged"])
            == ("Y", "Y", "N")
        }
        newest: dict[tuple, str] = {}
        for row in self.recorded:
            place = (row["force"], row["quarter"])
            newest[place] = max(newest.get(place, ""), row["published_on"])
        counted = {
            (row["force"], row["quarter"], row["offence_class"]): row["crimes"]
            for row in self.recorded
            if newest[row["force"], row["quarter"]] == row["published_on"]
        }
        # a class that the release counts for any force is counted as 0 for one that it leaves out
        classes: dict[str, set[str]] = defaultdict(set)
        for force, quarter, offence_class in counted:
            if offence_class in named:
                classes[newest[force, quarter]].add(offence_class)
        ours = Counter((*key[:2], crime.offence["offence_class"]) for key, crime in self.derived.cpai.items())
        returned = {place[:2] for place in self.derived.current}
        # (force, quarter, class) -> (crimes in the CPAI, recorded)
        self.compared = {
            key: (ours[key], counted.get(key, 0))
            for place, release in newest.items()
            if place in returned
            for key in ((*place, offence_class) for offence_class in classes[release])
        }

    def comparison(self) -> Iterator[tuple]:
        for key, (ours, recorded) in self.compared.items():
            yield *key, ours, recorded, ours - recorded

    def revisions(self) -> Iterator[tuple]:
        """(release, force, quarter, recorded crime, change on the release before, whether it is the newest)"""
        for (force, quarter), totals in self._totals().items():
            last = max(
                row["published_on"]
                for row in self.recorded
                if (row["force"], row["quarter"]) == (force, quarter)
            )
            before = None
            for release, total in sorted(totals.items()):
                yield (
                    release,
                    force,
                    quarter,
                    total,
                    None if before is None else total - before,
                    release == last,
                )
                before = total

    def _totals(self) -> dict[tuple, dict[str, int]]:
        """(force, quarter) -> release -> crimes of the classes compared"""
        totals: dict[tuple, dict[str, int]] = defaultdict(lambda: defaultdict(int))
        for row in self.recorded:
            if (row["force"], row["quarter"], row["offence_class"]) in self.compared:
                totals[row["force"], row["quarter"]][row["published_on"]] += row["crimes"]
        return totals

    def reconciliation(self) -> Iterator[tuple]:
        share, crimes = Fraction(str(self.tolerance["share"])), self.tolerance["crimes"]
        classes = {offence_class for *_, offence_class in self.compared}
        excluded = Counter(
            key[:2]
            for key, crime in self.derived.crimes.items()
            if crime.exclusion and crime.offence and crime.offence["offence_class"] in classes
        )
        totals = self._totals()
        for force, quarter in dict.fromkeys(key[:2] for key in self.compared):
            of_classes = [pair for key, pair in self.compared.items() if key[:2] == (force, quarter)]
            ours, recorded = (sum(side) for side in zip(*of_classes, strict=True))
            difference, released = ours - recorded, sorted(totals[force, quarter].items())
            yield (
                *(force, quarter, released[-1][0] if released else None, ours, recorded, difference),
                rounded(Fraction(100 * difference, recorded)) if recorded else None,
                rounded(max(Fraction(crimes), share * recorded)),
                abs(difference) <= max(Fraction(crimes), share * recorded),
                released[-1][1] - released[0][1] if released else 0,
                *(excluded[force, quarter], self.derived.held_out[force, quarter]),
                ",".join(sorted(self._breaks(force, quarter))) or None,
            )

    def _breaks(self, force: str, quarter: str) -> Iterator[str]:
        name = next(row["prc_name"] for row in self.forces if row["force"] == force)
        for row in self.breaks:
            ends = [quarter_of(row[end] or row["start"]) for end in ("start", "end")]
            if (row["scope"] == name or row["kind"] == "recording rule") and ends[0] <= quarter <= ends[1]:
                yield row["what"]


def quarter_of(day: str | date) -> str:
    return f"{str(day)[:4]}-Q{(int(str(day)[5:7]) + 2) // 3}"


def rounded(value: Fraction) -> Decimal:
    """To one decimal, halves away from zero."""
    return (Decimal(value.numerator) / value.denominator).quantize(Decimal("0.1"), ROUND_HALF_UP)
