"""A figure in words: what is counted, out of what. One place, so that pages and `explain` have the same words."""

from collections.abc import Iterable
from difflib import get_close_matches
from functools import cache
from pathlib import Path
from typing import Any

from orchestration import strict_csv
from orchestration.home import seed_rows
from orchestration.stopping import NotThere

NATION = "England and Wales"
UNITS = {"crime": "crimes", "victim": "victims", "suspect": "suspects"}
POPULATIONS = {
    "cpai": "every child sexual abuse crime, indecent images included, and those flagged as exploitation",
    "contact": "CPAI crimes with contact: no indecent images, no grooming",
    "cocad": "contact crimes that a reader found group-based: two or more offenders, identified or not",
}
CRITERIA = {
    "all": "",
    "committed_by_children": "committed by children, within the criterion other, recorded from April 2023",
    "committed_by_children_any": "committed by children, under any criterion, recorded from April 2023",
}
NAMES = {
    "cse": "child sexual exploitation",
    "sde": "self-defined ethnicity",
    "non_recent": "non-recent",
    "image": "indecent images",
    "no_victim": "no victim recorded",
}
# of criteria that are none of the readers' list: in which of two senses
CRITERION = {
    "committed_by_children": "committed by children, within the criterion other",
    "committed_by_children_any": "committed by children, under any criterion",
}
# a percentage's base is what has the thing recorded; any other breakdown's base is the whole population
RECORDED = {
    "gender": "whose gender is recorded as female or male",
    "age_band": "whose age at the offence is known",
    "age_band_wide": "whose age at the offence is known",
    "sde": "whose self-defined ethnicity is recorded",
    "relationship": "whose relationship is recorded",
    "committed_by_children": "recorded from April 2023, when committed by children was first collected",
}
# by breakdown: what is counted of its categories, in words for each or (category blank) for all of them
COUNTED: dict[str, dict[str, str]] = {}
for _row in strict_csv.read(Path(__file__).with_name("figure_words.csv"), "figure_words.csv").dicts():
    COUNTED.setdefault(_row["breakdown"], {})[_row["category"]] = _row["counted"]


def population(figure: dict) -> str:
    """`victims of COCAD crimes (cse)`: the unit and the population, with the criterion where there is one."""
    name = {"cpai": "CPAI", "contact": "contact", "cocad": "COCAD"}.get(
        figure["population"], figure["population"]
    )
    unit = UNITS.get(figure["unit"], figure["unit"])
    on = f"{name} crimes" if figure["unit"] == "crime" else f"{unit} on {name} crimes"
    criterion = figure["criterion"]
    return on if criterion == "all" else f"{on} ({CRITERION.get(criterion) or in_words(criterion)})"


def in_words(category: str) -> str:
    """A criterion or category as it is written in a sentence."""
    return NAMES.get(category, str(category).replace("_", " "))


def label(figure: dict) -> str:
    """What the numerator counts: no two figures of a scheme have the same words."""
    breakdown, category = figure["breakdown"], figure["category"]
    words = COUNTED.get(breakdown, {})
    # a category without words of its own is named, never given those of another
    named = f"{breakdown.replace('_', ' ')}: {{category}}"
    counted = words.get(category, words.get("", named))
    text = f"{population(figure)} {counted.format(category=in_words(category))}".strip()
    if tuple(figure[name] for name in _REPEATED_BY) in _printed_again():
        text += ", printed a second time"
    return text[0].upper() + text[1:]


_REPEATED_BY = ("unit", "population", "criterion", "breakdown", "category")


@cache
def _printed_again() -> dict[tuple, str]:
    """Figures that the publication prints under a second id, by what they count: the first id."""
    return {
        tuple(row[name] for name in _REPEATED_BY): row["repeats"]
        for row in seed_rows("figure_definitions.csv")
        if row["repeats"]
    }


def base(figure: dict) -> str:
    """What the denominator counts; empty when the figure is a count without a percentage."""
    if figure["denominator"] is None:
        return ""
    text = f"{population(figure)} {RECORDED.get(figure['breakdown'], '')}".strip()
    return text[0].upper() + text[1:]


def definition(figure: dict) -> str:
    """The population's definition, and the criterion's where it needs one."""
    parts = [POPULATIONS.get(figure["population"], ""), CRITERIA.get(figure["criterion"], "")]
    return "; ".join(part for part in parts if part)


def described(figure: dict) -> dict[str, str | None]:
    """A row of `dim_figure`."""
    return {
        "figure_id": figure["figure_id"],
        "scheme": figure["scheme"],
        "counts": label(figure),
        "base": base(figure) or None,
        "definition": definition(figure),
        "repeats": _printed_again().get(tuple(figure[name] for name in _REPEATED_BY)),
    }


def place(wanted: str, forces: Iterable[dict[str, Any]]) -> str:
    """The place of the figures that is meant: `nation`, a region, a force's slug or its name; `forces` as in dim_force.
    Raises NotThere."""
    spelled = {name: NATION for name in ("nation", "national", "england and wales", "england & wales")}
    for force in forces:
        spelled[force["region"].casefold()] = force["region"]
        spelled[force["name"].casefold()] = spelled[force["force"]] = force["force"]
    if found := spelled.get(wanted.casefold()):
        return found
    near = get_close_matches(wanted.casefold(), spelled, 1, 0.6)
    meant = f"did you mean {spelled[near[0]]}?" if near else "name a force (kent), a region (Wales) or nation"
    raise NotThere(f"there is no place {wanted!r} in this release; {meant}")
