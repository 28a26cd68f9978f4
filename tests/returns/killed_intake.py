"""Intake in a process of its own, killed at one of its steps."""

from multiprocessing.connection import Connection

from killed import Steps

from orchestration.home import Home


def receive_until_killed(home: Home, quarter: str, at: int | None, said: Connection) -> None:
    """Receive a quarter; die just before the `at`-th step, or give how many steps there were."""
    from orchestration.returns.intake import receive

    steps = Steps(at)
    receive(home, quarter)
    said.send(steps.many)
