"""Crime references in the shape of each force (`reference_pattern` in `seeds/forces.csv`)."""

import re
from collections.abc import Callable
from functools import cache

import numpy as np

from orchestration import quarters
from orchestration.synthetic.reference import day_of, forces, seed, years_of

NUMBERS_WITHIN_A_CRIME = ("gloucestershire",)
"""Forces whose persons are numbered inside each crime rather than across the force."""
SHAPE = re.compile(r"[A-Z0-9*/-]*N[A-Z0-9*/-]*")
CALIBRATED = 2023
"""The year whose files stay as they were published: its references and persons are numbered from one."""


@cache
def changed_on(force: str) -> int:
    """The day from which a force has the crime system, and the shape of reference, of its newest layout."""
    breaks = seed("known_breaks")
    known = breaks[(breaks.scope == forces().prc_name[force]) & (breaks.kind == "system change")]
    if len(known):
        return day_of(known.start.iloc[-1])
    layouts = seed("layouts/force_layouts")
    newest = layouts.from_quarter[layouts.delivered_as == force].max()
    return day_of(quarters.first_day(newest).isoformat())


@cache
def numbered(force: str) -> Callable[[np.ndarray, np.ndarray], list[str]]:
    """(serial numbers of a year, days recorded) -> references of a force, unique for ever while the serials are in
    their year."""
    row = forces().loc[force]
    shapes = [
        _template(shape) for shape in SHAPE.findall(re.sub(r"\([^)]*\)", "", row.reference_pattern))
    ] or [_template(f"{row.pnc_code}YYNNNNNNN")]

    def references(serials: np.ndarray, days: np.ndarray) -> list[str]:
        years = years_of(days)
        texts = np.empty(len(serials), dtype=object)
        newest = days >= changed_on(force)
        for shape, of_shape in ((shapes[0], ~newest), (shapes[-1], newest)):
            for year in np.unique(years[of_shape]).tolist():
                at = np.flatnonzero(of_shape & (years == year))
                texts[at] = _filled(shape, serials[at], days[at], year)
        return texts.tolist()

    return references


def _template(shape: str) -> str:
    shape = shape.replace("{", "").replace("YYYYMMDD", "{day}")
    shape = shape.replace("06XX", "06AB").replace("NX/", "N{letter}/")
    shape = re.sub(r"N{3,}", lambda run: f"{{n:0{len(run[0])}}}", shape, count=1)
    return shape.replace("YY", "{year:02}")


def _filled(shape: str, serials: np.ndarray, days: np.ndarray, year: int) -> list[str]:
    numbers = serials.tolist()
    if "{day}" in shape:
        dates = np.datetime_as_string(days.astype("datetime64[D]")).tolist()
        return [shape.format(n=n, day=date.replace("-", "")) for n, date in zip(numbers, dates, strict=True)]
    if "{year" not in shape and year != CALIBRATED:
        # a reference without the year in it is of one only by its number
        numbers = (serials + year % 100 * 1_000_000).tolist()
    year %= 100
    if "{letter}" in shape:
        return [shape.format(n=n, letter="ABCDEFGHJK"[n % 10], year=year) for n in numbers]
    return [shape.format(n=n, year=year) for n in numbers]


def year_offsets(days: np.ndarray) -> np.ndarray:
    """What is added to the number of a person or incident of a crime recorded on each day, so that no two years share
    one."""
    years = years_of(days)
    return np.where(years == CALIBRATED, 0, (years - 2000) * 100_000_000)
