"""What became of a check, in the words that pages, packs, the gate, Dagster and the terminal share.

The words of a verdict are rows of `seeds/publication/verdicts.csv`: a verdict of `quality.rule_results` or of
`quality.expectation_results`, with the rule's severity where what follows depends on both.
"""

from collections.abc import Mapping
from functools import cache
from typing import NamedTuple

from orchestration.home import seed_rows


class Verdict(NamedTuple):
    """`words` as people read them, how a page marks them (good, note, bad), and what they mean in a sentence."""

    words: str
    marked: str
    meaning: str


def wording(verdict: str, severity: str = "") -> Verdict:
    """The verdict of a rule or expectation of this severity (`blocks`, `reported`). KeyError for any other."""
    rows = _verdicts()
    return rows.get((verdict, "")) or rows[verdict, severity]


def words(verdict: str, severity: str = "") -> str:
    return wording(verdict, severity).words


def told(reason: str) -> str:
    """A reason of a receipt (`FL07 crimes.xlsx: is encrypted; …`) as it may stand beyond the home: the code of its check and
    what the check asks. Names of files and headings, which a force wrote, stay in the home and in its own pack."""
    code = reason[:4]
    return f"{code} {_checks()[code]}" if code in _checks() else "a check of an earlier version"


def of(rule: Mapping[str, str], failed: int, tested: int | None) -> str:
    """The verdict of so many failed of those tested by a row of `seeds/rules.csv`, as `quality.rule_results` gives it."""
    if not tested:
        return "not_applicable"
    if not failed:
        return "pass"
    rate, records = float(rule["tolerance_rate"] or -1), int(rule["tolerance_records"] or -1)
    within = rule["our_own"] != "Y" and (failed / tested <= rate or failed <= records)
    return "within_tolerance" if within else "fails"


@cache
def _checks() -> dict[str, str]:
    return {row["code"]: row["statement"] for row in seed_rows("return_checks.csv")}


@cache
def _verdicts() -> dict[tuple[str, str], Verdict]:
    return {
        (row["verdict"], row["severity"]): Verdict(row["words"], row["marked"], row["meaning"])
        for row in seed_rows("publication/verdicts.csv")
    }
