"""Which records of a return staging would hold out, found before the return stands: the conditions of
`int_received_crimes.sql` and `int_rejected_records.sql`, which `tests/returns/held_out.csv` keeps the same here and there.
"""

import re
from collections.abc import Callable
from datetime import date
from functools import cache

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from orchestration.home import seed_rows

DAY = re.compile(r"\d{4}-\d{2}-\d{2}")


def day(text: str) -> date | None:
    """The day of a text that mapping has written as one: `2023-01-31`."""
    try:
        return date.fromisoformat(text) if DAY.fullmatch(text) else None
    except ValueError:
        return None


def held_out(crimes: pa.Table) -> dict[str, np.ndarray]:
    """Why crimes would be held out, each with the crimes that it holds out: no crime stands under two."""
    references = crimes["crime_reference"]
    left = np.ones(crimes.num_rows, bool)
    reasons: dict[str, np.ndarray] = {}

    def hold(reason: str, where: np.ndarray) -> None:
        reasons[reason] = where & left
        left[where] = False

    hold("have no crime_reference of their own", blank_reference(references))
    for column in ("offence_code", "recorded_on", "status"):
        hold(f"have no {column}", _mask(pc.is_null(crimes[column])))
    hold(
        "have a recorded_on that is no date as the layout has it",
        _of_text(crimes["recorded_on"], lambda text: not day(text)),
    )
    hold(
        "share a crime_reference with another crime",
        _contradicting(crimes.filter(pa.array(left)), references),
    )
    return {reason: where for reason, where in reasons.items() if where.any()}


def known_codes(crimes: pa.Table) -> dict[str, np.ndarray]:
    """By column, the crimes whose offence code, or status, is in a list."""
    return {
        "offence_code": _of_text(crimes["offence_code"], _is_offence),
        "status": _of_text(crimes["status"], lambda text: text.lower() in _statuses()),
    }


def cancelled_earlier(crimes: pa.Table, first_day: date) -> np.ndarray:
    """Crimes recorded before a day that are cancelled: a return has them, whichever quarter counted them."""
    cancelled = _of_text(crimes["status"], lambda text: _statuses().get(text.lower()) == "cancelled")
    earlier = _of_text(crimes["recorded_on"], lambda text: bool((found := day(text)) and found < first_day))
    return cancelled & earlier


def blank_reference(references: pa.ChunkedArray) -> np.ndarray:
    """Records without a reference, or with a text in its place that is no reference."""
    return _mask(pc.is_null(references)) | _of_text(
        references, lambda text: text.strip().lower() in _placeholders()
    )


def _contradicting(usable: pa.Table, references: pa.ChunkedArray) -> np.ndarray:
    """Crimes of references under which usable crimes differ in code, recorded date or status: which of them is meant
    is not known."""
    compared = pa.table(
        {
            "reference": usable["crime_reference"],
            "offence": _each(usable["offence_code"], lambda text: _offence(text) or text),
            "recorded_on": usable["recorded_on"],
            "status": _each(usable["status"], lambda text: _statuses().get(text.lower(), "unmapped")),
        }
    )
    counted = compared.group_by("reference").aggregate(
        [(column, "count_distinct") for column in ("offence", "recorded_on", "status")]
    )
    several = [
        pc.greater(counted[f"{column}_count_distinct"], 1) for column in ("offence", "recorded_on", "status")
    ]
    shared = counted.filter(pc.or_(pc.or_(several[0], several[1]), several[2]))["reference"]
    return _mask(pc.is_in(references, value_set=shared.combine_chunks()))


def _mask(found: pa.ChunkedArray) -> np.ndarray:
    return pc.fill_null(found, False).to_numpy().astype(bool)


def _each(texts: pa.ChunkedArray, of: Callable[[str], object]) -> pa.Array:
    """What each text is, worked out once for texts that recur."""
    coded = texts.combine_chunks().dictionary_encode()
    values = pa.array([of(text) for text in coded.dictionary.to_pylist()])
    return values.take(coded.indices) if len(values) else pa.nulls(len(texts))


def _of_text(texts: pa.ChunkedArray, is_so: Callable[[str], bool]) -> np.ndarray:
    return _mask(pa.chunked_array([_each(texts, is_so).cast(pa.bool_())]))


@cache
def _placeholders() -> frozenset[str]:
    return frozenset(row["spelling"] for row in seed_rows("placeholder_references.csv"))


@cache
def _statuses() -> dict[str, str]:
    """What systems write for a status -> recorded or cancelled."""
    rows = [row for row in seed_rows("code_spellings.csv") if row["field"] == "status"]
    return {text.strip().lower(): row["code"] for row in rows for text in (row["code"], row["spelling"])}


@cache
def _offences() -> tuple[dict[str, str], dict[str, str], set[str]]:
    """Offence codes, those of five digits, and the classes that have no sub-codes."""
    rows = seed_rows("offences.csv")
    classes: dict[str, bool] = {}
    for row in rows:
        classes[row["offence_class"]] = (
            classes.get(row["offence_class"], True) and row["is_class_level"] != "N"
        )
    return (
        {row["offence_code"]: row["offence_code"] for row in rows},
        {row["five_digit"]: row["offence_code"] for row in rows if row["five_digit"]},
        {offence for offence, whole in classes.items() if whole},
    )


def _is_offence(text: str) -> bool:
    return _offence(text) is not None or text.upper().replace(" ", "") == "N100"


@cache
def _offence(text: str) -> str | None:
    """The offence code of a spelling, as `int_offence_spellings.sql` resolves it; None where it is in no list."""
    codes, by_five_digits, whole_classes = _offences()
    code = text.upper().replace(" ", "")
    pair = re.fullmatch(r"0*(N?\d{1,3})/0*(\d{1,3})", code)
    urn = re.fullmatch(r"0*(\d{1,3}[A-Z]?)[.]0*(\d{1,3})[.]0*(\d{1,3})[.]\d+A?", code)
    eaten = _eaten(code)
    tries = (
        codes.get(code.lstrip("0")),
        codes.get(f"{pair[1]}/{pair[2]}") if pair else None,
        urn[1] if urn and urn[1] in whole_classes else None,
        codes.get(f"{urn[2]}/{urn[3]}") if urn else None,
        codes.get(f"{eaten.day}/{eaten.month}") if eaten else None,
        by_five_digits.get(code.zfill(5)) if re.fullmatch(r"\d{3,5}", code) else None,
    )
    return next(filter(None, tries), None)


def _eaten(code: str) -> date | None:
    """The day that a spreadsheet made of 19/8: its number, or the day written out."""
    if re.fullmatch(r"4[3-6]\d{3}([.]0)?", code):
        return date.fromordinal(date(1899, 12, 30).toordinal() + int(code[:5]))
    if re.fullmatch(r"20[12]\d-\d{2}-\d{2}(T?00:00:00([.]0+)?)?", code):
        return day(code[:10])
    return None
