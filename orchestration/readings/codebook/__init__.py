"""The codebook: its text, one document for each version, and its rules, the rows of `seeds/codebook_rules.csv`.

A rule has a condition under which an answer goes against the codebook, and an action: `refuse`, as one answer excludes
the other, or `ask`, as it can be right all the same. Room, workbook and file check by `refused` and `asked` here.
"""

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from orchestration.home import seed_rows
from orchestration.strict_csv import NotRead

FOLDER = Path(__file__).resolve().parent
SEED = "codebook_rules.csv"
BLANK = "blank"
# what a reader is asked of a case, in this order
QUESTIONS = (
    "group_based",
    "network_definition",
    "offenders_read",
    "criterion",
    "runner_up",
    "committed_by_children",
    "facilitator_present",
    "confidence",
)
ANSWERS = ("role", *QUESTIONS, "reason")
RECORD = ("suspects", "oldest_suspect", "suspects_without_age")
CLAUSE = re.compile(r"(\w+) (=|!=|>=|<=) (\w+)")
COMPARED: dict[str, Callable[[str, str], bool]] = {
    "=": lambda given, other: _same(given, other),
    "!=": lambda given, other: not _same(given, other),
    ">=": lambda given, other: _numbers(given, other) and int(given) >= int(other),
    "<=": lambda given, other: _numbers(given, other) and int(given) <= int(other),
}


@dataclass(frozen=True)
class Rule:
    """`when`: clauses of name, comparison and value, which all hold where an answer goes against it."""

    rule: str
    action: str
    question: str
    when: tuple[tuple[str, str, str], ...]
    sentence: str

    def holds(self, values: Mapping[str, str]) -> bool:
        """Whether an answer, with what is on the record, goes against this rule; what is not known is against nothing."""
        return all(
            name in values and COMPARED[compared](values[name], _value(value, values))
            for name, compared, value in self.when
        )


def text(version: str) -> str:
    """The guideline of that version, as Markdown."""
    return (FOLDER / f"{version}.md").read_text(encoding="utf-8")


@cache
def rules(version: str) -> tuple[Rule, ...]:
    """The rules of that version: each as it last changed by then. Raises NotRead where one cannot be understood."""
    rows = sorted(seed_rows(SEED), key=lambda row: row["codebook"])
    as_of = {row["rule"]: row for row in rows if row["codebook"] <= version}
    return tuple(
        Rule(row["rule"], row["action"], row["question"], _when(row), row["sentence"])
        for row in as_of.values()
    )


def refused(version: str, answer: Mapping[str, Any]) -> list[Rule]:
    """The rules that an answer may not be kept against."""
    values = _values(answer, None)
    return [rule for rule in rules(version) if rule.action == "refuse" and rule.holds(values)]


def asked(version: str, answer: Mapping[str, Any], record: Mapping[str, int] | None = None) -> list[Rule]:
    """The rules that an answer goes against and may be kept against; `record`: what `on_record` gives, where known."""
    values = _values(answer, record)
    return [rule for rule in rules(version) if rule.action == "ask" and rule.holds(values)]


def on_record(suspects: Iterable[Mapping[str, Any]]) -> dict[str, int]:
    """What rules need of a record: how many suspects, how old the oldest, and how many of unknown age."""
    ages = [suspect.get("age_at_offence") for suspect in suspects]
    known = [age for age in ages if age is not None]
    return {
        "suspects": len(ages),
        "suspects_without_age": len(ages) - len(known),
        **({"oldest_suspect": max(known)} if known else {}),
    }


def _values(answer: Mapping[str, Any], record: Mapping[str, int] | None) -> dict[str, str]:
    given = {name: "" if answer.get(name) is None else str(answer[name]) for name in ANSWERS}
    return given | {name: str(value) for name, value in (record or {}).items()}


def _value(value: str, values: Mapping[str, str]) -> str:
    if value == BLANK:
        return ""
    return values.get(value, value)


def _same(given: str, other: str) -> bool:
    return given == other or (_numbers(given, other) and int(given) == int(other))


def _numbers(*values: str) -> bool:
    return all(value.isascii() and value.isdigit() for value in values)


def _when(row: Mapping[str, str]) -> tuple[tuple[str, str, str], ...]:
    clauses = [CLAUSE.fullmatch(clause) for clause in row["condition"].split(" and ")]
    names = (*ANSWERS, *RECORD)
    understood = all(clause and clause[1] in names for clause in clauses)
    if not (understood and row["action"] in ("refuse", "ask") and row["question"] in ANSWERS):
        raise NotRead(
            f"seeds/{SEED}, rule {row['rule']}: cannot be understood; `action` is refuse or ask, `question` an answer, and "
            "`condition` clauses such as `group_based = no and offenders_read >= 2`."
        )
    return tuple((clause[1], clause[2], clause[3]) for clause in clauses if clause)
