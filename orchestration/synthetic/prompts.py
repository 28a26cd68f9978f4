"""Crimes that are read for another reason than their own count of offenders: linked crimes, cues in the summary, and
the sample drawn for recall. Drawn with numbers of their own, so that the year beside them stays as it was."""

import hashlib
import heapq

import numpy as np
import pandas as pd

from orchestration.home import seed_rows
from orchestration.synthetic.numbering import NUMBERS_WITHIN_A_CRIME
from orchestration.synthetic.reference import NO_DATE, offences
from orchestration.synthetic.year import ForceQuarter, Tile

LINKED = 30
"""Fours of crimes: two suspects, each alone on a crime against each of two victims."""
CUED = 120
"""Crimes of one offender whose summary has more: read, and found not to be group-based."""
ONLY_CUED = 60
"""Group-based crimes of one suspect row or none, no number stated: only the summary has that there were more."""
MULTIPLE_OFFENDERS = ("19J", "19K")

OF_ONE_CRIME = ("crime", "first", "within", "relationship", "relationship_code")
UNKNOWN = {"age": -1, "born_on": NO_DATE, "sends_age": False, "arrested_on": NO_DATE}


def plant(seed_number: int, crimes: pd.DataFrame, victims: pd.DataFrame, suspects: pd.DataFrame) -> None:
    """Adds to crimes: four (number of the four linked crimes, 0 for none), said (offenders by the summary), has_cue.

    Published counts stay: only crimes outside the COCAD change their persons, and what the COCAD loses is a number of
    offenders stated, which no figure has.
    """
    rng = np.random.default_rng([seed_number, 5])
    contact = (crimes.exclusion_reason == "") & crimes.contact
    _link(rng, crimes, victims, suspects, contact & ~crimes.is_candidate & (crimes.suspect_rows == 1))
    crimes["said"] = crimes.offenders_read
    quiet = np.flatnonzero(contact & ~crimes.is_candidate & (crimes.suspect_rows <= 1))
    crimes.loc[rng.choice(quiet, CUED, replace=False), "said"] = 2
    unsaid = np.flatnonzero(
        crimes.is_cocad & (crimes.suspect_rows <= 1) & ~crimes.offence_class.isin(MULTIPLE_OFFENDERS)
    )
    crimes.loc[rng.choice(unsaid, ONLY_CUED, replace=False), "offenders_stated"] = -1
    crimes["has_cue"] = crimes.said >= 2
    crimes["is_candidate"] |= contact & ((crimes.four > 0) | crimes.has_cue)


def without_cues(crimes: pd.DataFrame) -> None:
    """The crimes of a time when no summary was searched: what only the summary has of a group-based crime is stated."""
    only = crimes.has_cue & (crimes.suspect_rows < 2) & (crimes.offenders_stated < 2)
    only &= ~crimes.offence_class.isin(MULTIPLE_OFFENDERS) & (crimes.four == 0)
    stated = only & crimes.is_cocad
    crimes["offenders_stated"] = np.where(stated, crimes.offenders_read, crimes.offenders_stated)
    crimes["said"] = np.where(only & ~stated, crimes.offenders_read, crimes.said)
    crimes["is_candidate"] &= ~(only & ~stated)
    crimes["has_cue"] = False


def _link(
    rng: np.random.Generator,
    crimes: pd.DataFrame,
    victims: pd.DataFrame,
    suspects: pd.DataFrame,
    quiet: pd.Series,
) -> None:
    """Gives fours of `quiet` crimes two suspects and two victims between them. Nothing that is recorded about one
    person on two crimes may differ: age and birth are left out, the rest is copied."""
    names_a_child = crimes.offence_code.map(offences().set_index("offence_code").names_a_child) == "Y"
    force = crimes.force.to_numpy()[suspects.crime]
    elsewhere = suspects[suspects.groupby([force, "number"]).crime.transform("size") > 1]
    plain = crimes[
        quiet
        & names_a_child
        & (victims.groupby("crime").size().reindex(crimes.index, fill_value=0) == 1)
        & ~crimes.index.isin(elsewhere.crime)
        & ~crimes.force.isin(NUMBERS_WITHIN_A_CRIME)
        # an outcome for a suspect under ten, and exploitation, ask for the age
        & (crimes.outcome_code != "11")
        & (crimes.cse_flag != "Y")
    ]
    alike = plain.groupby(["force", "quarter", "offence_code", "true_sex"]).groups.values()
    enough = [members[:4] for members in alike if len(members) >= 4]
    fours = np.array([enough[place] for place in rng.choice(len(enough), LINKED, replace=False)])
    crimes["four"] = 0
    crimes.loc[fours.ravel(), "four"] = np.repeat(np.arange(LINKED) + 1, 4)
    # the first two crimes have one suspect, the last two the other; one victim is on the first and third
    for people, first, second in ((suspects, [0, 2], [1, 3]), (victims, [0, 1], [2, 3])):
        place = pd.Series(people.index, index=people.crime)
        one, other = (place[fours[:, columns].ravel()].to_numpy() for columns in (first, second))
        for name in people.columns.difference(OF_ONE_CRIME):
            values = people[name].to_numpy().copy()
            if name in UNKNOWN:
                values[one] = UNKNOWN[name]
            values[other] = values[one]
            people[name] = values


def draw(rows: dict[tuple[str, str], ForceQuarter], tiles: list[Tile]) -> None:
    """The recall sample of each quarter, as the warehouse draws it: sets `drawn` of each force's quarter.

    In an untiled year the first group-based crime with one suspect whose place in the draw is early enough loses its
    stated number and its cue: in each quarter the sample then finds one crime that nothing else would have found.
    """
    for sample in seed_rows("recall_samples.csv"):
        for quarter in sorted({quarter for _, quarter in rows}):
            if sample["from_quarter"] <= quarter <= (sample["to_quarter"] or quarter):
                of_quarter = [one for (_, its), one in rows.items() if its == quarter]
                _draw(of_quarter, tiles, int(sample["crimes"]), sample["seed"])


def _draw(of_quarter: list[ForceQuarter], tiles: list[Tile], size: int, salt: str) -> None:
    def digests(chosen: str) -> list[tuple[str, int, int, int]]:
        """(digest, position of the force's quarter, tile, position of the crime)"""
        found = []
        for place, one in enumerate(of_quarter):
            crimes = one.crimes
            counts = (crimes["exclusion_reason"] == "") & crimes["contact"].astype(bool)
            counts &= crimes["suspect_rows"] == 1
            if chosen == "quiet":
                counts &= ~crimes["is_candidate"].astype(bool)
            else:
                counts &= crimes["is_cocad"].astype(bool) & (crimes["offenders_stated"] >= 2)
                counts &= ~np.isin(crimes["offence_class"].astype(str), MULTIPLE_OFFENDERS)
            positions = np.flatnonzero(counts).tolist()
            for tile in tiles:
                references = one.references(tile)
                found += [
                    (
                        hashlib.sha256(f"{salt}|{one.force}|{references[n]}".encode()).hexdigest(),
                        place,
                        tile.number,
                        n,
                    )
                    for n in positions
                ]
        return found

    sample = heapq.nsmallest(size, digests("quiet"))
    if len(tiles) == 1:
        found = min(digests("group-based"), default=None)
        if found and sample and (found < sample[-1] or len(sample) < size):
            crimes = of_quarter[found[1]].crimes
            for name, value in (
                ("offenders_stated", -1),
                ("said", 1),
                ("has_cue", False),
                ("is_candidate", False),
            ):
                crimes[name] = crimes[name].copy()
                crimes[name][found[3]] = value
            sample = heapq.nsmallest(size, [*sample, found])
    for _, place, tile, position in sample:
        of_quarter[place].drawn.setdefault(tile, []).append(position)
