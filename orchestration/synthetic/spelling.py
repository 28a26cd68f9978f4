"""How each crime system spells what it records. Every spelling comes from the seeds; here stands only which
system likes which."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache

import numpy as np

from orchestration.synthetic.dealing import pick
from orchestration.synthetic.reference import ASSUMED, offences, seed

LABELLED = {
    "self_defined_ethnicity": ("self_defined_ethnicities", "code", "label"),
    "observed_ethnicity": ("observed_ethnicities", "code", "label"),
    "outcome_code": ("outcomes", "code", "meaning"),
}
UNKNOWN_GENDER = ("not_known", "refused")
NOT_RECORDED = ("not_known", "not_stated", "refused", "not_recorded")


@dataclass(frozen=True)
class Habits:
    """A system's usual spellings; the unusual ones are drawn from everything the seeds list."""

    genders: Sequence[str] = ("F", "M")
    no_gender: Sequence[str] = ("U", "")
    flags: Sequence[str] = ("Y", "N")
    statuses: Sequence[str] = ("recorded", "cancelled")
    roles: Sequence[str] = ("suspect", "facilitator")
    code: str = "slash"
    no_value: Sequence[str] = ("",)
    labels: bool = False
    """Relationships and locations in words rather than codes."""
    observed_digits: bool = False
    chinese: str = "A4"
    ethnicity: str = "code"
    """Self-defined ethnicity as code, in words, or as the number of the POLE dictionary."""


def habits_of(layout: str) -> Habits:
    known = ASSUMED["habits"]
    return Habits(**(known.get(layout) or known[layout.split("-")[0]]))


@cache
def _spellings(field: str) -> dict[str, list[str]]:
    """code -> every spelling of it."""
    rows = seed("code_spellings")
    rows = rows[rows.field == field]
    return {code: list(spelled) for code, spelled in rows.groupby("code").spelling}


@cache
def _labels(seed_name: str, key: str, label: str) -> dict[str, str]:
    rows = seed(seed_name)
    return dict(zip(rows[key], rows[label], strict=True))


@cache
def _codes_for_nothing(code_list: str) -> tuple[str, ...]:
    """Codes of a list that mean: not known, not stated, refused."""
    rows = seed(code_list)
    return tuple(rows.code[rows.missing_reason != ""])


@cache
def _class_titles() -> dict[str, str]:
    rows = offences()
    rows = rows[rows.is_class_level == "Y"]
    return dict(zip(rows.offence_class, rows.name, strict=True))


def genders(
    rng: np.random.Generator, habits: Habits, values: np.ndarray, never_other: np.ndarray
) -> np.ndarray:
    """`never_other`: persons whose gender is unknown rather than neither; a published count rests on it."""
    n = len(values)
    rare = [text for code in UNKNOWN_GENDER for text in _spellings("gender").get(code, [])]
    missing = np.where(rng.random(n) < 0.8, _any_of(rng, n, habits.no_gender), _any_of(rng, n, rare))
    neither = ~never_other & (rng.random(n) < 0.02)
    missing = np.where(neither, _any_of(rng, n, _spellings("gender")["other"]), missing)
    spelled = np.select([values == "F", values == "M"], habits.genders, missing)
    trans = rng.random(n) < 0.003
    return np.where(
        trans & (values == "F"), "Trans Female", np.where(trans & (values == "M"), "Trans Male", spelled)
    )


def flags(habits: Habits, values: np.ndarray) -> np.ndarray:
    return np.select([values == "Y", values == "N"], habits.flags, "")


def self_defined(rng: np.random.Generator, habits: Habits, values: np.ndarray) -> np.ndarray:
    spelled = np.where((values == "A4") | (values == "O1"), habits.chinese, values)
    if habits.ethnicity != "code":
        column = "label" if habits.ethnicity == "words" else "pole_2023_number"
        names = _labels("self_defined_ethnicities", "code", column)
        # a code that the dictionary has no number for goes as it is
        spelled = np.array([names.get(text) or text for text in spelled], dtype=object)
    missing = _missing(rng, habits, len(values), "self_defined_ethnicity", "self_defined_ethnicities")
    return np.where(values == "", missing, spelled)


def observed(rng: np.random.Generator, habits: Habits, values: np.ndarray) -> np.ndarray:
    spelled = values
    if habits.observed_digits:
        spelled = np.array([text.removeprefix("IC") for text in values], dtype=object)
    missing = _missing(rng, habits, len(values), "observed_ethnicity", "observed_ethnicities")
    return np.where(values == "", missing, spelled)


def relationships(rng: np.random.Generator, habits: Habits, values: np.ndarray) -> np.ndarray:
    missing = _missing(rng, habits, len(values), "relationship", "relationships")
    spelled = np.where(values == "", missing, values)
    names = _labels("relationships", "code", "label")
    return np.array([names.get(text, text) for text in spelled], dtype=object) if habits.labels else spelled


def locations(habits: Habits, values: np.ndarray) -> np.ndarray:
    words = (
        {code: spelled[-1] for code, spelled in _spellings("location_type").items()} if habits.labels else {}
    )
    return np.array([words.get(text, text) for text in values], dtype=object)


def with_label(field: str, values: np.ndarray, separator: str) -> np.ndarray:
    """`W1` -> `W1 - White British …`, for systems that send code and description in one cell."""
    names = _labels(*LABELLED[field]) if field in LABELLED else {}
    return np.array(
        [f"{text}{separator}{names[text]}" if text in names else text for text in values], dtype=object
    )


def titles(classes: np.ndarray) -> np.ndarray:
    """The published title of an offence class, as the description a system shows."""
    names = _class_titles()
    return np.array([names.get(name, "") for name in classes], dtype=object)


def codes(rng: np.random.Generator, style: str, values: np.ndarray, classes: np.ndarray) -> np.ndarray:
    """Offence codes in a system's style; `eaten` leaves the slash (the workbook does the eating)."""
    five = _labels("offences", "offence_code", "five_digit")
    name = _labels("offences", "offence_code", "name")
    styles = np.repeat(style, len(values)).astype(object)
    if style == "mixed":
        styles = pick(rng, len(values), {"slash": 0.5, "five": 0.3, "padded": 0.2})
    elif style == "slash":
        styles = pick(rng, len(values), {"slash": 0.97, "padded": 0.03})

    def spelled(code: str, offence_class: str, how: str) -> str:
        prefix, slash, sub = code.partition("/")
        if how == "urn" and code in ("19J", "19K"):
            # the system's own number has a sub-code here, though the class is what counts
            return f"{code}.19.{8 if code == '19J' else 10}.0"
        if not slash or prefix == "N100":
            return code
        if how == "padded":
            return f"{prefix:0>3}/{sub}"
        if how == "five":
            return five.get(code) or f"{prefix:0>3}{sub:0>2}"
        if how == "urn":
            attempt = "A" if name.get(code, "").startswith("Attempted") else ""
            return f"{offence_class or prefix}.{prefix}.{sub}.0{attempt}"
        return code

    return np.array([spelled(*row) for row in zip(values, classes, styles, strict=True)], dtype=object)


def summaries(rng: np.random.Generator, offenders: np.ndarray) -> np.ndarray:
    """Neutral and coded: a number of offenders and a note number, nothing else."""
    notes = rng.integers(1, 60, len(offenders))
    return np.array(
        [
            f"Coded note \u2018S{note:02}\u2019 \u2013 offenders: {number if number < 2 else 'two or more'}"
            for note, number in zip(notes.tolist(), offenders.tolist(), strict=True)
        ],
        dtype=object,
    )


def _missing(rng: np.random.Generator, habits: Habits, n: int, field: str, code_list: str) -> np.ndarray:
    codes = _codes_for_nothing(code_list)
    listed = [text for code in NOT_RECORDED for text in _spellings(field).get(code, [])]
    luck = rng.random(n)
    rare = np.where(luck < 0.92, _any_of(rng, n, codes), _any_of(rng, n, listed))
    # a word of one column is not one of another: NS is an ethnicity code and no relationship
    usual = [text for text in habits.no_value if text == "" or text in codes or text in listed]
    return np.where(luck < 0.8, _any_of(rng, n, usual), rare)


def _any_of(rng: np.random.Generator, n: int, values: Sequence[str]) -> np.ndarray:
    return np.array(values, dtype=object)[rng.integers(0, len(values), n)]
