"""A feed written in a process of its own that is killed at one of its steps."""

from multiprocessing.connection import Connection
from pathlib import Path

from killed import Steps

from orchestration.home import Home


def feed_until_killed(home: Home, into: Path, at: int | None, said: Connection) -> None:
    """Write a feed of the live release; die just before the `at`-th step, or give how many steps there were."""
    from orchestration.releases import feeds

    steps = Steps(at)
    feeds.write(home, "csae_analysis", "2023-Q1", into)
    said.send(steps.many)
