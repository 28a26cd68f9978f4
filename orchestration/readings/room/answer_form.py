"""The questions of a reading as the room asks them, and a sent form back into an answer."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from orchestration import schemes, strict_csv
from orchestration.readings import codebook
from orchestration.readings.answers import completed
from orchestration.readings.desk import Answer, Case

ANY = ("yes", "no", "cannot_tell")


def _options(criteria: Iterable[Mapping[str, str]]) -> tuple[tuple[str, str, str], ...]:
    return tuple((row["criterion"], row["label"], row["key"]) for row in criteria)


CRITERIA = _options(schemes.ever_chosen().values())
REASON_LONGEST = 2000
# asked of a group alone: a form without the script sends them of others, too
OF_GROUPS = ("criterion", "runner_up")


@dataclass(frozen=True)
class Question:
    """One thing a reader decides. `options` are value, label and key; without them the answer is a number.

    `asked_after`: what the first question was answered with, where not anything. `optional`: the keys pass it by.
    """

    name: str
    text: str
    hint: str
    options: tuple[tuple[str, str, str], ...]
    asked_after: tuple[str, ...]
    optional: bool


def _question(row: Mapping[str, str]) -> Question:
    words = row["options"].split()
    # the key of an answer is its first letter
    options = tuple((word, word.replace("_", " ").capitalize(), word[0]) for word in words)
    return Question(
        row["name"],
        row["text"],
        row["hint"],
        CRITERIA if words == ["criteria"] else options,
        tuple(row["asked_after"].split()) or ANY,
        row["optional"] == "Y",
    )


_ROWS = strict_csv.read(Path(__file__).with_name("questions.csv"), "questions.csv").dicts()
QUESTIONS = tuple(map(_question, _ROWS))


def questions(case: Case) -> list[Question]:
    """Those that are asked of this case, with the criteria of the scheme of its quarter."""
    offered = _options(schemes.chosen_from(schemes.in_force(case.quarter)))
    return [
        replace(one, options=offered) if one.options is CRITERIA else one
        for one in QUESTIONS
        if one.name != "committed_by_children" or case.children_asked
    ]


def read(
    form: Mapping[str, list[str]], case: Case, correcting: bool = False
) -> tuple[Answer | None, dict[str, str]]:
    """The answer of a sent form, or a sentence for each field that is wrong, by its name."""

    def sent(name: str) -> str:
        return form.get(name, [""])[0].strip()

    wrong = {}
    given = {}
    first = sent("group_based")
    for question in questions(case):
        value = sent(question.name)
        # before the first question is answered it is open of which others that is so
        asked = first in question.asked_after or (first not in ANY and question.name not in OF_GROUPS)
        if not asked and question.name in OF_GROUPS:
            value = ""
        elif question.options:
            if value not in [option for option, _, _ in question.options] and (
                value or (asked and not question.optional)
            ):
                wrong[question.name] = f"{question.text} Choose an answer."
        elif value and not (value.isascii() and value.isdigit() and len(value) < 5):
            wrong[question.name] = f"{question.text} Write a whole number, or nothing."
        given[question.name] = value
    reason = sent("reason")
    if (asked := why(case, correcting)) and not reason:
        wrong["reason"] = f"{asked} Give a reason."
    if len(reason) > REASON_LONGEST:
        wrong["reason"] = f"The reason is longer than {REASON_LONGEST:,} characters: shorten it."
    decided_by = tuple(name for name in form.get("decided_by", []) if name in deciding_fields(case))
    given = completed({"committed_by_children": "not_collected", **given})
    if not wrong:
        broken = codebook.refused(case.codebook, {**given, "role": case.role, "reason": reason})
        wrong = {rule.question: rule.sentence for rule in broken}
    if wrong:
        return None, wrong
    given["offenders_read"] = int(given["offenders_read"]) if given["offenders_read"] else None
    return Answer(**given, decided_by=decided_by, reason=reason), {}


def why(case: Case, correcting: bool) -> str:
    """The question for a reason; blank where none is needed."""
    if correcting:
        return "Why do you correct it?"
    return "Why do you settle it so?" if case.role == "adjudicator" else ""


def filled_in(answer: Answer) -> dict[str, list[str]]:
    """A form as it was sent for this answer, without its reason."""
    given = {one.name: getattr(answer, one.name) for one in QUESTIONS}
    fields = {name: ["" if value is None else str(value)] for name, value in given.items()}
    return {**fields, "decided_by": list(answer.decided_by)}


def deciding_fields(case: Case) -> list[str]:
    """The parts of a case that can have decided it: its fields that are filled in, and the summary."""
    return ["summary", *(name for name, value in case.fields.items() if value not in (None, "", []))]
