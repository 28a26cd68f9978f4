"""What a reader may answer, and what belongs together."""

import re
from collections.abc import Mapping
from typing import Any

from orchestration import schemes
from orchestration.readings import codebook

CRITERIA = set(schemes.ever_chosen())
ALLOWED = {
    "group_based": {"yes", "no", "cannot_tell"},
    "network_definition": {"yes", "no", "cannot_tell"},
    "criterion": {"", *CRITERIA},
    "runner_up": {"", *CRITERIA},
    "committed_by_children": {"yes", "no", "not_collected"},
    "confidence": {"high", "medium", "low"},
}
# asked of every reader at the desk; a readings file may come without
ALSO_ALLOWED = {"facilitator_present": {"", "yes", "no", "cannot_tell"}}
_EVERY = {**ALLOWED, **ALSO_ALLOWED}.items()


def completed(answer: Mapping[str, Any]) -> dict[str, Any]:
    """An answer with what follows from its first question where it was left blank.

    Of a crime that is not group-based children may be left blank, and it is no group by the inquiry's definition.
    """
    follows = (
        {"committed_by_children": "not_collected"} if answer["group_based"] in ("no", "cannot_tell") else {}
    )
    if answer["group_based"] == "no":
        follows["network_definition"] = "no"
    return {**answer, **{name: value for name, value in follows.items() if not answer[name]}}


def problems(answer: Mapping[str, Any], quarter: str | None, version: str) -> list[tuple[str, str]]:
    """Question and sentence for each thing wrong with an answer of text cells, by the codebook of that version and the
    scheme of the crime's quarter; `quarter` is None when it is not known."""
    wrong = [
        (name, f"{name} must be one of {', '.join(sorted(value or 'blank' for value in allowed))}")
        for name, allowed in _EVERY
        if (answer.get(name) or "") not in allowed
    ]
    offenders = answer.get("offenders_read")
    # not isdigit: it takes \u00b2 for a digit, and int does not
    if offenders not in (None, "") and not re.fullmatch("[0-9]{1,4}", str(offenders)):
        wrong.append(("offenders_read", "offenders_read must be a whole number or blank"))
    wrong += [(rule.question, rule.sentence) for rule in codebook.refused(version, answer)]
    if quarter is None:
        return wrong
    collected = quarter >= schemes.children_collected_from()
    not_said = answer["committed_by_children"] == "not_collected"
    if not_said == (collected and (answer["group_based"] == "yes" or not not_said)):
        must = "yes or no" if collected else "not_collected"
        wrong.append(("committed_by_children", f"committed_by_children must be {must}"))
    return wrong + outside_scheme(answer, quarter)


def outside_scheme(answer: Mapping[str, Any], quarter: str) -> list[tuple[str, str]]:
    """Question and sentence for each criterion that the scheme of the crime's quarter has not."""
    offered = {row["criterion"] for row in schemes.chosen_from(schemes.in_force(quarter))}
    return [
        (
            name,
            f"{name}: the scheme of {quarter} has no {answer[name]}; choose one of {', '.join(sorted(offered))}",
        )
        for name in ("criterion", "runner_up")
        if (answer.get(name) or "") in CRITERIA - offered
    ]
