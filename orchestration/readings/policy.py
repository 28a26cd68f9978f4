"""Who reads what, and how often: the rows of `seeds/reading_policy.csv`, and what they make of a case's readings."""

import hashlib
import hmac
import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from orchestration.home import settings

# what two readers must answer alike; on the network definition and the number of offenders they may differ
AGREED = ("group_based", "criterion", "committed_by_children")


@dataclass(frozen=True)
class Policy:
    new_reader_readings: int
    second_criteria: frozenset[str]
    second_confidence: frozenset[str]
    second_share: float
    gold_share: float
    draw_seed: str
    daily_cap: int
    pause_after: int
    row_minutes: int
    claim_minutes: int
    workbook_days: int
    codebook: str
    second_factor_roles: frozenset[str]


def read_policy() -> Policy:
    rows = settings("reading_policy.csv", "name")
    numbers = (
        "new_reader_readings",
        "daily_cap",
        "pause_after",
        "row_minutes",
        "claim_minutes",
        "workbook_days",
    )
    lists = ("second_criteria", "second_confidence", "second_factor_roles")
    return Policy(
        **{name: rows.number(name) for name in numbers},
        **{name: frozenset(rows[name].split(";")) for name in lists},
        **{name: rows.number(name, float) for name in ("second_share", "gold_share")},
        draw_seed=rows["draw_seed"],
        codebook=rows["codebook"],
    )


def read_twice_because(
    policy: Policy, reading: Mapping[str, Any], drawn: bool, new_reader: bool
) -> str | None:
    """Why a case with this one reading has to be read by a second person; None when once is enough.

    A readings file brings its own assignment, so the draw and the rule on new readers, which are about assigning,
    do not apply to a reading without a slot; its answers may still ask for a second.
    """
    if reading["criterion"] in policy.second_criteria:
        return "criterion"
    if reading["confidence"] in policy.second_confidence:
        return "confidence"
    if reading["slot"] and new_reader:
        return "new_reader"
    if reading["slot"] and drawn:
        return "draw"
    return None


def differences(first: Mapping[str, Any], second: Mapping[str, Any]) -> list[str]:
    """On what two readings differ, of the things they must agree on."""
    # of a crime that is not group-based one reader may leave children blank
    unsaid = first["group_based"] != "yes" and "not_collected" in (
        first["committed_by_children"],
        second["committed_by_children"],
    )
    asked = [name for name in AGREED if not (unsaid and name == "committed_by_children")]
    return [name for name in asked if (first[name] or "") != (second[name] or "")]


def due_reading(readings: Mapping[str, Mapping[str, Any]], twice: str | None) -> tuple[str, str] | None:
    """The role that still has to read a case, and why; None when it is settled.

    `readings` holds the standing reading of each role; `twice` is why the case is read by two, if it is.
    """
    if "adjudicator" in readings:
        return None
    if not readings:
        return "first", "candidate"
    if len(readings) == 2:
        return ("adjudicator", "disagreement") if differences(readings["first"], readings["second"]) else None
    return ("second", twice) if twice and "first" in readings else None


def settled_answer(by_role: Mapping[str, Any]) -> Mapping[str, Any]:
    """The reading that counts where nothing more is due."""
    return next(by_role[role] for role in ("adjudicator", "first", "second") if role in by_role)


def drawn(policy: Policy, key: str, stratum: str, names: Iterable[str]) -> set[str]:
    """The names of a stratum that are read twice: its share of them, chosen by a keyed hash.

    A share of 10% of 14 is 1 or 2, the stratum's own hash decides, so that small strata are neither skipped nor
    always drawn from. Without the key nobody can find out which; with it, the answer is always the same.
    """

    def number(text: str) -> float:
        return keyed_number(key, policy.draw_seed, stratum, text)

    ordered = sorted(names, key=number)
    return set(ordered[: math.floor(len(ordered) * policy.second_share + number(""))])


def keyed_number(key: str, *words: object) -> float:
    """A number from 0 to below 1: with the key it can be repeated, without it not predicted."""
    message = "|".join(map(str, words)).encode()
    return int.from_bytes(hmac.digest(key.encode(), message, hashlib.sha256)[:7]) / 2**56
