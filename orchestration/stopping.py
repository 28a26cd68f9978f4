"""How a command that could not do its work ends."""

import json
import sys
from typing import Any, NoReturn

from orchestration.printing import say


def stop(sentences: list[str], wants_json: bool = False, **more: Any) -> NoReturn:
    """Say why, for people or as JSON, and end with exit code 1."""
    if wants_json:
        say(json.dumps({"done": False, "reasons": sentences, **more}, default=str))
    else:
        for sentence in sentences:
            say(sentence, err=True)
    sys.exit(1)
