"""How a command that could not do its work ends."""

import json
import sys
from typing import Any, NoReturn

from orchestration.printing import say


class Stopped(Exception):
    """A state that can be expected, in sentences that say what to do: the command says them and ends with `code`."""

    code = 1

    def __init__(self, *sentences: str) -> None:
        super().__init__("\n".join(sentences))
        self.sentences = list(sentences)


def stop(sentences: list[str], wants_json: bool = False, code: int = 1, **more: Any) -> NoReturn:
    """Say why, for people or as JSON, and end with an exit code."""
    if wants_json:
        say(json.dumps({"done": False, "reasons": sentences, **more}, default=str))
    else:
        for sentence in sentences:
            say(sentence, err=True)
    sys.exit(code)
