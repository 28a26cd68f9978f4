"""Small faults put into the values of the seeds that rules read, and what is known of these values apart from them.

A mutant is one cell changed: a number or a day one further, a flag or word another of its column's, a blank filled or
a value left out. It is killed when `problems` finds something that it does not find in the seeds as they are.
"""

import datetime
import re
from collections.abc import Iterator
from functools import cache

from offence_names import said_by
from rule_cases import KNOWN_IN_2023
from rule_checks import RECORD_TYPES, rules_by_view
from test_severities import STRICTNESS, unsaid

from orchestration.home import PROJECT, seed_rows

Seeds = dict[str, list[dict[str, str]]]
OFFENCE_COLUMNS = tuple(said_by("", "", ""))
READ: dict[str, tuple[str, ...]] = {
    "rules": (*STRICTNESS, "home", "scope"),
    "offences": OFFENCE_COLUMNS,
    "outcomes": ("available_from",),
    "forces": ("from_quarter", "to_quarter"),
    "reconciliation_tolerance": ("share", "crimes"),
    "link_limits": ("crimes",),
    "month_floors": ("against", "part", "expected_from", "floor_share"),
    "month_limits": ("past_quarters", "crimes_of_a_day", "reached_share"),
    "criteria": ("criterion",),
    "breakdowns": ("exhaustive",),
    "published_2023": ("numerator", "denominator"),
}
# outcomes came with the framework of April 2013, its extension a year later, and four one by one
OUTCOMES_FROM = {
    **dict.fromkeys(("1", "2", "3", "4", "5", "6", "7", "8", "9"), "2013-04"),
    **dict.fromkeys(("1A", "2A", "3A", *(str(code) for code in range(10, 20))), "2014-04"),
    "20": "2015-04",
    "21": "2016-01",
    "22": "2019-04",
}
# against -> part -> of how many expected crimes on what share of them is the floor
FLOORS = {
    "own_past": {
        "month": [(13, 0.05), (22, 0.15), (28, 0.2), (40, 0.3), (60, 0.4)],
        "half_month": [(13, 0.05), (22, 0.15), (28, 0.2), (40, 0.3), (60, 0.4)],
        "two_months": [(15, 0.05)],
    },
    "recorded_crime": {"month": [(50, 0.3), (75, 0.4)], "half_month": [(50, 0.3), (75, 0.4)]},
    "same_return": {"month": [(12, 0.05), (20, 0.15), (30, 0.25), (50, 0.4)], "two_months": [(8, 0.05)]},
}
CRITERIA = {"cse", "familial", "institutional", "ritualistic", "other", "unknown"}
# months and quarters do not share out a total that is printed, wide bands leave ages out, and group-based is one part
NOT_EXHAUSTIVE = {"total", "quarter", "month", "group_based", "age_band_wide"}


def seeds() -> Seeds:
    """The seeds that rules read: of the publication only what the floors of CR58 are made of."""
    read = {name: seed_rows(f"{name}.csv") for name in READ}
    read["published_2023"] = [row for row in read["published_2023"] if _known(row)]
    return read


def _known(row: dict[str, str]) -> tuple[str, str] | None:
    key = (row["unit"], row["breakdown"].removesuffix("_recorded"))
    return key if row["breakdown"].endswith("_recorded") and key in KNOWN_IN_2023 else None


def problems(name: str, rows: list[dict[str, str]]) -> list[str]:
    """Where a seed is not what is known apart from it."""
    return list(KNOWN[name](rows))


def _rules(rows: list[dict[str, str]]) -> Iterator[str]:
    first, changelog, view_of = _told_of_rules()
    yield from unsaid(rows, first, changelog)
    for row in rows:
        rule, home = row["rule"], row["home"]
        unchecked = "not_checkable" if row["why_not_checkable"] else "expectation"
        if home != ("record_rule" if rule in view_of else unchecked):
            yield f"{rule}: lives in {home}"
        judged = RECORD_TYPES.get(view_of.get(rule, ""), {"crime"})
        scopes = {"table" if kind in ("figure", "waiver") else kind for kind in judged}
        if rule in view_of and row["scope"] not in (scopes if rule != "CR58" else {"return"}):
            yield f"{rule}: checks a {row['scope']}"


@cache
def _told_of_rules() -> tuple[list[dict[str, str]], str, dict[str, str]]:
    first = seed_rows("severities.csv", PROJECT / "tests" / "expectations")
    changelog = (PROJECT / "CHANGELOG.md").read_text(encoding="utf-8")
    return first, changelog, {rule: view for view, rules in rules_by_view().items() for rule in rules}


def _offences(rows: list[dict[str, str]]) -> Iterator[str]:
    for row in rows:
        for column, value in said_by(row["name"], row["offence_code"], row["offence_class"]).items():
            if row[column] != value:
                yield f"{row['offence_code']}: {column} is {row[column]}, its name has {value}"


def _outcomes(rows: list[dict[str, str]]) -> Iterator[str]:
    if {row["code"]: row["available_from"] for row in rows} != OUTCOMES_FROM:
        yield "an outcome opened in another month"


def _forces(rows: list[dict[str, str]]) -> Iterator[str]:
    if len(rows) != 44 or {(row["from_quarter"], row["to_quarter"]) for row in rows} != {("2014-Q1", "")}:
        yield "44 forces owe a return for every quarter since 2014-Q1"


def _tolerance(rows: list[dict[str, str]]) -> Iterator[str]:
    if [(row["share"], row["crimes"]) for row in rows] != [("0.05", "5")]:
        yield "a return may differ from recorded crime by 5% or 5 crimes"


def _limits(rows: list[dict[str, str]]) -> Iterator[str]:
    if [row["crimes"] for row in rows] != ["200"]:
        yield "a person on more than 200 crimes is a placeholder"


def _month_floors(rows: list[dict[str, str]]) -> Iterator[str]:
    told = [(row["against"], row["part"], row["expected_from"], row["floor_share"]) for row in rows]
    known = [
        (against, part, str(expected), str(share))
        for against, parts in FLOORS.items()
        for part, floors in parts.items()
        for expected, share in floors
    ]
    if told != known:
        yield "a month is missing below another share of what is usual"


def _month_limits(rows: list[dict[str, str]]) -> Iterator[str]:
    if [(row["past_quarters"], row["crimes_of_a_day"], row["reached_share"]) for row in rows] != [
        ("4", "3", "0.5")
    ]:
        yield "what is usual of a month is asked of four returns, three crimes of a day, beside half of recorded crime"


def _criteria(rows: list[dict[str, str]]) -> Iterator[str]:
    for scheme, expected in (("2023", CRITERIA), ("2024", CRITERIA | {"committed_by_children"})):
        told = sorted(row["criterion"] for row in rows if row["scheme"] == scheme)
        if told != sorted(expected):
            yield f"the criteria of {scheme} are others"


def _breakdowns(rows: list[dict[str, str]]) -> Iterator[str]:
    for row in rows:
        if row["exhaustive"] != ("N" if row["breakdown"] in NOT_EXHAUSTIVE else "Y"):
            yield f"{row['breakdown']} shares out its base or does not"


def _published(rows: list[dict[str, str]]) -> Iterator[str]:
    for row in rows:
        if (row["numerator"], row["denominator"]) != tuple(map(str, KNOWN_IN_2023[_known(row)])):
            yield f"{row['figure_id']}: another count than was published"


KNOWN = {
    "rules": _rules,
    "offences": _offences,
    "outcomes": _outcomes,
    "forces": _forces,
    "reconciliation_tolerance": _tolerance,
    "link_limits": _limits,
    "month_floors": _month_floors,
    "month_limits": _month_limits,
    "criteria": _criteria,
    "breakdowns": _breakdowns,
    "published_2023": _published,
}


KEYS = {
    "rules": ("rule",),
    "offences": ("offence_code",),
    "outcomes": ("code",),
    "forces": ("force",),
    "criteria": ("scheme", "criterion"),
    "breakdowns": ("population", "unit", "breakdown"),
    "published_2023": ("figure_id",),
}


def changed_seeds(name: str, rows: list[dict[str, str]]) -> Iterator[tuple[str, list[dict[str, str]]]]:
    """(what is changed, the seed with this change). The scope of a rule is read of record rules alone."""
    for column in READ[name]:
        words = sorted({row[column] for row in rows} - {""})
        for at, row in enumerate(rows):
            if column == "scope" and row["home"] != "record_rule":
                continue
            key = "/".join(row[part] for part in KEYS.get(name, ()))
            for value in _other_values(row[column], words):
                changed = [*rows[:at], {**row, column: value}, *rows[at + 1 :]]
                yield f"{key}.{column}: {row[column] or 'blank'} → {value or 'blank'}", changed


def _other_values(value: str, words: list[str]) -> Iterator[str]:
    if re.fullmatch(r"\d{4}-\d\d-\d\d", value):
        day = datetime.date.fromisoformat(value)
        yield from (str(day + datetime.timedelta(days=way)) for way in (1, -1))
    elif re.fullmatch(r"\d{4}-\d\d", value):
        year, month = map(int, value.split("-"))
        yield f"{year}-{month + 1:02}" if month < 12 else f"{year + 1}-01"
    elif re.fullmatch(r"\d+(\.\d+)?", value):
        digits = len(value.partition(".")[2])
        yield from (f"{float(value) + way * 10.0**-digits:.{digits}f}" for way in (1, -1))
    else:
        others = [word for word in words if word > value] or words
        yield from (word for word in others[:1] if word != value)
    if value:
        yield ""
