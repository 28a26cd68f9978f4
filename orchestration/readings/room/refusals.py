"""What the reading room refused: whom, from where, what, in a line each; never a password, an address that was typed, or
the text of a case."""

import logging
import time
from collections import defaultdict
from dataclasses import dataclass
from threading import Lock

LINES = 60  # a minute, for each reason: whoever floods the room floods no disk, and hides no refusal of another kind
log = logging.getLogger(__name__)
lock = Lock()


@dataclass
class Written:
    """Lines of one reason in a minute; those above LINES are counted."""

    minute: int = 0
    lines: int = 0


written: defaultdict[object, Written] = defaultdict(Written)


def note(why: object, what: str, who: str, address: str) -> None:
    minute = int(time.monotonic() // 60)
    with lock:
        of = written[why]
        if of.minute != minute:
            if of.lines > LINES:
                log.warning("refused (%s): %s more", why, of.lines - LINES)
            of.minute, of.lines = minute, 0
        of.lines += 1
        if of.lines <= LINES:
            log.warning("refused (%s): %s, %s, from %s", why, what, who, address)
