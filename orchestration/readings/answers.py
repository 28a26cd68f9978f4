"""What a reader may answer, and what belongs together."""

import re
from collections.abc import Mapping
from typing import Any

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


def children_or_none(answer: Mapping[str, Any]) -> str:
    """What is said on children: of a crime that is not group-based it need not be, and a blank says that it is not."""
    blank = not answer["committed_by_children"] and answer["group_based"] in ("no", "cannot_tell")
    return "not_collected" if blank else answer["committed_by_children"]


def problems(answer: Mapping[str, Any], children_asked: bool | None) -> list[str]:
    """A sentence for each thing wrong with an answer of text cells; `children_asked` is None when nobody knows."""
    wrong = [
        f"{name} must be one of {', '.join(sorted(value or 'blank' for value in allowed))}"
        for name, allowed in _EVERY
        if (answer.get(name) or "") not in allowed
    ]
    offenders = answer.get("offenders_read")
    # not isdigit: it takes \u00b2 for a digit, and int does not
    if offenders not in (None, "") and not re.fullmatch("[0-9]{1,4}", str(offenders)):
        wrong.append("offenders_read must be a whole number or blank")
    if (answer["group_based"] == "yes") != bool(answer["criterion"]):
        wrong.append("criterion is given when group_based is yes, and blank otherwise")
    if answer["role"] == "adjudicator" and not answer["reason"]:
        wrong.append("an adjudicator must give a reason")
    not_said = answer["committed_by_children"] == "not_collected"
    asked = children_asked and (answer["group_based"] == "yes" or not not_said)
    if children_asked is not None and not_said == asked:
        wrong.append(
            "committed_by_children must be yes or no"
            if children_asked
            else "committed_by_children must be not_collected"
        )
    return wrong
