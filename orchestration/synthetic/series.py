"""Quarters of other years: each is drawn from the same quarter of the base year and moved to its time.

A quarter follows from the seeds, the scale and its name alone, so quarters can be made in any order, and of any one it
is known which crimes of the eight before it a return still has something to say about. 2023 stays the base year itself.
"""

from collections.abc import Callable
from dataclasses import replace
from functools import cached_property, lru_cache

import numpy as np
import pandas as pd

from orchestration import quarters as calendar
from orchestration.home import seed_rows
from orchestration.synthetic import population, prompts
from orchestration.synthetic.dealing import pick
from orchestration.synthetic.numbering import CALIBRATED, NUMBERS_WITHIN_A_CRIME
from orchestration.synthetic.reference import (
    ASSUMED,
    NO_DATE,
    classes_that_name_a_child,
    day_of,
    forces,
    offences,
    recorded_crime,
    seed,
)
from orchestration.synthetic.year import Year, number_of

BACK = 8
"""Quarters for which a return may still cancel a crime."""
LAW_OF_TODAY = "2004-05-01"
"""Codes that closed before stand on old crimes by mistake (`mess`), in every year."""
FLAG_MANDATORY, CHILDREN_ASKED = "2016-Q2", "2023-Q2"
WITH_RECORDED_CRIME = tuple(f"{year}-Q{number}" for year in (2021, 2022) for number in (1, 2, 3, 4))
CRIME_DAYS = ("recorded_on", "reported_on", "committed_from", "committed_to", "cancelled_on", "outcome_on")
BORN_WITHIN = 90
"""Days: of those born in them, a force has one man and one woman who recur."""


class Series:
    """The quarters of every year at a scale. `of` is what a quarter's returns hold, `own` the crimes recorded in it."""

    def __init__(self, base: Year, scale: float, seed_number: int) -> None:
        self.base, self.scale, self.seed = base, scale, seed_number
        self.tiles = max(1, int(scale))
        self.calibrated = population.sample(base, scale, seed_number) if scale < 1 else base
        # a year is eight quarters of looking back and the one that looks
        self.own: Callable[[str], Year] = lru_cache(maxsize=BACK + 1)(self._own)

    def of(self, quarter: str) -> Year:
        """A quarter of another year than 2023: its own crimes, and those of earlier quarters that it cancels or sends
        again."""
        earlier = [quarter]
        while len(earlier) <= BACK and earlier[-1] > calendar.FIRST:
            earlier.append(calendar.before(earlier[-1]))
        made = []
        # the furthest first: what was made longest ago is forgotten first, and the next quarter does not ask for it
        for ago in range(len(earlier) - 1, 0, -1):
            own = self.own(earlier[ago])
            made.append(self._cancelled(own, np.flatnonzero(self.cancelled_after(own) == ago), quarter))
            if ago == 1:
                made.append(self._sent_again(own, quarter))
        return population.in_order_of_return(_joined([*made, self.own(quarter)]))

    def cancelled_after(self, own: Year) -> np.ndarray:
        """For each crime after how many quarters a later return cancels it, 0 for never.

        Only crimes that cannot be in the recall sample, which would be drawn anew without them.
        """
        crimes = own.crimes
        luck = _luck(crimes, self.seed, 1) / ASSUMED["over_the_years"]["cancelled_later"]
        can = (crimes.exclusion_reason == "") & (crimes.suspect_rows != 1) & (crimes.four == 0)
        later = 1 + np.minimum(luck * BACK, BACK - 1).astype(int)
        # the returns of 2023 are calibrated and say nothing about earlier quarters
        recorded = (number_of(own.quarters[0]) + later - 1) % 10_000
        return np.where(can & (luck < 1) & ~((recorded >= 0) & (recorded < 4)), later, 0)

    def _cancelled(self, own: Year, chosen: np.ndarray, quarter: str) -> Year:
        copies = population.of_crimes(own, chosen)
        crimes = copies.crimes
        start = day_of(calendar.first_day(quarter).isoformat())
        crimes["exclusion_reason"], crimes["status"] = "cancelled", "cancelled"
        luck = _luck(crimes, self.seed, 2)
        crimes["cancellation_code"] = np.where(luck < 0.6, "C2", "C4")
        crimes["cancelled_on"] = start + (luck * 80).astype(int)
        crimes["outcome_code"], crimes["outcome_on"] = "", NO_DATE
        return _as_copies(copies, quarter)

    def _sent_again(self, own: Year, quarter: str) -> Year:
        """Reclassified since: some come back with the class alone."""
        crimes = own.crimes
        could = (crimes.exclusion_reason == "") & ~crimes.is_candidate & (crimes.cse_flag != "Y")
        could &= self.cancelled_after(own) == 0
        luck = _luck(crimes, self.seed, 3)
        copies = population.of_crimes(
            own, np.flatnonzero(could & (luck < ASSUMED["over_the_years"]["sent_again"]))
        )
        crimes = copies.crimes
        crimes["exclusion_reason"] = "wrong_quarter"
        only_class = _luck(crimes, self.seed, 4) < 0.5
        crimes["offence_code"] = np.where(only_class, crimes.offence_class, crimes.offence_code)
        return _as_copies(copies, quarter)

    def _own(self, quarter: str) -> Year:
        year, number = int(quarter[:4]), quarter[-1]
        if year == CALIBRATED:
            crimes = self.calibrated.crimes
            chosen = np.flatnonzero((crimes.quarter == quarter) & (crimes.again < 0))
            return replace(population.of_crimes(self.calibrated, chosen), quarters=(quarter,))
        rng = np.random.default_rng([self.seed, 7, number_of(quarter)])
        pool, groups, force = self._pools[f"{CALIBRATED}-Q{number}"]
        recorded = self._recorded_on(pool, quarter)
        share = (self.scale / self.tiles * self._volume(quarter))[force]
        kept, twice = _dealt(rng, groups, force, share)
        in_law = self._in_law(pool, recorded)
        fours = self.base.crimes.four.to_numpy()[pool]
        kept = (kept | ((fours > 0) & np.isin(fours, fours[kept]))) & in_law
        drawn = [self._moved(pool[kept], recorded[kept], quarter)]
        if twice.any():
            again = twice & in_law & (fours == 0)
            drawn.append(_renumbered(self._moved(pool[again], recorded[again], quarter), self.base))
        own = population.in_order_of_return(_joined(drawn))
        _relinked(rng, own.crimes)
        _of_its_time(rng, own.crimes, quarter)
        self._recurring(own, "suspects", 18)
        self._recurring(own, "victims", 5)
        return own

    @cached_property
    def _pools(self) -> dict[str, tuple[np.ndarray, np.ndarray, np.ndarray]]:
        """Quarter of the base year -> positions of its crimes, of each its stratum and the place of its force."""
        crimes = self.base.crimes
        kind = np.where(crimes.is_candidate, "candidate", crimes.exclusion_reason)
        kind = np.where(crimes.is_cocad, "cocad", kind)
        place = crimes.force.map({name: place for place, name in enumerate(forces().force)}).to_numpy(int)
        strata, _ = pd.factorize(pd.Series(crimes.force + "|" + kind))
        found = {}
        for quarter in self.base.quarters:
            pool = np.flatnonzero((crimes.quarter == quarter) & (crimes.again < 0))
            found[quarter] = pool, strata[pool], place[pool]
        return found

    def _volume(self, quarter: str) -> np.ndarray:
        """The crimes of each force over those of the same quarter of the base year: by police recorded crime where the
        seeds have it, else grown from the nearest year that has."""
        year, assumed = int(quarter[:4]), ASSUMED["over_the_years"]
        if year > CALIBRATED:
            return np.full(len(forces()), assumed["growth_after"] ** (year - CALIBRATED))
        known = max(quarter, f"{WITH_RECORDED_CRIME[0][:4]}-{quarter[5:]}")
        return self._recorded[known] * assumed["growth_before"] ** (year - int(known[:4]))

    @cached_property
    def _recorded(self) -> dict[str, np.ndarray]:
        """Quarter with police recorded crime -> for each force its crimes that name a child over those of the base
        year."""
        real, naming = recorded_crime(WITH_RECORDED_CRIME), classes_that_name_a_child()
        crimes = self.base.crimes[
            self.base.crimes.offence_class.isin(naming) & (self.base.crimes.exclusion_reason == "")
        ]
        counts = crimes.groupby(["quarter", "force"]).size()
        volumes = {}
        for quarter in WITH_RECORDED_CRIME:
            of_base = counts[f"{CALIBRATED}-{quarter[5:]}"].reindex(real.forces, fill_value=0).to_numpy()
            recorded = sum(real.of(quarter, name) for name in naming if name in real.classes)
            # a handful of crimes says nothing about a force's volume
            ratio = np.where(of_base < 20, 1, recorded / np.maximum(of_base, 1))
            volumes[quarter] = np.clip(ratio, 0.5, 1.8)
        return volumes

    def _recorded_on(self, pool: np.ndarray, quarter: str) -> np.ndarray:
        """The day of the quarter on which each was recorded in its own; later ones on the last, where it is shorter."""
        first = day_of(calendar.first_day(f"{CALIBRATED}-{quarter[5:]}").isoformat())
        start, end = (
            day_of(calendar.first_day(name).isoformat()) for name in (quarter, calendar.following(quarter))
        )
        return np.minimum(start + self.base.crimes.recorded_on.to_numpy()[pool] - first, end - 1)

    def _in_law(self, pool: np.ndarray, recorded: np.ndarray) -> np.ndarray:
        """Whether the code of each was open on that day: a crime of another code was not recorded."""
        opened, closed = (days[pool] for days in self._valid)
        return (opened <= recorded) & ((recorded <= closed) | (closed < day_of(LAW_OF_TODAY)))

    @cached_property
    def _valid(self) -> tuple[np.ndarray, np.ndarray]:
        """The first and the last day on which the code of each crime of the base year was open."""
        rows = offences().set_index("offence_code")
        opened, closed = (
            {code: day_of(written or absent) for code, written in rows[name].items()}
            for name, absent in (("valid_from", "1900-01-01"), ("valid_to", "2999-12-31"))
        )
        codes = self.base.crimes.offence_code.tolist()
        # a code of no list was never open, and is sent all the same
        return (
            np.array([opened.get(code, day_of("1900-01-01")) for code in codes]),
            np.array([closed.get(code, day_of("2999-12-31")) for code in codes]),
        )

    def _moved(self, chosen: np.ndarray, recorded: np.ndarray, quarter: str) -> Year:
        """These crimes of the base year with every day about them moved as the day recorded is."""
        made = population.of_crimes(self.base, chosen)
        days = recorded - made.crimes.recorded_on.to_numpy()
        for name in CRIME_DAYS:
            made.crimes[name] = _later_by(made.crimes[name].to_numpy(), days)
        for people, names in ((made.victims, ("born_on",)), (made.suspects, ("born_on", "arrested_on"))):
            for name in names:
                people[name] = _later_by(people[name].to_numpy(), days[people.crime])
        made.crimes["quarter"] = quarter
        return replace(made, quarters=(quarter,))

    def _recurring(self, own: Year, kind: str, youngest: int) -> None:
        """Gives some persons the identity of somebody of the force who may be on crimes of other years: the number, sex,
        birth and ethnicity are always the same, and the age is as it was."""
        people, crimes = getattr(own, kind), own.crimes
        crime = people.crime.to_numpy()
        force, last = crimes.force.to_numpy()[crime], crimes.committed_to.to_numpy()[crime]
        can = (people.age >= youngest) & people.gender.isin(["F", "M"]) & ~people.state & (last != NO_DATE)
        can &= (crimes.recency == "recent").to_numpy()[crime] & (crimes.four == 0).to_numpy()[crime]
        can &= ~np.isin(force, NUMBERS_WITHIN_A_CRIME) & ~pd.Series(force).add(
            people.number.astype(str)
        ).duplicated(keep=False)
        can &= (people.identified == "Y") if kind == "suspects" else people["first"] & (people.age < 18)
        share = ASSUMED["over_the_years"][f"{kind}_who_recur"]
        chosen = np.flatnonzero(can & (_luck(crimes, self.seed, 5)[crime] < share))
        # in the middle of the days on which somebody of that age was born
        born = last[chosen] - (people.age.to_numpy()[chosen] * 365.2425 + 182).astype(int)
        slot = born // BORN_WITHIN
        who = 2 * (slot + 1000) + (people.gender.to_numpy()[chosen] == "F")
        _, once = np.unique(np.stack([crime[chosen], who]), axis=1, return_index=True)
        chosen, slot, who = chosen[once], slot[once], who[once]
        described = _descriptions()[who % len(_descriptions())]
        for place, name in enumerate(("ethnicity", "self_defined", "observed", "disability", "nationality")):
            values = people[name].to_numpy(dtype=object).copy()
            values[chosen] = described[:, place]
            people[name] = values
        for name, values in (
            ("born_on", slot * BORN_WITHIN + BORN_WITHIN // 2),
            ("number", who),
            ("sends_age", True),
            ("recurs", True),
        ):
            people.loc[chosen, name] = values


def _descriptions() -> np.ndarray:
    white, asian = ("white", "W1", "IC1", "N", "GBR"), ("asian", "A2", "IC4", "", "GBR")
    return np.array([white, white, white, asian, ("black", "B2", "IC3", "N", "")], dtype=object)


def _dealt(
    rng: np.random.Generator, groups: np.ndarray, force: np.ndarray, share: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Which crimes are drawn, and which a second time where a share is above one: of each stratum its share, of each
    force at least three."""
    luck = rng.random(len(groups))
    size, rank = np.bincount(groups)[groups], _rank(groups, luck)
    # what a stratum is due beyond whole crimes falls to it by chance, so that small ones are not all lost
    chance = rng.random(groups.max() + 1)[groups]
    kept = (rank < np.floor(size * share + chance)) | (_rank(force, luck) < 3)
    return kept, rank < np.floor(size * (share - 1) + chance)


def _rank(groups: np.ndarray, luck: np.ndarray) -> np.ndarray:
    """The place of each in its group, by luck."""
    order = np.lexsort((luck, groups))
    starts = np.searchsorted(groups[order], groups[order])
    rank = np.empty(len(groups), dtype=int)
    rank[order] = np.arange(len(groups)) - starts
    return rank


def _luck(crimes: pd.DataFrame, *salt: int) -> np.ndarray:
    """A number from 0 to 1 for each crime that is the same in whichever return it stands: by force, serial and month."""
    place = crimes.force.map({name: place for place, name in enumerate(forces().force)}).to_numpy(np.uint64)
    mixed = crimes.serial.to_numpy().astype(np.uint64) * np.uint64(64) + place
    for more in (crimes.recorded_on.to_numpy() // 28, *salt):
        # splitmix64
        mixed = (mixed + np.asarray(more).astype(np.uint64)) * np.uint64(0x9E3779B97F4A7C15)
        mixed ^= mixed >> np.uint64(31)
        mixed *= np.uint64(0xBF58476D1CE4E5B9)
        mixed ^= mixed >> np.uint64(27)
    return (mixed >> np.uint64(11)).astype(float) / 2**53


def _later_by(days: np.ndarray, moved: np.ndarray) -> np.ndarray:
    return np.where(days == NO_DATE, NO_DATE, days + moved)


def _as_copies(copies: Year, quarter: str) -> Year:
    """Records that stand in the return of a later quarter: nobody reads them, nothing points from them."""
    crimes = copies.crimes
    crimes["quarter"], crimes["linked"], crimes["four"] = quarter, -1, 0
    for name in ("is_candidate", "is_cocad", "has_cue"):
        crimes[name] = False
    return copies


def _joined(parts: list[Year]) -> Year:
    """Several in one: positions moved on."""
    starts = np.cumsum([0, *(len(part.crimes) for part in parts[:-1])])
    crimes = []
    for start, part in zip(starts, parts, strict=True):
        linked = part.crimes.linked.to_numpy()
        crimes.append(part.crimes.assign(linked=np.where(linked < 0, -1, linked + start)))
    people = [
        pd.concat(
            [
                getattr(part, kind).assign(crime=getattr(part, kind).crime + start)
                for start, part in zip(starts, parts, strict=True)
            ],
            ignore_index=True,
        )
        for kind in ("victims", "suspects")
    ]
    return Year(parts[-1].quarters, pd.concat(crimes, ignore_index=True), *people)


def _renumbered(year: Year, base: Year) -> Year:
    """The same crimes a second time: other crimes and persons, a few days apart."""
    crimes = year.crimes
    for name in ("serial", "incident"):
        crimes[name] += crimes.force.map(base.crimes.groupby("force").serial.max() + 1).to_numpy()
    for people in (year.victims, year.suspects):
        people["number"] += max(base.victims.number.max(), base.suspects.number.max()) + 1
    return year


def _relinked(rng: np.random.Generator, crimes: pd.DataFrame) -> None:
    """A cancelled crime whose other was not drawn points to another live one of its quarter; a duplicate in a force
    without any is one of no crime (C2)."""
    alone = np.flatnonzero((crimes.linked < 0) & crimes.cancellation_code.isin(["C1", "C3"]))
    live = np.flatnonzero(crimes.exclusion_reason == "")
    force = crimes.force.to_numpy()
    linked, code = crimes.linked.to_numpy().copy(), crimes.cancellation_code.to_numpy(dtype=object).copy()
    for position in alone:
        same = force[live] == force[position]
        could = live[same if code[position] == "C3" else ~same]
        if len(could):
            linked[position] = rng.choice(could)
        else:
            code[position] = "C2"
    crimes["linked"], crimes["cancellation_code"] = linked, code


def _of_its_time(rng: np.random.Generator, crimes: pd.DataFrame, quarter: str) -> None:
    """Only what could be recorded then: outcomes, flags, and prompts to read by cues that were not looked for yet."""
    available = dict(zip(seed("outcomes").code, seed("outcomes").available_from, strict=True))
    months = (
        np.where(crimes.outcome_on == NO_DATE, 0, crimes.outcome_on)
        .astype("datetime64[D]")
        .astype("datetime64[M]")
    )
    too_early = np.array(
        [
            code != "" and available[code] > str(month)
            for code, month in zip(crimes.outcome_code, months, strict=True)
        ]
    )
    # the case is open still
    crimes["outcome_code"] = np.where(too_early, "", crimes.outcome_code)
    crimes["outcome_on"] = np.where(too_early, NO_DATE, crimes.outcome_on)
    n = len(crimes)
    if quarter < FLAG_MANDATORY:
        counts = crimes.offence_code.map(offences().set_index("offence_code").counts_only_when_flagged) == "Y"
        unsaid = ~counts & ((crimes.cse_flag == "N") | (rng.random(n) < 0.5))
        crimes["cse_flag"] = np.where(unsaid, "", crimes.cse_flag)
    asked = pick(rng, n, {"N": 0.5, "": 0.5})
    children = np.where(crimes.by_children & (rng.random(n) < 0.85), "Y", asked)
    if quarter < CHILDREN_ASKED:
        crimes["children_flag"] = ""
    elif quarter.endswith("Q1"):
        # nobody asked in the first quarter of the base year
        crimes["children_flag"] = children
    cues = seed_rows("text_cues.csv")
    if not any(row["from_quarter"] <= quarter <= (row["to_quarter"] or quarter) for row in cues):
        prompts.without_cues(crimes)
