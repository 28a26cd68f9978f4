"""A year of made crimes with their persons, and every count of them that a public tier may print: for attacks."""

import random
from collections.abc import Callable

from orchestration.home import seed_rows

REGIONS = {"kent": "South East", "sussex": "South East", "essex": "Eastern", "suffolk": "Eastern"}
QUARTERS = [f"2023-Q{number}" for number in range(1, 5)]
GROUPS = ["rape_of_a_child", "sexual_assault_on_a_child", "sexual_activity_involving_a_child", "other"]
CRITERIA = ["cse", "familial", "institutional", "ritualistic", "other", "unknown"]
ADULT = ["18_to_29", "30_to_39", "40_to_49", "50_to_59", "60_and_over"]
NATION = "England and Wales"


def crimes_of(draw: random.Random, most: int = 14) -> list[dict]:
    """COCAD crimes of four forces, and more of the CPAI and of contact around them."""
    found = []
    for force in REGIONS:
        for quarter in QUARTERS:
            at = {"force": force, "quarter": quarter}
            for criterion in CRITERIA:
                for _ in range(draw.choice([0, 1, 2, 4, 7, most])):
                    children = "not_collected" if quarter < "2023-Q2" else draw.choice(["yes", "no", "no"])
                    online = criterion == "other" and draw.random() < 0.4
                    found.append(
                        at
                        | {
                            "population": "cocad",
                            "criterion": criterion,
                            "later": "online" if online else criterion,
                            "children": children,
                            "group": draw.choice(GROUPS),
                            "victims": draw.choice([1, 1, 1, 2]),
                            "suspects": draw.choice([0, 1, 2, 2, 3]),
                        }
                    )
            for _ in range(draw.randint(3, 12)):
                found.append(at | {"population": "contact", "group": draw.choice(GROUPS)})
            for _ in range(draw.randint(0, 12)):
                found.append(at | {"population": "cpai", "group": draw.choice([*GROUPS[2:], "image"])})
    return found


def figures_of(crimes: list[dict], schemes: list[str]) -> list[dict]:
    """Rows as `public.shown` gives them, where seeds/disclosure_tables.csv shows them; a split by a scheme in `schemes` where
    that of 2024 is."""
    rows = []
    places = [("national", NATION, set(REGIONS)), *(("force", force, {force}) for force in REGIONS)]
    places += [
        ("region", region, {force for force, of in REGIONS.items() if of == region})
        for region in sorted(set(REGIONS.values()))
    ]
    for place_type, place, forces in places:
        for period_type, period, inside in [
            ("year", "2023", QUARTERS),
            *(("quarter", one, [one]) for one in QUARTERS),
        ]:
            at = {"place_type": place_type, "place": place, "period_type": period_type, "period": period}
            here = [crime for crime in crimes if crime["force"] in forces and crime["quarter"] in inside]
            _of_place(rows, at, here, schemes if (place_type, period_type) == ("national", "year") else [])
    return [row for row in rows if row["period_type"] in _periods_of(row)]


def _periods_of(figure: dict) -> list[str]:
    """At which periods the policy shows the figure at its place."""
    for table in seed_rows("disclosure_tables.csv"):
        shown = *(table[name] for name in ("population", "unit", "breakdown")), table["scheme"]
        if (table["criteria"] == "all") == (figure["criterion"] == "all") and shown == (
            *(figure[name] for name in ("population", "unit", "breakdown")),
            min(figure["scheme"], "2024"),
        ):
            return table[figure["place_type"]].split()
    return []


def _of_place(rows: list[dict], at: dict, crimes: list[dict], schemes: list[str]) -> None:
    def add(population, unit, criterion, breakdown, category, count, base=None, scheme="2023"):
        figure_id = ".".join((population, criterion, unit, breakdown, category))
        rows.append(
            at
            | {
                "figure_id": figure_id,
                "population": population,
                "unit": unit,
                "criterion": criterion,
                "breakdown": breakdown,
                "category": category,
                "numerator": count,
                "denominator": base,
                "percent": None if not base else (200 * count + base) // (2 * base),
                "percent_rounding": None if base is None else "half_up",
                "scheme": scheme,
                "status": "published",
                "judged": True,
            }
        )

    def many(of: Callable[[dict], object], counted: str | None = None) -> int:
        return sum(crime[counted] if counted else 1 for crime in crimes if of(crime))

    wider = {"cpai": ("cpai", "contact", "cocad"), "contact": ("contact", "cocad")}
    for population, all_of in wider.items():
        total = many(lambda crime, all_of=all_of: crime["population"] in all_of)
        add(population, "crime", "all", "total", "all", total)
        for group in [*GROUPS, *(["image"] if population == "cpai" else [])]:
            found = many(
                lambda crime, all_of=all_of, group=group: (
                    crime["population"] in all_of and crime["group"] == group
                )
            )
            add(population, "crime", "all", "offence_group", group, found, total)
    _of_cocad(add, many, schemes)


def _of_cocad(add: Callable, many: Callable, schemes: list[str]) -> None:
    def of(criterion: str, crime: dict) -> bool:
        if crime["population"] != "cocad":
            return False
        if criterion.startswith("committed_by_children"):
            return crime["children"] == "yes" and (criterion.endswith("any") or crime["criterion"] == "other")
        return criterion in ("all", crime["criterion"])

    total = many(lambda crime: of("all", crime))
    for criterion in ["all", *CRITERIA, "committed_by_children", "committed_by_children_any"]:
        add("cocad", "crime", criterion, "total", "all", many(lambda crime, c=criterion: of(c, crime)))
        for unit in ("victim", "suspect"):
            persons = many(lambda crime, c=criterion: of(c, crime), f"{unit}s")
            add("cocad", unit, criterion, "total", "all", persons)
    for criterion in CRITERIA:
        add(
            "cocad",
            "crime",
            "all",
            "criterion",
            criterion,
            many(lambda crime, c=criterion: of(c, crime)),
            total,
        )
    for criterion in ["all", *(CRITERIA if schemes else [])]:
        asked = many(lambda crime, c=criterion: of(c, crime) and crime["children"] != "not_collected")
        for answer in ("yes", "no"):
            found = many(lambda crime, c=criterion, a=answer: of(c, crime) and crime["children"] == a)
            add("cocad", "crime", criterion, "committed_by_children", answer, found, asked)
    for scheme in schemes:
        children = many(lambda crime: of("committed_by_children_any", crime))
        add("cocad", "crime", "all", "criterion", "committed_by_children", children, total, scheme)
        of_scheme = "later" if scheme > "2024" else "criterion"
        for name in [*CRITERIA, *(["online"] if scheme > "2024" else [])]:
            found = many(
                lambda crime, n=name, s=of_scheme: (
                    of("all", crime) and crime[s] == n and crime["children"] != "yes"
                )
            )
            add("cocad", "crime", "all", "criterion", name, found, total, scheme)
