"""Findings by rule in the order in which they matter, each with the reason for its place.

What is to be corrected comes before what may be explained. Then, rule by rule, what follows for the figures: the release waits;
records are not counted; the return as a whole is in doubt; crimes are left out because of it; contact crimes are among
its crimes, which may be group-based; its crimes are counted all the same; none of them is. Then the most first.
"""

import json
from collections import Counter, defaultdict
from collections.abc import Mapping
from functools import cache
from typing import Any

from orchestration import verdicts
from orchestration.home import seed_rows

Row = dict[str, Any]

ANSWERS = ("correct", "explain", "nothing")
HOLDS, NOT_COUNTED, WHOLE_RETURN, LEFT_OUT, CONTACT, COUNTED, OUTSIDE = range(1, 8)
# from so many records with one value on, what they share is probably one fault
MANY = 3
# the rule on how many records of a type are held out; which ones and why is under the reason's own code
HELD_OUT = {"crimes": "HO01", "victims": "HO02", "suspects": "HO03"}


def by_code(
    failing: Mapping[tuple[str, str, str], list[Row]],
    tested: Mapping[tuple[str, str], int],
    crimes_are: Mapping[tuple[str, str], str],
    lost: Mapping[tuple[str, str], int] | None = None,
) -> dict[str, list[Row]]:
    """force -> its findings by rule in order, from (force, answer, code) -> failing records.

    `holds` where so many records fail of those tested that the release waits for the force. `crimes_are`: what became of
    a crime, by force and reference. `lost`: by force and rule, how many records are held out, where that is beyond the
    rule's tolerance; which ones stands under other codes.
    """
    found: dict[str, list[Row]] = defaultdict(list)
    for (force, answer, code), rows in failing.items():
        records = len(rows) or (lost or {}).get((force, code), 0)
        statement, what_to_do = _said_of(code)
        for row in rows:
            row["crime_is"] = crimes_are.get((force, row["crime_reference"]))
        checked_by = {HELD_OUT.get(row["record_type"], "") for row in rows}
        finding = {
            "code": code,
            "answer": answer,
            "statement": statement,
            "what_to_do": what_to_do,
            "records": records,
            "tested": tested.get((force, code)),
            "holds": answer == "correct" and beyond_tolerance(code, records, tested.get((force, code))),
            "failing": sorted(rows, key=lambda row: (_of_crime(code, row), _in_file(row))),
        }
        found[force].append(
            finding | _place(finding, sorted(rule for rule in checked_by if (force, rule) in (lost or {})))
        )
    return {force: in_order(findings) for force, findings in found.items()}


def in_order(findings: list[Row]) -> list[Row]:
    """What matters first; the same for a check of one return and the national run."""
    return sorted(
        findings,
        key=lambda each: (
            ANSWERS.index(each["answer"]),
            each["level"],
            -each["at_stake"],
            -each["records"],
            each["code"],
        ),
    )


def beyond_tolerance(code: str, failed: int, tested: int | None) -> bool:
    return code in rules() and verdicts.of(rules()[code], failed, tested) == "fails"


def _tolerated(code: str, tested: int) -> int:
    rule = rules()[code]
    return max(int(float(rule["tolerance_rate"] or 0) * tested), int(rule["tolerance_records"] or 0))


def _place(finding: Row, held_by: list[str]) -> Row:
    """`level`, `at_stake` (how many records or crimes it is about) and `why`, the sentence for both. `held_by`: the rules
    of held-out records that are beyond their tolerance."""
    level, at_stake, why = _stakes(finding)
    if level == NOT_COUNTED and held_by:
        level, why = HOLDS, f"{why} They are among those that the release waits for ({', '.join(held_by)})."
    if finding["answer"] == "nothing":
        why = "Nothing is asked of the force."
    elif shared := _shared(finding["failing"]):
        why = f"{why} {shared}"
    return {"level": level, "at_stake": at_stake, "why": why}


def _stakes(finding: Row) -> tuple[int, int, str]:
    code, records = finding["code"], finding["records"]
    if finding["holds"]:
        most = _tolerated(code, finding["tested"])
        tolerated = f"{most:,} are tolerated" if most > 1 else f"{most or 'none'} is tolerated"
        return (
            HOLDS,
            records,
            f"The release waits for it: {records:,} of {finding['tested']:,} fail, {tolerated}.",
        )
    if checks().get(code, {}).get("outcome") == "rejects":
        its = "1 record is" if records == 1 else f"{records:,} records are"
        return NOT_COUNTED, records, f"{its} not counted until corrected."
    crimes = {row["crime_reference"]: row for row in finding["failing"] if row["crime_reference"]}
    if not crimes:
        return WHOLE_RETURN, records, "It is about the return as a whole."
    levels = Counter(_of_crime(code, row) for row in crimes.values())
    level = min(levels)
    most, are = levels[level], "are" if levels[level] > 1 else "is"
    whole = {1: "Its crime", 2: "Both its crimes"}.get(len(crimes), f"All its {most:,} crimes")
    of = whole if most == len(crimes) else f"{most:,} of its {len(crimes):,} crimes"
    return level, most, {
        LEFT_OUT: f"{of} {are} left out of the count because of it.",
        CONTACT: f"{of} {are} {'contact crimes' if are == 'are' else 'a contact crime'}, which may be group-based.",
        COUNTED: f"{of} {are} counted all the same, {'none' if len(crimes) > 1 else 'not'} as a contact crime.",
        OUTSIDE: "None of its crimes is counted." if len(crimes) > 1 else "Its crime is not counted.",
    }[level]  # fmt: skip


def _of_crime(code: str, row: Row) -> int:
    """How much a failing record matters, by what became of its crime."""
    crime_is = row["crime_is"] or ""
    if crime_is.startswith("left out"):
        return LEFT_OUT if crime_is in _left_out_by(code) else OUTSIDE
    return {"contact crime": CONTACT, "counted": COUNTED}.get(crime_is, OUTSIDE)


def left_out(reason: str) -> str:
    """The words for a crime that is left out of the CPAI."""
    return f"left out: {reason.replace('_', ' ')}"


@cache
def _left_out_by(code: str) -> set[str]:
    """The words for crimes that are left out because they break this rule."""
    return {left_out(row["reason"]) for row in seed_rows("cpai_reasons.csv") if row["rule"] == code}


def _shared(failing: list[Row]) -> str:
    """What most of the wrong cells hold: a spelling that no list has is one thing to correct, however many have it."""
    cells = Counter(
        (cell["column"], cell["value"])
        for row in failing
        for cell in row["values"]
        if cell["allowed"] and cell["value"] is not None
    )
    if not cells:
        return ""
    (column, value), count = max(cells.items(), key=lambda item: (item[1], item[0]))
    if count < max(MANY, len(failing) / 2):
        return ""
    shown = value if len(value) <= 40 else f"{value[:40]}…"
    return f"{count:,} have '{shown}' as {column.replace('_', ' ')}."


def _in_file(row: Row) -> tuple:
    return (
        row["file"] or "",
        row["sheet"] or "",
        row["row"] or 0,
        row["record_type"] or "",
        row["crime_reference"] or "",
        row["person_reference"] or "",
        row["found"] or "",
        json.dumps(row["values"], sort_keys=True),
    )


def _said_of(code: str) -> tuple[str, str]:
    if code in rules():
        rule = rules()[code]
        return rule["statement"], rule["force_does"] or rule["what_to_do"]
    check = checks()[code]
    return check["statement"], check["what_to_do"]


@cache
def rules() -> dict[str, dict[str, str]]:
    return {row["rule"]: row for row in seed_rows("rules.csv")}


@cache
def checks() -> dict[str, dict[str, str]]:
    return {row["code"]: row for row in seed_rows("return_checks.csv")}
