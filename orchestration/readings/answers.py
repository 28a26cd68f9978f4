"""What a reader may answer, and what belongs together."""

import re
from collections.abc import Mapping
from typing import Any

from orchestration.readings import codebook

CRITERIA = {"cse", "familial", "institutional", "ritualistic", "other", "unknown"}
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

    Of a crime that is not group-based nothing need be said on children, and it is no group by the inquiry's definition.
    """
    follows = (
        {"committed_by_children": "not_collected"} if answer["group_based"] in ("no", "cannot_tell") else {}
    )
    if answer["group_based"] == "no":
        follows["network_definition"] = "no"
    return {**answer, **{name: value for name, value in follows.items() if not answer[name]}}


def problems(answer: Mapping[str, Any], children_asked: bool | None, version: str) -> list[tuple[str, str]]:
    """Question and sentence for each thing wrong with an answer of text cells, by the codebook of that version;
    `children_asked` is None when nobody knows."""
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
    not_said = answer["committed_by_children"] == "not_collected"
    asked = children_asked and (answer["group_based"] == "yes" or not not_said)
    if children_asked is not None and not_said == asked:
        must = "yes or no" if children_asked else "not_collected"
        wrong.append(("committed_by_children", f"committed_by_children must be {must}"))
    return wrong
