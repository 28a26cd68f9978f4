"""What a reader may answer, and what belongs together."""

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


def problems(answer: Mapping[str, Any], children_asked: bool | None) -> list[str]:
    """A sentence for each thing wrong with an answer of text cells; `children_asked` is None when nobody knows."""
    wrong = [
        f"{name} must be one of {', '.join(sorted(value or 'blank' for value in allowed))}"
        for name, allowed in _EVERY
        if (answer.get(name) or "") not in allowed
    ]
    offenders = answer.get("offenders_read")
    if offenders not in (None, "") and not (str(offenders).isdigit() and len(str(offenders)) < 5):
        wrong.append("offenders_read must be a whole number or blank")
    if (answer["group_based"] == "yes") != bool(answer["criterion"]):
        wrong.append("criterion is given when group_based is yes, and blank otherwise")
    if answer["role"] == "adjudicator" and not answer["reason"]:
        wrong.append("an adjudicator must give a reason")
    if children_asked is not None and (answer["committed_by_children"] == "not_collected") == children_asked:
        wrong.append(
            "committed_by_children must be yes or no"
            if children_asked
            else "committed_by_children must be not_collected"
        )
    return wrong
