"""Every row of seeds/published_2023.csv, computed from the base year by the rules of the design.

Whether a crime counts is worked out here again from its code, flags, dates and ages: what the builder of the
year has about it (`exclusion_reason`, `contact`, `is_candidate`) is compared, not used.
"""

from collections import defaultdict
from itertools import combinations

import numpy as np
import pandas as pd
import pytest
from some import some

from orchestration.synthetic import prompts
from orchestration.synthetic.reference import (
    NO_DATE,
    classes_that_name_a_child,
    offences,
    recorded_crime,
    seed,
)
from orchestration.synthetic.year import Year

pytestmark = pytest.mark.xdist_group("made up")  # one worker writes the year once

PUBLISHED = seed("published_2023")
BANDS = {
    row.category_key: (int(row.age_from), int(row.age_to or 200))
    for row in seed("age_bands").assign(category_key=lambda rows: rows.age_band).itertuples()
}
BANDS["10_to_13_or_14_to_15"] = BANDS["14_to_15"]
GENDERS = {"F": "female", "M": "male"}


def classified(year: Year) -> pd.DataFrame:
    """Crimes with reason, contact, candidate and recency by the rules of the design."""
    crimes = year.crimes.merge(
        offences()[
            ["offence_code", "offence_group", "names_a_child", "image", "contact", "counts_only_when_flagged"]
        ],
        on="offence_code",
        how="left",
        suffixes=("_said", ""),
    )
    known = year.victims[(year.victims.age >= 0) & ~year.victims.state.astype(bool)]
    youngest = known.groupby("crime").age.min().reindex(crimes.index)
    quarter = crimes.recorded_on.to_numpy().astype("datetime64[D]")
    recorded_in = [
        f"{day.astype('datetime64[Y]')}-Q{day.astype('datetime64[M]').astype(int) % 12 // 3 + 1}"
        for day in quarter
    ]
    flagged = (crimes.csa_flag == "Y") | (crimes.cse_flag == "Y")
    crimes["reason"] = np.select(
        [
            crimes.offence_group == "not_a_crime",
            crimes.status == "cancelled",
            crimes.quarter != recorded_in,
            crimes.offence_group.isna(),
            (crimes.offence_group == "out_of_scope")
            | ((crimes.counts_only_when_flagged == "Y") & (crimes.cse_flag != "Y")),
            (crimes.offence_code == "86") & (crimes.csa_flag != "Y"),
            (crimes.names_a_child != "Y") & (youngest >= 18),
            (crimes.names_a_child != "Y") & youngest.isna() & ~flagged,
        ],
        [
            "not_a_crime",
            "cancelled",
            "wrong_quarter",
            "unknown_code",
            "not_in_scope",
            "image_without_subcode",
            "adult_victim",
            "child_not_shown",
        ],
        "",
    )
    crimes["cpai"] = crimes.reason == ""
    crimes["is_contact"] = crimes.cpai & crimes.contact.isin(["Y", "E"]) & (crimes.offence_group != "image")
    rows = year.suspects.groupby("crime").size().reindex(crimes.index, fill_value=0)
    crimes["candidate"] = crimes.is_contact & (
        (rows >= 2)
        | (crimes.offenders_stated >= 2)
        | crimes.offence_class.isin(["19J", "19K"])
        | crimes.index.isin(linked(year))
        | (crimes.said >= 2)
    )
    told = np.where(crimes.reported_on == NO_DATE, crimes.recorded_on, crimes.reported_on)
    crimes["recency_by_date"] = np.select(
        [crimes.committed_to == NO_DATE, told - crimes.committed_to <= 365],
        ["unknown", "recent"],
        "non_recent",
    )
    return crimes


def linked(year: Year) -> set[int]:
    """Crimes of two suspects who share two victims: by persons' numbers, which identify nobody in Gloucestershire."""
    force = year.crimes.force.to_numpy()
    met = defaultdict(lambda: defaultdict(set))
    people = [
        table[~table.state.astype(bool) & (force[table.crime] != "gloucestershire")]
        for table in (year.suspects, year.victims)
    ]
    suspects, victims = (
        table.assign(person=list(zip(force[table.crime], table.number, strict=True))) for table in people
    )
    for row in suspects.merge(victims, on="crime").itertuples():
        met[row.person_x][row.person_y].add(row.crime)
    of_victim = defaultdict(set)
    for suspect, victims_met in met.items():
        for victim in victims_met if len(victims_met) > 1 else ():
            of_victim[victim].add(suspect)
    found = set()
    for together in of_victim.values():
        for one, other in combinations(sorted(together), 2):
            shared = met[one].keys() & met[other].keys()
            crimes = set().union(*(met[person][victim] for person in (one, other) for victim in shared))
            if len(shared) > 1 and len(crimes) > 1:
                found |= crimes
    return found


@pytest.fixture(scope="module")
def crimes(year) -> pd.DataFrame:
    return classified(year)


def counted(row, year: Year, crimes: pd.DataFrame) -> tuple[int, int]:
    """Numerator and denominator of one published row."""
    chosen = crimes[crimes[{"cpai": "cpai", "contact": "is_contact", "cocad": "is_cocad"}[row.population]]]
    if row.breakdown == "quarter":
        return (chosen.quarter == row.category).sum(), 0
    quarters = sorted(crimes.quarter.unique())
    if row.period_from > "2023-01-01":
        chosen = chosen[chosen.quarter > quarters[0]]
    if row.criterion == "committed_by_children":
        chosen = chosen[(chosen.criterion == "other") & chosen.by_children & (chosen.quarter > quarters[0])]
    elif row.criterion != "all":
        chosen = chosen[chosen.criterion == row.criterion]
    if row.unit == "crime":
        hit = {
            "total": lambda: np.ones(len(chosen), dtype=bool),
            "group_based": lambda: chosen.is_cocad,
            "criterion": lambda: chosen.criterion == row.category,
            "committed_by_children": lambda: chosen.by_children,
            "recency": lambda: chosen.recency_by_date == row.category,
            "offence_group": lambda: chosen.offence_group == row.category,
        }[row.breakdown]()
        return hit.sum(), len(chosen)
    people = {"victim": year.victims, "suspect": year.suspects}[row.unit]
    people = people[people.crime.isin(chosen.index)]
    groups = seed("self_defined_ethnicities").set_index("code").ethnicity_group
    related = seed("relationships").set_index("code").relationship_group
    gender, age = people.gender.map(GENDERS), people.age
    ethnicity = people.self_defined.map(groups)
    kind, category = row.breakdown, row.category
    if kind.endswith("_recorded"):
        known = {"gender": gender.notna(), "age": age >= 0, "sde": ethnicity.notna()}[
            kind[: -len("_recorded")]
        ]
        return known.sum(), len(people)
    if kind == "gender":
        return (gender == category).sum(), gender.notna().sum()
    if kind == "sde":
        return (ethnicity == category).sum(), ethnicity.notna().sum()
    if kind == "relationship":
        relation = people.relationship_code.map(related)
        return (relation == category).sum(), relation.notna().sum()
    low, high = BANDS[category]
    return age.between(low, high).sum(), (age >= 0).sum()


@pytest.mark.parametrize("row", list(PUBLISHED.itertuples(index=False)), ids=PUBLISHED.figure_id.tolist())
def test_published_row_comes_out_exactly(row, year, crimes):
    numerator, denominator = counted(row, year, crimes)
    if row.numerator:
        assert numerator == int(row.numerator)
    else:  # only the percentage is printed
        assert round(100 * numerator / denominator) == int(row.printed_percent)
    if row.denominator:
        assert denominator == int(row.denominator)


def test_the_rules_of_the_design_find_what_the_builder_meant(crimes):
    assert crimes.reason.tolist() == crimes.exclusion_reason.tolist()
    assert (crimes.candidate == crimes.is_candidate).all()
    assert (crimes.recency_by_date == crimes.recency).all()
    assert (crimes.is_contact == (crimes.contact_said & crimes.cpai)).all()
    assert not (crimes.is_cocad & ~crimes.candidate).any()
    assert set(crimes.reason) == {
        "", "not_a_crime", "cancelled", "wrong_quarter", "unknown_code", "not_in_scope",
        "image_without_subcode", "adult_victim", "child_not_shown",
    }  # fmt: skip


def test_links_and_cues_ask_for_readings_of_their_own(year, crimes):
    few = crimes.is_contact & (crimes.suspect_rows < 2) & (crimes.offenders_stated < 2)
    few &= ~crimes.offence_class.isin(["19J", "19K"])
    assert set(crimes.index[crimes.four > 0]) == linked(year)
    assert (crimes[few & (crimes.four > 0)].groupby("four").size() == 4).all()
    assert (few & (crimes.four > 0)).sum() == 4 * prompts.LINKED
    assert (few & (crimes.said >= 2) & ~crimes.is_cocad).sum() == prompts.CUED
    assert (few & (crimes.said >= 2) & crimes.is_cocad).sum() == prompts.ONLY_CUED


def test_codes_that_name_a_child_equal_police_recorded_crime(crimes):
    naming = classes_that_name_a_child()
    real = recorded_crime(("2023-Q1", "2023-Q2"))
    ours = crimes[crimes.cpai].groupby(["quarter", "force", "offence_class"]).size()
    for quarter in some(real.crimes):
        for force_position, force in enumerate(real.forces):
            for name in naming:
                expected = real.crimes[quarter][force_position, real.classes.index(name)]
                assert ours.get((quarter, force, name), 0) == expected, (quarter, force, name)


def test_every_force_has_crimes_in_every_quarter(crimes):
    assert crimes[crimes.cpai].groupby(["force", "quarter"]).ngroups == 44 * 4


def test_missing_ethnicity_differs_between_forces(year, crimes):
    """From 14% to 86% in public case studies; forces with few suspects are left out."""
    suspects = year.suspects[crimes.cpai.to_numpy()[year.suspects.crime]]
    missing = (suspects.self_defined == "").groupby(crimes.force.to_numpy()[suspects.crime]).mean()
    size = suspects.groupby(crimes.force.to_numpy()[suspects.crime]).size()
    missing = missing[size > 300]
    assert missing.min() < 0.3
    assert missing.max() > 0.8


def test_suspects_stand_on_several_crimes(year, crimes):
    force = crimes.force.to_numpy()[year.suspects.crime]
    crimes_of_person = year.suspects.groupby([force, year.suspects.number]).crime.nunique()
    assert (crimes_of_person > 1).sum() > 1000
    assert not year.suspects.duplicated(["crime", "number"]).any()
