"""An erasure in a process of its own, killed at one of its steps."""

from multiprocessing.connection import Connection

from killed import Steps
from received import DECIDED

from orchestration.erasure.target import Target
from orchestration.home import Home


def erase_until_killed(home: Home, target: Target, digest: str, at: int | None, said: Connection) -> None:
    """Erase a target; die just before the `at`-th step, or give how many steps there were."""
    from orchestration.erasure import erasing

    steps = Steps(at)
    erasing.erase(home, target, DECIDED, digest)
    said.send(steps.many)
