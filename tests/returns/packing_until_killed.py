"""A pack written in a process of its own that is killed at one of its steps."""

from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

from killed import Steps


def pack_until_killed(pack: dict[str, Any], folder: Path, at: int | None, said: Connection) -> None:
    """Write a pack; die just before the `at`-th step, or give how many steps there were."""
    from orchestration.returns.pack.writing import write_pack

    steps = Steps(at)
    write_pack(pack, folder)
    said.send(steps.many)
