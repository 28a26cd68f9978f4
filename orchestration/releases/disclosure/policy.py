"""The disclosure policy: what the public tier shows, and which cells it may not show (seeds/disclosure_*.csv)."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from orchestration.home import settings
from orchestration.releases.disclosure.cells import Cell, groups
from orchestration.releases.disclosure.earlier import Earlier
from orchestration.releases.disclosure.relations import Sum
from orchestration.strict_csv import NotRead


@dataclass(frozen=True)
class Policy:
    """Rows of seeds/disclosure_policy.csv; `missed` has the weight of each place, period and of a base.

    `written`: a release of `fewest_crimes` group-based crimes or more has a public tier.
    `rounded`: every count is shown rounded to `round_to`, instead of all but the hidden ones as they are.
    """

    written: bool
    threshold: int
    hide_zeros: bool
    whole_group_below: int
    dominance: float
    width: int
    width_of_others: int
    missed: Mapping[str, float]
    rounded: bool = False
    round_to: int = 5
    width_rounded: int = 1
    fewest_crimes: int = 0


def read() -> Policy:
    """Raises NotRead when a rule is missing or a value is not of its kind."""
    rows = settings("disclosure_policy.csv", "rule")
    words_of = {"written": ("yes", "no"), "method": ("hide", "round"), "zeros": ("shown", "hidden")}
    for rule, words in words_of.items():
        if rows[rule] not in words:
            raise NotRead(f"{rows.seed}, row {rule!r}: its value is none of {', '.join(words)}; correct it.")
    return Policy(
        written=rows["written"] == "yes",
        threshold=rows.number("threshold"),
        hide_zeros=rows["zeros"] == "hidden",
        whole_group_below=rows.number("whole_group_below"),
        dominance=rows.number("dominance", float),
        width=rows.number("width"),
        width_of_others=rows.number("width_of_others"),
        missed={
            rule.removeprefix("missed_"): rows.number(rule, float)
            for rule in rows
            if rule.startswith("missed_")
        },
        rounded=rows["method"] == "round",
        round_to=rows.number("round_to"),
        width_rounded=rows.number("width_rounded"),
        fewest_crimes=rows.number("fewest_crimes"),
    )


def primary(
    policy: Policy,
    counts: Mapping[Cell, int],
    judged: Iterable[Cell],
    splits: Iterable[Sum],
    largest: Mapping[Cell, int] | None = None,
) -> dict[Cell, str]:
    """The cells that may not be shown, each with the first rule that hides it.

    `counts` has every cell; `judged` those that describe people or crimes; `splits` those of a group into
    categories; `largest`, where it is known, how much of a cell its largest operation gives.
    """
    judged = set(judged)
    hidden = {cell: "threshold" for cell in judged if 0 < counts[cell] < policy.threshold}
    if policy.hide_zeros:
        hidden |= {cell: "zeros" for cell in judged if counts[cell] == 0}
    for group in splits:
        size = counts[group.whole]
        if 0 < size < policy.whole_group_below:
            for cell in judged.intersection(group.parts):
                if counts[cell] == size:
                    hidden.setdefault(cell, "whole_group")
    for cell, part in (largest or {}).items():
        if cell in judged and counts[cell] and part >= policy.dominance * counts[cell]:
            hidden.setdefault(cell, "dominance")
    return hidden


def primary_of(policy: Policy, release: Earlier) -> set[Cell]:
    """The cells of an earlier tier that may not be shown, by the policy of now: whatever of its tables today's release has."""
    cells = release.printed.counts.keys()
    counts = {cell: release.counts[cell] for cell in cells}
    return set(primary(policy, counts, release.judged & cells, groups(release.printed)))


def missed(policy: Policy, cells: Iterable[Cell], bases: Iterable[Cell]) -> dict[Cell, float]:
    """How much each cell is missed when it is hidden, per count that must move."""
    bases = set(bases)
    return {
        cell: policy.missed[cell.place_type]
        * policy.missed[cell.period_type]
        * (policy.missed["base"] if cell in bases else 1)
        for cell in cells
    }
