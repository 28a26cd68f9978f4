"""What real returns hold besides the crimes that count: crimes that some rule excludes, and plain mistakes.

Every planted mistake stays under 1.5% of a force's quarter, so that a year of them holds no release up.
"""

from dataclasses import replace

import numpy as np
import pandas as pd

from orchestration.synthetic.dealing import pick
from orchestration.synthetic.reference import ASSUMED, offences
from orchestration.synthetic.year import Year

IN_NO_LIST = ("99/9", "86/99", "19/99", "21/77")
BIG = 150
"""Crimes of a force's quarter from which one mistake stays far below the tolerance of any rule."""


def excluded_crimes(rng: np.random.Generator, crimes: pd.DataFrame) -> pd.DataFrame:
    """Crimes beside `crimes` (same columns), in proportion to each force's quarter, each with its reason."""
    sizes = crimes.groupby(["force", "quarter"], sort=False).size()
    scope = offences()
    outside = scope[(scope.offence_group == "out_of_scope") & (scope.is_class_level == "N") & scope.open]
    rows = []
    for reason, share in ASSUMED["excluded"].items():
        n = np.floor(sizes.to_numpy() * share + rng.random(len(sizes))).astype(int)
        where = np.repeat(np.arange(len(sizes)), n)
        force = sizes.index.get_level_values("force").to_numpy(dtype=object)[where]
        quarter = sizes.index.get_level_values("quarter").to_numpy(dtype=object)[where]
        m = len(where)
        more = pd.DataFrame({"force": force, "quarter": quarter, "exclusion_reason": reason})
        more["offence_code"] = ""
        more["image"], more["contact"] = False, True
        if reason == "adult_victim":
            more["offence_class"] = pick(rng, m, ASSUMED["adult"])
        elif reason == "child_not_shown":
            more["offence_class"] = pick(rng, m, ASSUMED["not_shown"])
        elif reason == "image_without_subcode":
            more["offence_class"], more["offence_code"] = "86", "86"
        elif reason == "not_a_crime":
            more["offence_class"] = "N100"
            more["offence_code"] = rng.choice(np.array(["N100/1", "N100/2", "N100/3"], dtype=object), m)
        elif reason == "not_in_scope":
            code = np.where(
                rng.random(m) < 0.6,
                pick(rng, m, ASSUMED["not_flagged"]),
                rng.choice(outside.offence_code.to_numpy(dtype=object), m),
            )
            more["offence_code"] = code
            more["offence_class"] = scope.set_index("offence_code").offence_class.loc[code].to_numpy()
        else:
            like = crimes[["offence_class", "contact", "image", "offence_code"]].sample(m, random_state=rng)
            more[like.columns] = like.to_numpy()
        if reason in ("image_without_subcode", "not_a_crime", "not_in_scope"):
            more["contact"] = False
        more.loc[more.offence_class == "88E", "contact"] = False
        rows.append(more)
    big = sizes[sizes >= BIG].index.to_frame(index=False)
    strange = big[rng.random(len(big)) < 0.35].copy()
    strange["exclusion_reason"], strange["offence_class"] = "unknown_code", ""
    strange["offence_code"] = rng.choice(np.array(IN_NO_LIST, dtype=object), len(strange))
    strange["image"], strange["contact"] = False, False
    rows.append(strange)
    return pd.concat(rows, ignore_index=True).astype({"contact": bool, "image": bool})


def plant(rng: np.random.Generator, year: Year) -> Year:
    """Cancellations' codes and links, dates out of order, codes of the old law, crimes sent again in a later
    quarter, impossible dates. Adds to crimes: status, cancellation_code, linked (position, -1 for none),
    impossible_date, again (position of the crime it repeats, -1 for none)."""
    crimes = year.crimes
    n = len(crimes)
    cancelled = (crimes.exclusion_reason == "cancelled").to_numpy()
    crimes["status"] = np.where(cancelled, "cancelled", "recorded").astype(object)
    crimes["cancellation_code"] = np.where(cancelled, pick(rng, n, {"C1": 2, "C2": 4, "C3": 3, "C4": 2}), "")
    crimes["impossible_date"] = False
    live = crimes[crimes.exclusion_reason == ""]
    by_place = {key: members.to_numpy() for key, members in live.groupby(["force", "quarter"]).groups.items()}
    force, quarter, code = (crimes[name].to_numpy() for name in ("force", "quarter", "cancellation_code"))
    linked = np.full(n, -1)
    alive = live.index.to_numpy()
    for position in np.flatnonzero(code == "C3"):
        linked[position] = rng.choice(by_place[force[position], quarter[position]])
    for position in np.flatnonzero(code == "C1"):
        linked[position] = alive[rng.integers(len(alive))]
        while force[linked[position]] == force[position]:
            linked[position] = alive[rng.integers(len(alive))]
    crimes["linked"] = linked

    sizes = live.groupby(["force", "quarter"]).size()
    big = [key for key in sizes[sizes >= BIG].index if rng.random() < 0.3]
    plain = crimes.index[(crimes.exclusion_reason == "") & ~crimes.is_candidate & (crimes.outcome_code != "")]
    of_place = crimes.loc[plain].groupby(["force", "quarter"]).groups
    for key in big:
        early = rng.choice(of_place[key].to_numpy())
        crimes.loc[early, "outcome_on"] = crimes.loc[early, "recorded_on"] - 4
    old_law = {("20A", "F"): "20/1", ("17A", "M"): "17/11"}
    for key in big[::4]:
        group = crimes.loc[of_place[key]]
        old = group[[pair in old_law for pair in zip(group.offence_class, group.true_sex, strict=True)]]
        old = old[(old.true_age <= 15) & (old.recency == "non_recent")]
        if len(old):
            row = old.index[0]
            crimes.loc[row, "offence_code"] = old_law[crimes.offence_class[row], crimes.true_sex[row]]

    # an impossible date, where nothing counts on it: a crime that is out of scope and has nobody on it
    alone = ~np.isin(np.arange(n), np.concatenate([year.victims.crime, year.suspects.crime]))
    unread = np.flatnonzero(
        (crimes.exclusion_reason == "not_a_crime") | (alone & (crimes.exclusion_reason != ""))
    )
    unread = unread[(crimes.force.isin([key[0] for key in big])).to_numpy()[unread]]
    seen: set[str] = set()
    for position in rng.permutation(unread):
        if (
            len(seen) == 6
            or crimes.force[position] in seen
            or crimes.exclusion_reason[position] == "cancelled"
        ):
            continue
        seen.add(crimes.force[position])
        crimes.loc[position, "impossible_date"] = True
    return _sent_again(rng, replace(year, crimes=crimes), big)


def _sent_again(rng: np.random.Generator, year: Year, big: list[tuple[str, str]]) -> Year:
    """One earlier crime more in some returns, with its persons: recorded in the quarter before."""
    crimes = year.crimes
    crimes["again"] = -1
    picks = []
    for force, quarter in big:
        if quarter == year.quarters[0] or rng.random() < 0.5:
            continue
        before = year.quarters[year.quarters.index(quarter) - 1]
        could = crimes.index[
            (crimes.force == force)
            & (crimes.quarter == before)
            & (crimes.exclusion_reason == "")
            & ~crimes.is_candidate
            & (crimes.cse_flag != "Y")
        ]
        if len(could):
            picks.append((int(rng.choice(could)), quarter))
    copies = crimes.loc[[position for position, _ in picks]].copy()
    copies["again"] = [position for position, _ in picks]
    copies["quarter"] = [quarter for _, quarter in picks]
    copies["exclusion_reason"] = "wrong_quarter"
    # reclassified since: some come back with the class alone
    only_class = rng.random(len(copies)) < 0.5
    copies["offence_code"] = np.where(only_class, copies.offence_class, copies.offence_code)
    new = dict(zip(copies.again, range(len(crimes), len(crimes) + len(copies)), strict=True))
    people = []
    for table in (year.victims, year.suspects):
        more = table[table.crime.isin(new.keys())].copy()
        more["crime"] = more.crime.map(new)
        people.append(pd.concat([table, more], ignore_index=True))
    return replace(
        year, crimes=pd.concat([crimes, copies], ignore_index=True), victims=people[0], suspects=people[1]
    )
