"""`cpai` in a process of its own that comes to harm: killed before its n-th step, where no file grows any more, as a user whom
files of others are closed to; and a disk of a size of one's own."""

import ctypes
import os
import resource
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

TESTS = Path(__file__).parents[1]
OF_THE_TESTS = ("CPAI_HOME", "CPAI_TOKEN_KEY", "CPAI_LEDGER_URL", "CPAI_ERASURES")
# what lets root pass a file's owner and mode (capabilities(7)): CHOWN, DAC_OVERRIDE, DAC_READ_SEARCH, FOWNER
PASSES = 0b1111
OF_OTHERS = 65534  # the user nobody


@dataclass(frozen=True)
class Ended:
    code: int
    out: str
    err: str
    # those of a process that was not killed
    steps: int | None


def cpai(
    home: Path,
    *words: str,
    killed_at: int = 0,
    up_to: int | None = None,
    closed: bool = False,
    seconds: float = 900,
) -> Ended:
    """The command on a home. It is killed before its step `killed_at`; no file of it grows beyond `up_to` bytes, as on a full
    disk; `closed`: files of other users are closed to it, whoever runs the tests."""
    with tempfile.TemporaryDirectory() as told:
        limits = [str(killed_at), "" if up_to is None else str(up_to), "Y" if closed else "", told]
        done = subprocess.run(
            [sys.executable, __file__, *limits, "--home", str(home), *words],
            env={name: value for name, value in os.environ.items() if name not in OF_THE_TESTS},
            capture_output=True,
            text=True,
            timeout=seconds,
        )
        steps = Path(told, "steps")
        many = int(steps.read_text()) if steps.exists() else None
    return Ended(done.returncode, done.stdout, done.stderr, many)


def close_files_of_others() -> None:
    """Give up what lets root read them."""
    libc = ctypes.CDLL(None, use_errno=True)
    head = (ctypes.c_uint32 * 2)(0x20080522, 0)
    sets = (
        ctypes.c_uint32 * 6
    )()  # twice effective, permitted, inheritable: of capabilities below and above 32
    assert libc.capget(head, sets) == 0
    for of in range(3):
        sets[of] &= ~PASSES
    assert libc.capset(head, sets) == 0, os.strerror(ctypes.get_errno())


@contextmanager
def disk_at(place: Path, size: int) -> Iterator[Callable[[int], object]]:
    """A disk of so many bytes; gives what sets its size anew. Raises PermissionError where this user may mount none."""
    place.mkdir(parents=True)
    mount = ["mount", "-t", "tmpfs", "-o", f"size={size}", "tmpfs", str(place)]
    if not shutil.which("mount") or subprocess.run(mount, capture_output=True).returncode:
        raise PermissionError("this user may mount no disk")
    try:
        yield lambda size: subprocess.run(["mount", "-o", f"remount,size={size}", str(place)], check=True)
    finally:
        subprocess.run(["umount", "--lazy", str(place)], check=True)


def main(killed_at: str, up_to: str, closed: str, told: str, *words: str) -> None:
    """The command, as installed."""
    from orchestration import command

    if closed:
        close_files_of_others()
    if up_to:
        resource.setrlimit(resource.RLIMIT_FSIZE, (int(up_to), int(up_to)))
    sys.argv = ["cpai", *words]
    if killed_at == "0" and (up_to or closed):
        command.main()
        return
    sys.path.insert(0, str(TESTS))
    from killed import Steps

    steps = Steps(int(killed_at))
    try:
        command.main()
    finally:
        Path(told, "steps").write_text(str(steps.many))


if __name__ == "__main__":
    main(*sys.argv[1:])
