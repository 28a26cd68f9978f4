"""Closed cases opened again: half of the forces send eight old quarters anew, with what they found."""

from dataclasses import replace

import numpy as np

from orchestration.home import seed_rows
from orchestration.synthetic.numbering import CALIBRATED
from orchestration.synthetic.reference import ASSUMED, NO_DATE, forces
from orchestration.synthetic.year import ForceQuarter, number_of

QUARTERS, FORCES = 8, 23
CLOSED = ("14", "15", "16", "18")


def quarters_of(asked: list[str]) -> list[str]:
    """The latest eight of the quarters asked for that are neither of the last year nor of 2023."""
    last = asked[-1][:4]
    return [quarter for quarter in asked if quarter[:4] not in (last, str(CALIBRATED))][-QUARTERS:]


def deliverers(names: list[str]) -> list[str]:
    """23 of the forces that send alone, every other or so."""
    forces_alone = {row["force"] for row in seed_rows("forces.csv")}
    alone = [name for name in names if name in forces_alone]
    return [alone[len(alone) * number // FORCES] for number in range(FORCES)]


def anew(rows: ForceQuarter, seed: int) -> tuple[ForceQuarter, np.ndarray]:
    """A force's quarter as sent anew, and which of its crimes are new to read.

    Nothing that the recall sample was drawn from changes, so that only what was found is new to read.
    """
    rng = np.random.default_rng([seed, 8, list(forces().index).index(rows.force), number_of(rows.quarter)])
    crimes, shares = dict(rows.crimes), ASSUMED["reopened"]

    def some(could: np.ndarray, name: str, at_least: int = 0) -> np.ndarray:
        places = rng.permutation(np.flatnonzero(could))
        chosen = np.zeros(rows.n, dtype=bool)
        chosen[places[: max(at_least, round(shares[name] * len(places)))]] = True
        return chosen

    live = (crimes["exclusion_reason"] == "") & ~crimes["cancelled_later"]
    opened = some(live & np.isin(crimes["outcome_code"].astype(str), CLOSED), "outcome_open")
    crimes["outcome_code"] = np.where(opened, "", crimes["outcome_code"])
    crimes["outcome_on"] = np.where(opened, NO_DATE, crimes["outcome_on"])
    recoded = some(live & (crimes["offence_code"] == "86/2"), "image_recoded")
    crimes["offence_code"] = np.where(recoded, "86/10", crimes["offence_code"])
    quiet = live & crimes["contact"].astype(bool) & ~crimes["is_candidate"].astype(bool)
    quiet &= (crimes["suspect_rows"] == 0) & (crimes["offenders_stated"] < 0)
    found = some(quiet, "more_offenders", at_least=1)
    for name, value in (
        ("offenders_stated", 2),
        ("offenders_read", 2),
        ("is_candidate", True),
        ("is_cocad", True),
    ):
        crimes[name] = np.where(found, value, crimes[name])
    crimes["criterion"] = np.where(found, "other", crimes["criterion"].astype(object))
    gone = some(quiet & ~found, "cancelled")
    crimes["status"] = np.where(gone, "cancelled", crimes["status"])
    crimes["cancellation_code"] = np.where(gone, "C2", crimes["cancellation_code"])
    crimes["cancelled_on"] = np.where(gone, crimes["recorded_on"] + 400, crimes["cancelled_on"])
    crimes["exclusion_reason"] = np.where(gone, "cancelled", crimes["exclusion_reason"])
    return replace(rows, crimes=crimes), found


def to_read(rows: ForceQuarter, found: np.ndarray) -> ForceQuarter:
    """The same with nothing to read but what was found."""
    return replace(rows, crimes=rows.crimes | {"is_candidate": found}, drawn={})
