"""An erasure in a process of its own that is killed (SIGKILL) at the n-th thing it does to the disk or the ledger."""

import os
import signal
import sys
from multiprocessing.connection import Connection

from received import DECIDED
from sqlalchemy import Engine, event

from orchestration.erasure.target import Target
from orchestration.home import Home

CHANGES = {"os.rename", "os.remove", "os.mkdir", "os.chmod", "os.truncate"}


def erase_until_killed(home: Home, target: Target, digest: str, at: int | None, said: Connection) -> None:
    """Erase a target; die just before the `at`-th step, or give how many steps there were."""
    from orchestration.erasure import erasing

    steps = 0

    def step() -> None:
        nonlocal steps
        steps += 1
        if steps == at:
            os.kill(os.getpid(), signal.SIGKILL)

    def audit(name: str, words: tuple) -> None:
        if name in CHANGES or (name == "open" and isinstance(words[1], str) and set(words[1]) & set("wax+")):
            step()

    sys.addaudithook(audit)
    event.listen(Engine, "before_cursor_execute", lambda *_: step())
    event.listen(Engine, "commit", lambda *_: step())
    erasing.erase(home, target, DECIDED, digest)
    said.send(steps)
