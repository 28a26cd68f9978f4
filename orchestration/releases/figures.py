"""A figure in words: what is counted, out of what. One place, so that pages and `explain` say the same."""

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
# a percentage's base is what has the thing recorded; any other breakdown's base is the whole population
NAMES = {"cse": "child sexual exploitation", "sde": "self-defined ethnicity"}
RECORDED = {
    "gender": "whose gender is recorded as female or male",
    "age_band": "whose age at the offence is known",
    "age_band_wide": "whose age at the offence is known",
    "sde": "whose self-defined ethnicity is recorded",
    "relationship": "whose relationship is recorded",
    "committed_by_children": "recorded from April 2023, when committed by children was first collected",
}
COUNTED = {
    "total": "",
    "quarter": "recorded in {category}",
    "month": "recorded in {category}",
    "group_based": "that are group-based (COCAD)",
    "criterion": "under the criterion {category}",
    "committed_by_children": "committed by children",
    "recency": "that are {category}",
    "offence_group": "of the offence group {category}",
    "gender_recorded": "whose gender is recorded",
    "gender": "who are {category}",
    "age_recorded": "whose age at the offence is known",
    "age_band": "aged {category} at the offence",
    "age_band_wide": "aged {category} at the offence",
    "sde_recorded": "whose self-defined ethnicity is recorded",
    "sde": "who defined their ethnicity as {category}",
    "relationship_recorded": "whose relationship is recorded",
    "relationship": "whose relationship is {category}",
}


def population(figure: dict) -> str:
    """`victims of COCAD crimes (cse)`: the unit and the population, with the criterion where there is one."""
    name = {"cpai": "CPAI", "contact": "contact", "cocad": "COCAD"}.get(
        figure["population"], figure["population"]
    )
    unit = UNITS.get(figure["unit"], figure["unit"])
    on = f"{name} crimes" if figure["unit"] == "crime" else f"{unit} on {name} crimes"
    criterion = figure["criterion"]
    return on if criterion == "all" else f"{on} ({NAMES.get(criterion, criterion.replace('_', ' '))})"


def label(figure: dict) -> str:
    """What the numerator counts."""
    category = NAMES.get(figure["category"], str(figure["category"]).replace("_", " "))
    counted = COUNTED.get(figure["breakdown"], f"{figure['breakdown'].replace('_', ' ')}: {{category}}")
    text = f"{population(figure)} {counted.format(category=category)}".strip()
    return text[0].upper() + text[1:]


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
