"""The group-based crimes of the year, dealt so that every published count comes out exactly.

Published counts come from `seeds/published_2023.csv`. What the publication does not have (how many suspects a
familial crime has, for example) is made up, in `assumed.toml`.
"""

import numpy as np
import pandas as pd

from orchestration.synthetic.dealing import apportion, choose, deal, pick, split
from orchestration.synthetic.reference import ASSUMED, base, count

CRITERIA = ("familial", "cse", "institutional", "other", "unknown")
GROUPS = (
    "rape_of_a_child",
    "sexual_assault_on_a_child",
    "sexual_activity_involving_a_child",
    "other",
)
NONE = "none"
"""Label of a person for whom the thing is not recorded."""

# made up: nothing is published about these
CHILDREN_IN_UNKNOWN = 0.1
AGE_KNOWN_WHEN_CHILDREN = 0.77


def group_based_crimes(rng: np.random.Generator, quarters: tuple[str, ...]) -> pd.DataFrame:
    """One row per crime: quarter, criterion, by_children (truth, also where it was not yet collected), cell
    (the groups that the publication has counts for), offence_group, recency."""
    totals = {name: count(f"criterion.{name}") for name in CRITERIA}
    crimes = _by_criterion(rng, quarters, totals)
    published_children = (
        (crimes.criterion == "other") & crimes.by_children & (crimes.quarter != quarters[0])
    ).to_numpy()
    crimes["cell"] = np.where(published_children, "children", crimes.criterion)

    groups = {name: count(f"offence.{name}") for name in GROUPS}
    crimes["offence_group"] = deal(
        rng,
        crimes.cell.to_numpy(),
        groups,
        {
            "cse": _one_pinned(groups, "rape_of_a_child", count("cse.rape"), totals["cse"]),
            "institutional": _one_pinned(
                groups,
                "sexual_assault_on_a_child",
                count("institutional.sexual_assault"),
                totals["institutional"],
            ),
            "children": _one_pinned(
                groups,
                "sexual_activity_involving_a_child",
                count("children.sexual_activity"),
                int(published_children.sum()),
            ),
        },
    )
    recency = {name: count(f"recency.{name}") for name in ("recent", "non_recent", "unknown")}
    crimes["recency"] = deal(
        rng,
        crimes.cell.to_numpy(),
        recency,
        {"familial": _one_pinned(recency, "non_recent", count("familial.non_recent"), totals["familial"])},
    )
    return crimes


def _by_criterion(
    rng: np.random.Generator, quarters: tuple[str, ...], totals: dict[str, int]
) -> pd.DataFrame:
    """Quarter, criterion and whether by children of each."""
    rows = []
    collected = {name: base(f"children.of_{name}") for name in ("other", "familial", "cse", "institutional")}
    share = sum(collected.values()) / sum(totals[name] for name in collected)
    collected["unknown"] = round(totals["unknown"] * share)
    later = np.array([count(f"scale.contact.{quarter}") for quarter in quarters[1:]])
    for criterion in CRITERIA:
        after = collected[criterion]
        first = totals[criterion] - after
        children = (
            round(after * CHILDREN_IN_UNKNOWN)
            if criterion == "unknown"
            else count(f"children.of_{criterion}")
        )
        when = np.repeat(quarters[1:], apportion(after, later))
        rows.append(
            pd.DataFrame(
                {
                    "quarter": np.concatenate([np.repeat(quarters[0], first), rng.permutation(when)]),
                    "criterion": criterion,
                    # the same share in the first quarter, where readers did not yet ask
                    "by_children": np.concatenate(
                        [
                            np.arange(first) < round(first * children / after),
                            rng.permutation(np.arange(after) < children),
                        ]
                    ),
                }
            )
        )
    return pd.concat(rows, ignore_index=True).astype({"quarter": object, "criterion": object})


def their_victims(rng: np.random.Generator, crimes: pd.DataFrame) -> pd.DataFrame:
    """One row per victim: crime (position), first (the crime's first victim), gender and age_band as recorded
    (or `none`), true sex and true_age (which the offence code has to fit), age (recorded, -1 for none)."""
    second = dict(ASSUMED["second_victims"])
    second["other"] = base("victim.gender.recorded") - len(crimes) - sum(second.values())
    per_cell = crimes.cell.value_counts().to_dict()
    cells = np.concatenate([np.repeat(cell, per_cell[cell] + second.get(cell, 0)) for cell in per_cell])
    victims = _recorded_victims(rng, cells.astype(object))

    # second victims look like a first victim of the same cell, so that one offence code fits both
    shape = [victims.cell, victims.gender, victims.age_band]
    place = pd.Series(rng.permutation(len(victims)), index=victims.index).groupby(shape).rank()
    victims["first"] = True
    for cell, n in second.items():
        can_follow = np.flatnonzero((victims.cell == cell) & (place > 1))
        victims.loc[rng.choice(can_follow, n, replace=False), "first"] = False

    _their_crimes(rng, crimes, victims, per_cell)

    groups = crimes.offence_group.to_numpy()[victims.crime.to_numpy()]
    victims["true_age"] = np.where(victims.age < 0, rng.integers(4, 16, len(victims)), victims.age)
    adult = (victims.age_band == "18_and_over").to_numpy()
    # of these only codes that name a child keep the crime in: the youngest age those codes reach
    limit = np.where(groups == "sexual_assault_on_a_child", 12, 15)
    victims.loc[adult, "true_age"] = (4 + rng.integers(0, 12, adult.sum())).clip(max=limit[adult])
    _like_their_twins(rng, victims)
    return victims.astype({"true_age": int, "age": int, "crime": int})


def _recorded_victims(rng: np.random.Generator, cells: np.ndarray) -> pd.DataFrame:
    """Cell, gender and age as recorded, and true sex, of each."""
    size = pd.Series(cells).value_counts().to_dict()
    genders = {"F": count("victim.gender.female"), "M": count("victim.gender.male")}
    genders[NONE] = len(cells) - sum(genders.values())
    girls, known = count("cse.victim.female"), base("cse.victim.female")
    gender = deal(rng, cells, genders, {"cse": {"F": girls, "M": known - girls, NONE: size["cse"] - known}})

    bands = ("under_10", "10_to_13", "14_to_15", "16_to_17", "18_and_over")
    ages = {band: count(f"victim.age.{band}") for band in bands}
    ages[NONE] = len(cells) - sum(ages.values())
    young, known = count("familial.victim.under_10"), base("familial.victim.under_10")
    familial = {
        "under_10": young,
        **split(known - young, {band: ages[band] for band in bands[1:]}),
        NONE: size["familial"] - known,
    }
    middle, known = count("children.victim.10_to_15"), base("children.victim.10_to_15")
    by_children = {
        **split(middle, {band: ages[band] for band in ("10_to_13", "14_to_15")}),
        # a crime by children has no victim who was recorded as an adult
        **split(known - middle, {band: ages[band] for band in ("under_10", "16_to_17")}),
        NONE: size["children"] - known,
    }
    victims = pd.DataFrame(
        {
            "cell": cells,
            "gender": gender,
            "age_band": deal(rng, cells, ages, {"familial": familial, "children": by_children}),
        }
    )
    victims["true_sex"] = np.where(
        victims.gender == NONE, pick(rng, len(victims), {"F": 0.78, "M": 0.22}), victims.gender
    )
    victims["age"] = _years(rng, victims.age_band.to_numpy())
    return victims


def _their_crimes(
    rng: np.random.Generator, crimes: pd.DataFrame, victims: pd.DataFrame, per_cell: dict[str, int]
) -> None:
    """A crime for each first victim."""
    victims["crime"] = -1
    for cell in per_cell:
        of_cell = np.flatnonzero(crimes.cell == cell)
        # victims recorded as adults go first to old crimes of adults: their age was taken at the report
        inconvenient = 2 * crimes.by_children.to_numpy()[of_cell] + (
            crimes.recency.to_numpy()[of_cell] != "non_recent"
        )
        of_cell = of_cell[np.lexsort((rng.random(len(of_cell)), inconvenient))]
        firsts = np.flatnonzero((victims.cell == cell) & victims["first"])
        adults_first = np.lexsort(
            (rng.random(len(firsts)), victims.age_band.to_numpy()[firsts] != "18_and_over")
        )
        victims.loc[firsts[adults_first], "crime"] = of_cell


def _like_their_twins(rng: np.random.Generator, victims: pd.DataFrame) -> None:
    """Second victims get the crime, sex and ages of a first victim who looks like them."""
    twins: dict[tuple[str, ...], list[int]] = {}
    keys = list(zip(victims.cell, victims.gender, victims.age_band, strict=True))
    for position in np.flatnonzero(victims["first"]):
        twins.setdefault(keys[position], []).append(position)
    seconds = np.flatnonzero(~victims["first"])
    like = [twins[keys[position]][rng.integers(len(twins[keys[position]]))] for position in seconds]
    for column in ("crime", "true_sex", "true_age", "age"):
        values = victims[column].to_numpy().copy()
        values[seconds] = values[like]
        victims[column] = values


def number_of_suspects(rng: np.random.Generator, crimes: pd.DataFrame, not_one: np.ndarray) -> np.ndarray:
    """Suspect rows of each crime, in all as many as published. not_one: crimes that never have just one."""
    total = base("suspect.gender.recorded")
    rest = (crimes.cell == "other").sum()
    means = dict(ASSUMED["suspects_per_crime"])
    means["other"] = (total - sum(means[cell] * (crimes.cell == cell).sum() for cell in means)) / rest
    spread = np.array([0.0, 1.0, 2.0, 3.0, 4.0, 5.0])
    rows = np.zeros(len(crimes), dtype=int)
    for cell, mean in means.items():
        of_cell = np.flatnonzero(crimes.cell == cell)
        # most have one or two; the tail is what lifts the mean
        shape = np.array([0.14, 0.42, 0.3, 0.09, 0.035, 0.015])
        lift = (mean - (shape * spread).sum()) / 2
        shape = shape + lift * np.array([-0.25, -0.75, 0.55, 0.25, 0.12, 0.08])
        rows[of_cell] = rng.choice(6, len(of_cell), p=(shape.clip(0.005)) / shape.clip(0.005).sum())
    rows[not_one & (rows == 1)] = 2
    while (short := total - rows.sum()) != 0:
        step = int(np.sign(short))
        can_move = np.flatnonzero(~not_one & (rows + step >= 0) & (rows + step <= 5))
        moved = rng.choice(can_move, min(abs(int(short)), len(can_move)), replace=False)
        rows[moved] += step
    return rows


def their_suspects(
    rng: np.random.Generator, crimes: pd.DataFrame, rows: np.ndarray, known_rate: np.ndarray
) -> pd.DataFrame:
    """One row per suspect: crime (position), gender, age_band, age, ethnicity (5+1 group), relationship
    (acquaintance, another group or `none`). known_rate: the chance, for each crime, that its force records
    the self-defined ethnicity of a suspect."""
    crime = np.repeat(np.arange(len(crimes)), rows)
    cell = crimes.cell.to_numpy()[crime]
    criterion = crimes.criterion.to_numpy()[crime]
    by_children = crimes.by_children.to_numpy()[crime]
    suspects = pd.DataFrame({"crime": crime, "cell": cell})
    size = suspects.cell.value_counts().to_dict()

    genders = {"F": count("suspect.gender.female"), "M": count("suspect.gender.male")}
    genders[NONE] = len(suspects) - sum(genders.values())
    pinned = {}
    for name, sex, figure in (
        ("familial", "F", "familial.suspect.female"),
        ("institutional", "F", "institutional.suspect.female"),
        ("cse", "M", "cse.suspect.male"),
    ):
        of_sex, known = count(figure), base(figure)
        pinned[name] = {sex: of_sex, "FM".replace(sex, ""): known - of_sex, NONE: size[name] - known}
    suspects["gender"] = deal(rng, cell, genders, pinned)

    suspects["age_band"] = _suspect_ages(rng, criterion, by_children)
    suspects["age"] = _years(rng, suspects.age_band.to_numpy())

    groups = ("white", "asian", "black", "mixed", "other")
    ethnicities = {group: count(f"suspect.ethnicity.{group}") for group in groups}
    suspects["ethnicity"] = _ethnicities(
        rng,
        cell,
        ethnicities,
        {
            "cse": (count("cse.suspect.white"), base("cse.suspect.white")),
            "children": (count("children.suspect.white"), base("children.suspect.white")),
        },
        known_rate[crime],
    )
    suspects["relationship"] = _relationships(rng, cell, criterion)
    return suspects


def ethnicities_of_victims(rng: np.random.Generator, known_rate: np.ndarray) -> np.ndarray:
    """5+1 group or `none` for each victim."""
    groups = ("white", "asian", "black", "mixed", "other")
    ethnicities = {group: count(f"victim.ethnicity.{group}") for group in groups}
    return _ethnicities(rng, np.repeat("all", len(known_rate)).astype(object), ethnicities, {}, known_rate)


def _suspect_ages(rng: np.random.Generator, criterion: np.ndarray, by_children: np.ndarray) -> np.ndarray:
    children = count("suspect.age.10_to_15") - count("suspect.age.bar_945")
    # only the percentage of 10 to 17 is published: the whole number in the middle of its range
    ten_to_17 = round(base("suspect.age.10_to_17") * 0.4803)
    totals = {
        "under_10": count("suspect.age.under_10"),
        "10_to_13": children,
        "14_to_15": count("suspect.age.bar_945"),
        "16_to_17": ten_to_17 - count("suspect.age.10_to_15"),
        "18_to_29": count("suspect.age.18_to_29"),
    }
    known = base("suspect.age.18_to_29")
    totals |= split(known - sum(totals.values()), ASSUMED["older"])
    totals[NONE] = len(criterion) - known

    cse = criterion == "cse"
    group = np.where(by_children, np.where(cse, "children_cse", "children"), np.where(cse, "cse", "rest"))
    pinned = {}
    for name in ("children_cse", "children"):
        members = int((group == name).sum())
        recorded = round(members * AGE_KNOWN_WHEN_CHILDREN)
        pinned[name] = {**split(recorded, ASSUMED["suspect_ages_when_children"]), NONE: members - recorded}
    young_adults, known_cse = count("cse.suspect.18_to_29"), base("cse.suspect.18_to_29")
    recorded = known_cse - sum(n for band, n in pinned["children_cse"].items() if band != NONE)
    pinned["cse"] = {
        "18_to_29": young_adults,
        **split(recorded - young_adults, {"16_to_17": 0.1, **ASSUMED["older"]}),
        NONE: int((group == "cse").sum()) - recorded,
    }
    return deal(rng, group.astype(object), totals, pinned)


def _ethnicities(
    rng: np.random.Generator,
    cell: np.ndarray,
    totals: dict[str, int],
    pinned: dict[str, tuple[int, int]],
    known_rate: np.ndarray,
) -> np.ndarray:
    """Who is known depends on the force's `known_rate`; how many of each group are known does not."""
    odds = known_rate / (1 - known_rate)
    ethnicity = np.full(len(cell), NONE, dtype=object)
    left = dict(totals)
    for name, (white, known) in pinned.items():
        members = np.flatnonzero(cell == name)
        quota = {"white": white, **split(known - white, {k: v for k, v in totals.items() if k != "white"})}
        _serve(rng, ethnicity, members, quota, odds)
        for group, n in quota.items():
            left[group] -= n
    _serve(rng, ethnicity, np.flatnonzero(~np.isin(cell, list(pinned))), left, odds)
    return ethnicity


def _serve(
    rng: np.random.Generator, labels: np.ndarray, members: np.ndarray, quota: dict[str, int], odds: np.ndarray
) -> None:
    chosen = members[choose(rng, sum(quota.values()), odds[members])]
    labels[chosen] = rng.permutation(np.repeat(np.array(list(quota), dtype=object), list(quota.values())))


def _relationships(rng: np.random.Generator, cell: np.ndarray, criterion: np.ndarray) -> np.ndarray:
    relationship = np.full(len(cell), NONE, dtype=object)
    usual = ASSUMED["relationships"]
    for name in np.unique(criterion.astype(str)):
        members = np.flatnonzero(criterion == name)
        relationship[members] = pick(rng, len(members), usual.get(name, usual["otherwise"]))
    members = np.flatnonzero(cell == "children")
    acquainted, known = count("children.suspect.acquaintance"), base("children.suspect.acquaintance")
    quota = {
        "acquaintance": acquainted,
        **split(known - acquainted, {"stranger": 0.3, "partner": 0.2, "familial": 0.35, "other": 0.15}),
        NONE: len(members) - known,
    }
    relationship[members] = deal(rng, cell[members], quota, {})
    return relationship


def _one_pinned(totals: dict[str, int], label: str, n: int, size: int) -> dict[str, int]:
    """Exactly `n` of one label; the other labels share the rest as they do everywhere."""
    return {label: n, **split(size - n, {other: total for other, total in totals.items() if other != label})}


def _years(rng: np.random.Generator, bands: np.ndarray) -> np.ndarray:
    low, high = np.array([ASSUMED["years_of_band"][band] for band in bands]).T
    return rng.integers(low, high + 1)
