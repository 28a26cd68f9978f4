"""What an offence code asks of victim, offender and day, read from its official name: apart from the seed's columns.

The Home Office's names hold the sex and age of the victim and the age of the offender; the codes of today opened with the
Sexual Offences Act 2003 on 1 May 2004, when those of the old law closed. What a name does not hold stands below by code.
"""

import re
from functools import cache

GROUPS = {
    **dict.fromkeys(("17A", "17B", "20A", "20B"), "sexual_assault_on_a_child"),
    **dict.fromkeys(("19C", "19D", "19E", "19F", "19G", "19H", "19J", "19K"), "rape_of_a_child"),
    **dict.fromkeys(("21", "22B", "23", "73", "74"), "sexual_activity_involving_a_child"),
    "86": "image",
    "N100": "not_a_crime",
}
ONLY_WHEN_FLAGGED = {"8R", "11A", "13", "24", "106"}
IMAGES = {"86/2": "Y", "86/10": "Y", "86/15": "Y", "86": "C"}
OLD_LAW = {
    *("17/11", "17/12", "20/1", "20/2", "21/1", "22/1", "23/1", "23/2", "23/3", "25/3", "25/4", "73/1", "73/2"),
    *("74/1", "74/2"),
}  # fmt: skip
OLD_LAW_ENDED, NEW_LAW = "2004-04-30", "2004-05-01"
OF_CHILDREN = r"\b(child|children|girls?|boys?|paedophile|position of trust|grooming)\b"
OUT_OF_SCOPE = {
    *("23/2", "23/12", "23/13", "66/8", "86/1", "86/3", "86/11", "86/12", "86/13", "86/14", "86/16", "86/17"),
    *("88/11", "88D", "88/3", "88/4"),
}  # fmt: skip
# acts of other years: the day each came in and, where another took its place, the last day it stood
TERMS = {
    "8/71": ("2015-04-13", "2024-01-30"),
    **dict.fromkeys(("19J", "19K"), ("2019-04-01", "")),
    "71/16": ("2015-05-03", ""),
    "71/17": ("2017-04-03", ""),
    **dict.fromkeys(("72", "72/1", "72/2", "72/3", "72/4", "72/5", "72/6"), (NEW_LAW, "2015-07-30")),
    **dict.fromkeys(("73/1", "73/2"), ("2001-01-08", OLD_LAW_ENDED)),
    "86/2": ("1978-08-20", ""),
    "86/10": ("1988-09-29", ""),
    **dict.fromkeys(("86/11", "86/12", "86/13", "86/14"), ("2009-01-26", "")),
    "86/15": ("2010-04-06", ""),
    **dict.fromkeys(("86/16", "86/17"), ("2015-04-13", "")),
    "88/12": ("2019-04-12", ""),
    **dict.fromkeys(("88/14", "88/15"), ("2024-01-31", "")),
    "106": ("2015-07-31", ""),
    **dict.fromkeys(("N100/1", "N100/2", "N100/3"), ("2015-04-01", "")),
    # older than any return
    **dict.fromkeys(("8R", "11A", "13", "13/2", "24", "66/8", "86", "86/1", "86/3"), ("", "")),
}
AGES = {
    # under 13 there is another class for the same act
    **dict.fromkeys(("17/13", "17/15", "20/3", "20/5"), ("13", "")),
    **dict.fromkeys(("19D", "19G", "22B"), ("13", "15")),
    # a child of the statute, whose age the name leaves out
    **dict.fromkeys(("11A", "13", "71", "73"), ("", "17")),
    **dict.fromkeys(("13/2", "88A", "71/17"), ("", "15")),
}
OFFENDERS = {"71/17": "18+"}


@cache
def said_by(name: str, code: str, family: str) -> dict[str, str]:
    """Column -> what it must hold, for the code of this name in this class (`family`) of seeds/offences.csv."""
    offender, name = _offender(name.lower())
    least, most = _ages(name)
    names_a_child = "Y" if most or re.search(OF_CHILDREN, name) else "C"
    least, most = AGES.get(code, (least, most))
    opened, closed = TERMS.get(code, ("", OLD_LAW_ENDED) if code in OLD_LAW else (NEW_LAW, ""))
    return {
        "victim_sex": _sex(name),
        "victim_age_min": least,
        "victim_age_max": most,
        "offender_age": OFFENDERS.get(code, offender),
        "names_a_child": "N" if code in OUT_OF_SCOPE else names_a_child,
        "offence_group": "out_of_scope" if code in OUT_OF_SCOPE else GROUPS.get(family, "other"),
        "image": IMAGES.get(code, "N"),
        "counts_only_when_flagged": "Y" if family in ONLY_WHEN_FLAGGED else "N",
        "valid_from": opened,
        "valid_to": closed,
    }


def _offender(name: str) -> tuple[str, str]:
    """The offender's age, and the name without its words on the offender."""
    if found := re.search(r"offender (?:aged )?(18 or over|under 18)|offender (not) 18 or over", name):
        age = "18+" if found[1] == "18 or over" else "under 18"
    else:
        age = "any"
    return age, re.sub(
        r"offender (aged |not )?(\d+ or over|under \d+)( at time of offence)?|by a (fe)?male", "", name
    )


def _ages(name: str) -> tuple[str, str]:
    """The least and the greatest age of the victim, blank where the name sets none."""
    if found := re.search(r"(\d+) ?(?:-|to|or) ?(\d+)", name):
        return found[1], found[2]
    if found := re.search(r"(\d+) (?:years )?(?:or|and) over", name):
        return found[1], ""
    if found := re.search(r"under (\d+)", name):
        return "", str(int(found[1]) - 1)
    return "", ""


def _sex(name: str) -> str:
    if re.search(r"\b(female|girls?)\b", name):
        return "F"
    return "M" if re.search(r"\b(male|boys?)\b", name) else "any"
