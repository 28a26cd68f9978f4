"""Crime references in the shape of each force (`reference_pattern` in `seeds/forces.csv`)."""

import re
from collections.abc import Callable
from functools import cache

import numpy as np

from orchestration.synthetic.reference import forces

NUMBERS_WITHIN_A_CRIME = ("gloucestershire",)
"""Forces whose persons are numbered inside each crime rather than across the force."""
SHAPE = re.compile(r"[A-Z0-9*/-]*N[A-Z0-9*/-]*")


@cache
def numbered(force: str, year: int) -> Callable[[np.ndarray, np.ndarray], list[str]]:
    """(serial numbers, days recorded) -> references of a force, unique while the serials are."""
    row = forces().loc[force]
    shapes = SHAPE.findall(re.sub(r"\([^)]*\)", "", row.reference_pattern))
    # where a force changed systems before the year, the last shape is the one in use
    shape = (
        (shapes[-1] if "after" in row.reference_pattern else shapes[0])
        if shapes
        else f"{row.pnc_code}YYNNNNNNN"
    )
    by_day = "YYYYMMDD" in shape
    shape = shape.replace("{", "").replace("YYYYMMDD", "{day}")
    shape = shape.replace("06XX", "06AB").replace("NX/", "N{letter}/")
    shape = re.sub(r"N{3,}", lambda run: f"{{n:0{len(run[0])}}}", shape, count=1)
    shape = shape.replace("YY", f"{year % 100:02}")

    def references(serials: np.ndarray, days: np.ndarray) -> list[str]:
        if by_day:
            dates = np.datetime_as_string(days.astype("datetime64[D]")).tolist()
            return [
                shape.format(n=n, day=date.replace("-", ""))
                for n, date in zip(serials.tolist(), dates, strict=True)
            ]
        if "{letter}" in shape:
            return [shape.format(n=n, letter="ABCDEFGHJK"[n % 10]) for n in serials.tolist()]
        return [shape.format(n=n) for n in serials.tolist()]

    return references
