"""A real terminal: a command behind a pseudo-terminal, what it shows, and the keys that are pressed."""

import os
import pty
import select
import signal
import struct
import subprocess
import sys
import termios
import time
from dataclasses import dataclass
from fcntl import ioctl

CPAI = [sys.executable, "-m", "orchestration"]


@dataclass
class Shown:
    text: str
    code: int
    # seconds from the keys that were pressed to the end
    ended_after: float | None = None


def _at_a_desk() -> None:
    """The terminal is the process's own, so that Ctrl-C reaches it and those it started; tests that run in a shell's
    background have Ctrl-C ignored, and what they start would inherit that."""
    os.setsid()
    ioctl(0, termios.TIOCSCTTY, 0)
    signal.signal(signal.SIGINT, signal.default_int_handler)


def in_a_terminal(
    words: list[str],
    press: tuple[float | str, bytes] | None = None,
    seconds: float = 300,
    width: int = 100,
    **environment,
) -> Shown:
    """Run `cpai` there; `press` sends keys after so many seconds, or once a text is shown."""
    ours, theirs = pty.openpty()
    ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", 40, width, 0, 0))
    process = subprocess.Popen(
        [*CPAI, *words],
        stdin=theirs,
        stdout=theirs,
        stderr=theirs,
        env={
            **{k: v for k, v in os.environ.items() if k != "NO_COLOR"},
            "TERM": "xterm-256color",
            **environment,
        },
        preexec_fn=_at_a_desk,
    )
    os.close(theirs)
    shown, began, pressed = b"", time.monotonic(), None
    try:
        while time.monotonic() - began < seconds:
            if press and _due(press[0], began, shown):
                os.write(ours, press[1])
                press, pressed = None, time.monotonic()
            if select.select([ours], [], [], 0.02)[0]:
                try:
                    got = os.read(ours, 65536)
                except OSError:  # the other end is closed
                    break
                if not got:
                    break
                shown += got
        code = process.wait(timeout=30)
        ended_after = time.monotonic() - pressed if pressed else None
    finally:
        if process.poll() is None:
            process.send_signal(signal.SIGKILL)
            process.wait()
        os.close(ours)
    return Shown(shown.decode("utf-8", "replace"), code, ended_after)


def _due(when: float | str, began: float, shown: bytes) -> bool:
    return when.encode() in shown if isinstance(when, str) else time.monotonic() - began >= when
