"""What a pack is called, and what became of its return in words: of a check, what would become of it."""

from typing import Any

IF_SENT = {
    "accepted": "would be received",
    "accepted_with_rejections": "would be received, with single records held out",
    "refused": "would be refused",
    "nil": "would be received as a nil return",
    "missing": "would be noted as missing",
}


def title_of(pack: dict[str, Any]) -> str:
    if pack["checked"]:
        return f"Check before sending: {pack['force_name']}, {pack['quarter']}"
    return f"Return pack: {pack['force_name']}, {pack['quarter']}, submission {pack['submission']}"


def status_said(pack: dict[str, Any]) -> str:
    return IF_SENT[pack["status"]] if pack["checked"] else pack["status"].replace("_", " ")
