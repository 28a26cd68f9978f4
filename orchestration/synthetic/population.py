"""The base year in memory: crimes, victims and suspects, with the truth about each.

Days are whole numbers since 1970-01-01 (`NO_DATE` for none), ages whole years (-1 for none), texts blank
for none.
"""

import numpy as np
import pandas as pd

from orchestration.synthetic import calibration, mess, prompts
from orchestration.synthetic.calibration import NONE
from orchestration.synthetic.dealing import QuotaError, apportion, choose, pick
from orchestration.synthetic.prompts import MULTIPLE_OFFENDERS
from orchestration.synthetic.reference import (
    ASSUMED,
    NO_DATE,
    classes,
    classes_that_name_a_child,
    count,
    day,
    forces,
    local_authorities,
    offences,
    recorded_crime,
    seed,
)
from orchestration.synthetic.year import Year

UNDER_13 = ("17B", "19E", "19H", "20B", "21")
UNDER_16 = ("19D", "19G", "22B", "88A")
FALSE_CANDIDATES = 1150
"""Candidates, beside the published group-based crimes, that a reader finds not to be group-based."""
TOLERATED = 0.015
"""Share of a force's quarter that may break one rule: under the gate's 2%, so that it is open at any
scale."""
CODE_CLASS_ONLY = 0.02


def base_year(year: int, seed_number: int) -> Year:
    """A whole year at scale 1, every published count exact. About 135,000 crimes; 2 to 4 seconds."""
    rng = np.random.default_rng(seed_number)
    quarters = tuple(f"{year}-Q{number}" for number in (1, 2, 3, 4))
    crimes = _in_cpai(rng, quarters)
    crimes = pd.concat([crimes, mess.excluded_crimes(rng, crimes)], ignore_index=True)

    group_based = calibration.group_based_crimes(rng, quarters)
    group_victims = calibration.their_victims(rng, group_based)
    group_based["offence_class"] = _classes_for(rng, group_based, group_victims)
    places = _placed(rng, crimes, group_based, group_victims)

    crimes["is_cocad"] = False
    crimes.loc[places, "is_cocad"] = True
    for column in ("criterion", "recency", "cell"):
        crimes[column] = ""
        crimes.loc[places, column] = group_based[column].to_numpy()
    crimes["by_children"] = False
    crimes.loc[places, "by_children"] = group_based.by_children.to_numpy()
    others = np.flatnonzero(~crimes.is_cocad)
    crimes.loc[others, "recency"] = pick(
        rng, len(others), {"recent": 0.7, "non_recent": 0.25, "unknown": 0.05}
    )

    group_victims["crime"] = places[group_victims.crime.to_numpy()]
    rates = _known_rates(rng)
    victims = _victims(rng, crimes, group_victims, rates)
    suspects = _suspects(rng, crimes, group_based, places, rates)
    _codes(rng, crimes)
    _dates(rng, crimes, year)
    _flags(rng, crimes, victims)
    _births(rng, crimes, victims)
    _births(rng, crimes, suspects)
    _outcomes(rng, crimes, suspects, year)
    _numbers(rng, crimes, victims, suspects)
    prompts.plant(seed_number, crimes, victims, suspects)
    return in_order_of_return(mess.plant(rng, Year(quarters, crimes, victims, suspects)))


def _in_cpai(rng: np.random.Generator, quarters: tuple[str, ...]) -> pd.DataFrame:
    """force, quarter, offence_class, image, contact: as many of each as published and as really recorded."""
    real = recorded_crime(quarters[:2])
    naming = classes_that_name_a_child()
    later = count(f"scale.cpai.{quarters[1]}")
    second = np.stack([real.of(quarters[1], name) for name in naming], axis=1)
    rows = []

    def add(quarter: str, offence_class: str, contact: bool, image: bool, per_force: np.ndarray) -> None:
        rows.append(
            pd.DataFrame(
                {
                    "force": np.repeat(np.array(real.forces, dtype=object), per_force),
                    "quarter": quarter,
                    "offence_class": offence_class,
                    "contact": contact,
                    "image": image,
                }
            )
        )

    for quarter in quarters:
        model = quarter if quarter in quarters[:2] else quarters[1]
        if quarter == model:
            counts = np.stack([real.of(quarter, name) for name in naming], axis=1)
        else:
            total = round(second.sum() * count(f"scale.cpai.{quarter}") / later)
            counts = apportion(total, second.ravel()).reshape(second.shape)
        contact_left, left = count(f"scale.contact.{quarter}"), count(f"scale.cpai.{quarter}")
        for position, name in enumerate(naming):
            per_force = counts[:, position]
            without = (
                per_force
                if classes().contact[name] == "N"
                else apportion(round(ASSUMED["no_contact_share"].get(name, 0) * per_force.sum()), per_force)
            )
            add(quarter, name, False, False, without)
            add(quarter, name, True, False, per_force - without)
            contact_left -= int((per_force - without).sum())
            left -= int(per_force.sum())
        shares = np.stack(
            [real.of(model, name) * w for name, w in ASSUMED["child_share_contact"].items()], axis=1
        )
        table = apportion(contact_left, shares.ravel()).reshape(shares.shape)
        for position, name in enumerate(ASSUMED["child_share_contact"]):
            add(quarter, name, True, False, table[:, position])
        left -= contact_left
        for name, share in ASSUMED["child_share_other"].items():
            recorded = real.of(model, name)
            per_force = apportion(round(recorded.sum() * share), recorded)
            add(quarter, name, False, False, per_force)
            left -= int(per_force.sum())
        add(quarter, "86", False, True, apportion(left, real.of(model, "86")))
    crimes = pd.concat(rows, ignore_index=True)
    crimes["exclusion_reason"] = ""
    crimes["offence_code"] = ""
    images = np.flatnonzero(crimes.image)
    crimes.loc[images, "offence_code"] = pick(rng, len(images), ASSUMED["images"])
    return crimes.astype({"quarter": object, "offence_class": object})


def _classes_for(rng: np.random.Generator, crimes: pd.DataFrame, victims: pd.DataFrame) -> np.ndarray:
    """An offence class for each group-based crime that fits its first victim's true sex and age."""
    firsts = victims[victims["first"]].set_index("crime").sort_index()
    girl, age = (firsts.true_sex == "F").to_numpy(), firsts.true_age.to_numpy()
    adult = (firsts.age_band == "18_and_over").to_numpy()
    group, n = crimes.offence_group.to_numpy(), len(crimes)
    luck = rng.random(n)
    offence_class = np.empty(n, dtype=object)

    rape = np.select([age <= 12, age <= 15], [np.where(girl, "19E", "19H"), np.where(girl, "19D", "19G")], "")
    rape = np.where(rape == "", np.where(girl, "19C", "19F"), rape)
    # a few under 13 stand on the form of the law for under 16
    rape = np.where((age >= 10) & (age <= 12) & (luck > 0.97), np.where(girl, "19D", "19G"), rape)
    rape = np.where((luck < np.where(girl, 0.15, 0.06)) & ~adult, np.where(girl, "19J", "19K"), rape)
    assault = np.where(age <= 12, np.where(girl, "20B", "17B"), np.where(girl, "20A", "17A"))
    activity = np.where(age <= 12, "21", np.where(age <= 15, "22B", np.where(luck < 0.6, "23", "73")))
    activity = np.where((age <= 15) & (luck < 0.05) & ~adult, "23", activity)
    other = pick(rng, n, {"71": 0.45, "22A": 0.33, "88C": 0.1, "70": 0.05, "106": 0.07})
    other = np.where(adult | ((other == "71") & (age < 10)), "71", other)
    for name, chosen in zip(calibration.GROUPS, (rape, assault, activity, other), strict=True):
        offence_class[group == name] = chosen[group == name]
    return offence_class


def _placed(
    rng: np.random.Generator, crimes: pd.DataFrame, group_based: pd.DataFrame, victims: pd.DataFrame
) -> np.ndarray:
    """For each group-based crime the contact crime of the year (position) that it is: same quarter and
    class."""
    pool = crimes[crimes.contact & (crimes.exclusion_reason == "")]
    free = {
        key: rng.permutation(members.to_numpy()).tolist()
        for key, members in pool.groupby(["quarter", "offence_class"]).groups.items()
    }
    rule = pd.Series("", index=crimes.index, dtype=object)
    rule[crimes.offence_class.isin(UNDER_13)] = "CR15"
    rule[crimes.offence_class.isin(UNDER_16)] = "CR16"
    in_cpai = crimes.exclusion_reason == ""
    keys = list(zip(crimes.force, crimes.quarter, rule, strict=True))
    room = pd.Series(keys)[in_cpai.to_numpy()].value_counts().mul(TOLERATED).astype(int).to_dict()

    adults = victims[victims.age_band == "18_and_over"].crime.value_counts()
    places = np.full(len(group_based), -1)
    order = list(adults.index) + sorted(set(range(len(group_based))) - set(adults.index))
    wanted = list(zip(group_based.quarter, group_based.offence_class, strict=True))
    for crime in order:
        candidates = free[wanted[crime]]
        strained = int(adults.get(crime, 0))
        if not strained:
            places[crime] = candidates.pop()
            continue
        # recorded ages over 17 break CR15 and CR16: spread so that no force's quarter is beyond tolerance
        found = next(
            (
                place
                for place in reversed(candidates)
                if keys[place][2] == "" or room.get(keys[place], 0) >= strained
            ),
            None,
        )
        if found is None:
            raise QuotaError(f"no force has room for a victim recorded as an adult on {wanted[crime]}")
        room[keys[found]] = room.get(keys[found], 0) - strained
        candidates.remove(found)
        places[crime] = found
    return places


def _known_rates(rng: np.random.Generator) -> pd.DataFrame:
    """One row per force: how likely it records each thing."""
    n = len(forces())
    spread = np.linspace(0, 1, n)

    def between(low: float, middle: float, high: float) -> np.ndarray:
        return rng.permutation(np.interp(spread, [0, 0.5, 1], [low, middle, high]))

    return pd.DataFrame(
        {name: between(*rates) for name, rates in ASSUMED["known_rates"].items()},
        index=forces().force,
    )


def _victims(
    rng: np.random.Generator, crimes: pd.DataFrame, group_victims: pd.DataFrame, rates: pd.DataFrame
) -> pd.DataFrame:
    firsts = group_victims[group_victims["first"]].set_index("crime")
    n = len(crimes)
    sexes = crimes.offence_class.map(classes().victim_sex).fillna("any").to_numpy()
    low = np.array([ASSUMED["true_ages"].get(name, (6, 17))[0] for name in crimes.offence_class])
    high = np.array([ASSUMED["true_ages"].get(name, (6, 17))[1] for name in crimes.offence_class])
    adult = (crimes.exclusion_reason == "adult_victim").to_numpy()
    low, high = np.where(adult, 18, low), np.where(adult, 64, high)
    age = rng.integers(low, high + 1)
    # the under-13 form exists, yet some stand on the form for under 16
    slipped = np.isin(crimes.offence_class, ["19D", "22B"]) & (rng.random(n) < 0.03)
    age[slipped] = rng.integers(10, 13, slipped.sum())
    sex = np.where(sexes == "any", pick(rng, n, {"F": 0.8, "M": 0.2}), sexes)
    crimes["true_sex"], crimes["true_age"] = sex.astype(object), age
    crimes.loc[firsts.index, "true_sex"] = firsts.true_sex
    crimes.loc[firsts.index, "true_age"] = firsts.true_age

    image = crimes.image.to_numpy() | (crimes.exclusion_reason == "image_without_subcode").to_numpy()
    luck = rng.random(n)
    state = image & (luck < 0.6) & (crimes.offence_code != "86/15").to_numpy()
    named = np.where(image, (luck > 0.9) & (crimes.offence_code != "86/15").to_numpy(), ~crimes.is_cocad)
    first = np.flatnonzero(named | state)
    second = np.flatnonzero(named & ~image & (rng.random(n) < 0.01))
    crime = np.concatenate([first, second])
    force = crimes.force.to_numpy()[crime]
    is_state = np.concatenate([state[first], np.zeros(len(second), dtype=bool)])
    recorded_gender = rng.random(len(crime)) < rates.victim_gender.loc[force].to_numpy()
    recorded_age = rng.random(len(crime)) < rates.victim_age.loc[force].to_numpy()
    reason = crimes.exclusion_reason.to_numpy()[crime]
    recorded_age = np.where(reason == "adult_victim", True, recorded_age & (reason != "child_not_shown"))
    others = pd.DataFrame(
        {
            "crime": crime,
            "first": np.concatenate([np.ones(len(first), dtype=bool), np.zeros(len(second), dtype=bool)]),
            "state": is_state,
            "gender": np.where(recorded_gender & ~is_state, crimes.true_sex.to_numpy()[crime], NONE),
            "age": np.where(recorded_age & ~is_state, crimes.true_age.to_numpy()[crime], -1),
        }
    )
    known = rng.random(len(crime)) < rates.victim_ethnicity.loc[force].to_numpy()
    others["ethnicity"] = np.where(known & ~is_state, _any_ethnicity(rng, len(crime)), NONE)
    of_groups = group_victims[["crime", "first", "gender", "age"]].assign(state=False)
    of_groups["ethnicity"] = calibration.ethnicities_of_victims(
        rng, rates.victim_ethnicity.loc[crimes.force.to_numpy()[of_groups.crime]].to_numpy()
    )
    victims = pd.concat([others, of_groups], ignore_index=True)
    victims = victims.sort_values(
        ["crime", "first"], ascending=[True, False], kind="stable", ignore_index=True
    )
    return _described(rng, victims)


def _suspects(
    rng: np.random.Generator,
    crimes: pd.DataFrame,
    group_based: pd.DataFrame,
    places: np.ndarray,
    rates: pd.DataFrame,
) -> pd.DataFrame:
    n = len(crimes)
    in_cpai = (crimes.exclusion_reason == "").to_numpy()
    multiple = crimes.offence_class.isin(MULTIPLE_OFFENDERS).to_numpy()
    contact, cocad = crimes.contact.to_numpy(), crimes.is_cocad.to_numpy()
    rows = (rng.random(n) < np.where(crimes.image, 0.7, 0.74)).astype(int)
    rows[crimes.image & (rng.random(n) < 0.02)] = 2
    rows[multiple] = rng.choice([0, 2, 3], multiple.sum(), p=[0.6, 0.3, 0.1])
    stated = np.where((rows == 1) & (rng.random(n) < 0.35), 1, -1)
    # candidates that turn out not to be group-based: two suspects, or two stated
    plain = np.flatnonzero(in_cpai & contact & ~cocad & ~multiple)
    false = plain[choose(rng, FALSE_CANDIDATES, np.ones(len(plain)))]
    rows[false] = rng.choice([0, 1, 2, 3], len(false), p=[0.2, 0.3, 0.42, 0.08])
    stated[false] = np.where(
        (rows[false] < 2) | (rng.random(len(false)) < 0.3), 2 + (rng.random(len(false)) < 0.2), -1
    )

    group_rows = calibration.number_of_suspects(rng, group_based, multiple[places])
    rows[places] = group_rows
    say = (group_rows < 2) | (rng.random(len(places)) < 0.5)
    # a class for several undefined offenders needs no number beside it
    say &= ~(multiple[places] & (rng.random(len(places)) < 0.4))
    more = rng.choice([0, 1, 2, 3], len(places), p=[0.7, 0.18, 0.08, 0.04])
    stated[places] = np.where(say, np.maximum(group_rows, 2) + more, -1)
    crimes["suspect_rows"], crimes["offenders_stated"] = rows, stated
    crimes["is_candidate"] = in_cpai & contact & ((rows >= 2) | (stated >= 2) | multiple)
    crimes["offenders_read"] = np.where(cocad, np.maximum(np.maximum(rows, stated), 2), np.maximum(rows, 1))

    others = _other_suspects(rng, crimes, np.repeat(np.flatnonzero(~cocad), rows[~cocad]), rates)
    of_groups = calibration.their_suspects(
        rng,
        group_based,
        group_rows,
        rates.suspect_ethnicity.loc[crimes.force.to_numpy()[places]].to_numpy(),
    )
    of_groups["crime"] = places[of_groups.crime.to_numpy()]
    suspects = pd.concat([others, of_groups[others.columns]], ignore_index=True)
    suspects = suspects.sort_values("crime", kind="stable", ignore_index=True)
    suspects["state"] = False
    return _described(rng, suspects)


def _other_suspects(
    rng: np.random.Generator, crimes: pd.DataFrame, crime: np.ndarray, rates: pd.DataFrame
) -> pd.DataFrame:
    """A suspect for each of these positions of crimes that are no COCAD."""
    force = crimes.force.to_numpy()[crime]
    size = len(crime)
    young = rng.random(size) < 0.45
    age = np.where(young, rng.integers(9, 18, size), rng.integers(18, 76, size))
    return pd.DataFrame(
        {
            "crime": crime,
            "gender": np.where(
                rng.random(size) < rates.suspect_gender.loc[force].to_numpy(),
                pick(rng, size, {"M": 0.9, "F": 0.1}),
                NONE,
            ),
            "age": np.where(rng.random(size) < rates.suspect_age.loc[force].to_numpy(), age, -1),
            "ethnicity": np.where(
                rng.random(size) < rates.suspect_ethnicity.loc[force].to_numpy(),
                _any_ethnicity(rng, size),
                NONE,
            ),
            "relationship": pick(
                rng,
                size,
                {"familial": 0.3, "acquaintance": 0.2, "partner": 0.05, "stranger": 0.08, NONE: 0.37},
            ),
        }
    )


def _any_ethnicity(rng: np.random.Generator, n: int) -> np.ndarray:
    return pick(rng, n, {"white": 0.84, "asian": 0.06, "black": 0.045, "mixed": 0.03, "other": 0.025})


def _described(rng: np.random.Generator, people: pd.DataFrame) -> pd.DataFrame:
    """Adds the self-defined and observed ethnicity codes, disability and nationality of each person."""
    n = len(people)
    codes = seed("self_defined_ethnicities")
    common = {"W1": 30, "W9": 4, "A2": 2, "B2": 2, "O9": 3}
    people["self_defined"] = ""
    for group in ("white", "asian", "black", "mixed", "other"):
        members = np.flatnonzero(people.ethnicity == group)
        choices = {code: common.get(code, 1) for code in codes.code[codes.ethnicity_group == group]}
        people.loc[members, "self_defined"] = pick(rng, len(members), choices)
    seen_as = {"white": "IC1", "asian": "IC4", "black": "IC3", "mixed": "IC3", "other": "IC6", NONE: "IC1"}
    seen = people.ethnicity.map(seen_as).to_numpy()
    seen = np.where(
        rng.random(n) < 0.1, pick(rng, n, {"IC2": 3, "IC4": 1, "IC5": 1, "IC9": 4, "IC0": 1}), seen
    )
    known = (rng.random(n) < 0.55) & ~people.state.to_numpy()
    people["observed"] = np.where(known, seen, "")
    people["disability"] = np.where(people.state, "", pick(rng, n, {"N": 0.5, "Y": 0.06, "": 0.44}))
    people["nationality"] = np.where(
        people.state, "", pick(rng, n, {"GBR": 0.55, "POL": 0.01, "IRL": 0.01, "ROU": 0.01, "": 0.42})
    )
    return people


def _codes(rng: np.random.Generator, crimes: pd.DataFrame) -> None:
    """A sub-code that fits class, contact, the first victim's sex and age, and whether children did it."""
    rows = offences()
    sub_codes = rows[(rows.is_class_level == "N") & rows.open & ~rows.offence_group.isin(["out_of_scope"])]
    undecided = (crimes.offence_code == "").to_numpy()
    offender = np.where(crimes.by_children, "under 18", pick(rng, len(crimes), {"18+": 0.6, "under 18": 0.4}))
    for (name, contact), members in crimes[undecided].groupby(["offence_class", "contact"]).groups.items():
        members = members.to_numpy()
        crimes.loc[members, "offence_code"] = name
        fits = sub_codes[(sub_codes.offence_class == name) & ((sub_codes.contact != "N") == contact)]
        if fits.empty or name == "8R":
            continue
        sex, age = crimes.true_sex.to_numpy()[members], crimes.true_age.to_numpy()[members]
        luck = rng.random((len(members), len(fits)))
        luck **= np.where(fits.name.str.startswith("Attempted"), 6, 1)
        good = np.isin(fits.victim_sex.to_numpy()[None, :], ["any"]) | (
            fits.victim_sex.to_numpy()[None, :] == sex[:, None]
        )
        good &= (fits.age_min.to_numpy()[None, :] <= age[:, None]) & (
            age[:, None] <= fits.age_max.to_numpy()[None, :]
        )
        asked = fits.offender_age.to_numpy()[None, :]
        # whether children did it only decides between codes: 73 has none for offenders under 18
        luck += (asked == "any") | (asked == offender[members][:, None])
        best = np.where(good, luck, -1).argmax(axis=1)
        crimes.loc[members, "offence_code"] = np.where(
            good.any(axis=1), fits.offence_code.to_numpy()[best], name
        )
    # some systems have only the class; only where it shows as much about contact as the sub-code did
    contact_of_class = crimes.offence_class.map(classes().contact)
    can = (contact_of_class.isin(["Y", "E"]) & crimes.contact) & undecided & (crimes.exclusion_reason == "")
    only = np.flatnonzero(
        can & (rng.random(len(crimes)) < CODE_CLASS_ONLY) & crimes.offence_class.isin(classes().index)
    )
    crimes.loc[only, "offence_code"] = crimes.offence_class.to_numpy()[only]


def _dates(rng: np.random.Generator, crimes: pd.DataFrame, year: int) -> None:
    n = len(crimes)
    starts = {f"{year}-Q{q}": day(year, 3 * q - 2) for q in (1, 2, 3, 4)}
    ends = {f"{year}-Q{q}": day(year + (q == 4), 3 * q % 12 + 1) for q in (1, 2, 3, 4)}
    recorded = rng.integers(crimes.quarter.map(starts).to_numpy(), crimes.quarter.map(ends).to_numpy())
    late = np.where(rng.random(n) < 0.6, 0, np.where(rng.random(n) < 0.75, 1, rng.integers(2, 11, n)))
    reported = recorded - late
    # recent and non-recent keep well away from the one-year line, whichever of the two days it is drawn from
    days = np.where(
        crimes.recency == "non_recent",
        400 + np.minimum(rng.exponential(3500, n), 18000).astype(int),
        np.minimum(rng.exponential(60, n), 330).astype(int),
    )
    to = reported - days
    length = np.where(rng.random(n) < 0.25, rng.integers(1, 400, n), 0)
    nothing = (crimes.recency == "unknown").to_numpy()
    crimes["recorded_on"] = recorded
    crimes["reported_on"] = np.where(rng.random(n) < 0.02, NO_DATE, reported)
    crimes["committed_to"] = np.where(nothing, NO_DATE, to)
    crimes["committed_from"] = np.where(nothing, NO_DATE, to - length)
    cancelled = (crimes.exclusion_reason == "cancelled").to_numpy()
    crimes["cancelled_on"] = np.where(cancelled, recorded + rng.integers(2, 60, n), NO_DATE)


def _flags(rng: np.random.Generator, crimes: pd.DataFrame, victims: pd.DataFrame) -> None:
    n = len(crimes)
    reason = crimes.exclusion_reason.to_numpy()
    known_age = np.zeros(n, dtype=bool)
    known_age[victims.crime[victims.age >= 0]] = True
    adult = np.zeros(n, dtype=bool)
    adult[victims.crime[victims.age >= 18]] = True
    naming = offences().set_index("offence_code").names_a_child
    needs_flag = (crimes.offence_code.map(naming) != "Y").to_numpy() & ~known_age
    no_csa = np.isin(reason, ["adult_victim", "child_not_shown", "image_without_subcode", "not_in_scope"])
    csa = pick(rng, n, {"Y": 0.94, "N": 0.02, "": 0.04})
    csa = np.where(needs_flag | (crimes.offence_code == "86"), "Y", csa)
    crimes["csa_flag"] = np.where(no_csa, pick(rng, n, {"N": 0.6, "": 0.4}), csa)
    only_flagged = (
        crimes.offence_code.map(offences().set_index("offence_code").counts_only_when_flagged) == "Y"
    )
    cse = np.where(
        crimes.criterion == "cse",
        pick(rng, n, {"Y": 0.87, "N": 0.13}),
        pick(rng, n, {"Y": 0.04, "N": 0.8, "": 0.16}),
    )
    cse = np.where(only_flagged, "Y", cse)
    # an exploitation flag needs a victim under 18
    crimes["cse_flag"] = np.where((no_csa | adult), pick(rng, n, {"N": 0.6, "": 0.4}), cse)
    online = np.select([crimes.image, crimes.offence_class == "88A", crimes.contact], [0.96, 0.92, 0.1], 0.3)
    crimes["online_flag"] = np.where(rng.random(n) < online, "Y", pick(rng, n, {"N": 0.7, "": 0.3}))
    asked = crimes.quarter != crimes.quarter.min()
    crimes["children_flag"] = np.where(
        asked & crimes.by_children & (rng.random(n) < 0.85),
        "Y",
        np.where(asked, pick(rng, n, {"N": 0.5, "": 0.5}), ""),
    )
    homes, elsewhere, institutions = ASSUMED["locations"].values()
    location = pick(rng, n, {**homes, **elsewhere})
    location = np.where(crimes.image | (crimes.offence_class == "88A"), "online", location)
    location = np.where(crimes.criterion == "institutional", pick(rng, n, institutions), location)
    crimes["location_type"] = np.where(crimes.criterion == "familial", pick(rng, n, homes), location)
    number = rng.integers(1, 5, n)
    authorities = [local_authorities().get(force, [""]) for force in crimes.force]
    crimes["local_authority"] = np.where(
        rng.random(n) < 0.1, "", [of[k % len(of)] for of, k in zip(authorities, number, strict=True)]
    )


def _births(rng: np.random.Generator, crimes: pd.DataFrame, people: pd.DataFrame) -> None:
    """Some send a date of birth instead of the age, some both; the two agree on the offence's last day."""
    n = len(people)
    last = crimes.committed_to.to_numpy()[people.crime]
    age = people.age.to_numpy()
    adult_by_mistake = (age >= 18) & np.isin(crimes.exclusion_reason.to_numpy()[people.crime], [""])
    if "relationship" in people:
        adult_by_mistake[:] = False
    can = (age >= 0) & (last != NO_DATE) & ~adult_by_mistake
    luck = rng.random(n)
    sends_birth = can & (luck < 0.4)
    people["sends_age"] = (age >= 0) & ~(can & (luck < 0.15))
    days = np.where(last == NO_DATE, 0, last).astype("datetime64[D]")
    months = days.astype("datetime64[M]")
    birthday = (months - 12 * np.maximum(age, 0)).astype("datetime64[D]") + np.minimum(
        (days - months.astype("datetime64[D]")).astype(int), 27
    )
    # a fortnight from either birthday, so that moving every day of a crime alike never changes the age
    born = birthday.astype(int) - rng.integers(20, 340, n)
    people["born_on"] = np.where(sends_birth, born, NO_DATE)


def _outcomes(rng: np.random.Generator, crimes: pd.DataFrame, suspects: pd.DataFrame, year: int) -> None:
    n = len(crimes)
    open_still = rng.random(n) < 0.38
    found = pick(
        rng, n, {"1": 0.1, "15": 0.25, "16": 0.42, "20": 0.06, "22": 0.05, "8": 0.03, "10": 0.06, "12": 0.03}
    )
    nobody = pick(rng, n, {"18": 0.6, "14": 0.4})
    outcome = np.where(crimes.suspect_rows > 0, found, nobody)
    under_ten = np.zeros(n, dtype=bool)
    under_ten[suspects.crime[(suspects.age >= 0) & (suspects.age < 10)]] = True
    outcome = np.where(under_ten, "11", outcome)
    open_still |= (crimes.exclusion_reason == "cancelled").to_numpy()
    crimes["outcome_code"] = np.where(open_still, "", outcome)
    closed = crimes.recorded_on + 3 + rng.exponential(45, n).astype(int)
    crimes["outcome_on"] = np.where(open_still, NO_DATE, np.minimum(closed, crimes.recorded_on + 200))

    size = len(suspects)
    luck = rng.random(size)
    described = (suspects.gender == NONE) & (suspects.age < 0) & (luck < 0.6)
    suspects["identified"] = np.where(described, "N", np.where(luck < 0.95, "Y", ""))
    suspects["role"] = pick(rng, size, {"suspect": 0.975, "facilitator": 0.025})
    suspects["deceased"] = pick(rng, size, {"N": 0.78, "Y": 0.01, "": 0.21})
    arrested = (suspects.identified == "Y") & (suspects.age >= 10) & (rng.random(size) < 0.25)
    suspects["arrested_on"] = np.where(
        arrested, crimes.recorded_on.to_numpy()[suspects.crime] + rng.integers(0, 40, size), NO_DATE
    )
    relationships = seed("relationships")
    people = relationships[~relationships.relationship_group.isin(["", "no_victim"])]
    suspects["relationship_code"] = ""
    for group, rows in people.groupby("relationship_group"):
        members = np.flatnonzero(suspects.relationship == group)
        suspects.loc[members, "relationship_code"] = rng.choice(
            rows.code.to_numpy(dtype=object), len(members)
        )


def _numbers(
    rng: np.random.Generator, crimes: pd.DataFrame, victims: pd.DataFrame, suspects: pd.DataFrame
) -> None:
    """Serial numbers inside a force: crimes by the day they were recorded, incidents, persons."""
    order = np.lexsort((rng.random(len(crimes)), crimes.recorded_on.to_numpy()))
    crimes["serial"] = 0
    crimes.loc[order, "serial"] = crimes.iloc[order].groupby("force").cumcount().to_numpy() + 1
    # two crimes of one incident: neighbours in a force's sequence, one time in eight
    together = rng.random(len(crimes)) < 0.125
    crimes["incident"] = crimes.serial - together.astype(int)
    for people in (victims, suspects):
        force = crimes.force.to_numpy()[people.crime]
        people["number"] = pd.Series(force).groupby(force).cumcount().to_numpy() + 1
        people["within"] = people.groupby("crime").cumcount() + 1
        people["recurs"] = False
    # the same suspect on another crime: nothing recorded about the two may differ
    again = (suspects.born_on == NO_DATE) & (suspects.identified == "Y")
    crime = suspects.crime.to_numpy()
    same = suspects[again].groupby(
        [
            pd.Series(crimes.force.to_numpy()[crime], index=suspects.index)[again],
            pd.Series(crimes.quarter.to_numpy()[crime], index=suspects.index)[again],
            "gender",
            "age",
            "self_defined",
            "observed",
        ]
    )
    before = same.number.shift(1)
    before_crime = same.crime.shift(1)
    shared = before.notna() & (before_crime != suspects.crime[again]) & (rng.random(len(before)) < 0.06)
    # only if the suspect before is not itself somebody else's number, and nobody of one crime shares a number
    taken = shared & ~shared.groupby(level=0).first().reindex(before.index).shift(1, fill_value=False)
    suspects.loc[taken.index[taken], "number"] = before[taken].astype(int)
    twice = suspects.duplicated(["crime", "number"], keep="first")
    if twice.any():
        fresh = suspects.number.max() + 1 + np.arange(int(twice.sum()))
        suspects.loc[twice, "number"] = fresh


def in_order_of_return(year: Year) -> Year:
    """The same year with each force's quarter in one piece, persons in order of crime."""
    crimes = year.crimes
    return of_crimes(year, np.lexsort((crimes.serial, crimes.quarter, crimes.force)))


def sample(year: Year, share: float, seed_number: int) -> Year:
    """A stratified part of the year: of every force's quarter, the same share of each kind of crime, and at
    least three crimes; with their persons, and the crimes that theirs point to or are linked with."""
    rng = np.random.default_rng([seed_number, 1])
    crimes = year.crimes
    kind = np.where(
        crimes.is_cocad, "cocad", np.where(crimes.is_candidate, "candidate", crimes.exclusion_reason)
    )
    luck = pd.Series(rng.random(len(crimes)))
    strata = [crimes.force, crimes.quarter, pd.Series(kind)]
    size = luck.groupby(strata).transform("size")
    rank = luck.groupby(strata).rank(method="first")
    # what a stratum is due beyond whole crimes falls to it by chance, so that small ones are not all lost
    keep = rank <= np.floor(size * share + luck.groupby(strata).transform("min"))
    keep |= luck.groupby(strata[:2]).rank(method="first") <= 3
    # linked crimes are so only together
    keep |= (crimes.four > 0) & crimes.four.isin(crimes.four[keep])
    points_to = crimes.linked[keep & (crimes.linked >= 0)].to_numpy()
    keep[points_to] = True
    return of_crimes(year, np.flatnonzero(keep))


def of_crimes(year: Year, chosen: np.ndarray) -> Year:
    """The crimes at these positions, in this order, and their persons."""
    place = np.full(len(year.crimes), -1)
    place[chosen] = np.arange(len(chosen))
    crimes = year.crimes.iloc[chosen].reset_index(drop=True)
    for link in ("linked", "again"):
        to = crimes[link].to_numpy()
        crimes[link] = np.where(to < 0, -1, place[to])
    people = []
    for table in (year.victims, year.suspects):
        table = table.assign(crime=place[table.crime.to_numpy()])
        of_these = table[table.crime >= 0]
        people.append(of_these.sort_values(["crime", "within"], kind="stable", ignore_index=True))
    return Year(year.quarters, crimes, people[0], people[1])
