"""What an encrypted file system costs: the same landing folder received, built and published on a plain folder and on gocryptfs.

`python benchmarks/at_rest.py HOME_WITH_LANDING --in DIR` takes turns, plain and encrypted, for each round, on one disk; needs
gocryptfs and /dev/fuse. HOME_WITH_LANDING has `landing/` and `readings/` of one year, and is only read.
"""

import argparse
import os
import resource
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

CPAI = [sys.executable, "-m", "orchestration"]
QUARTERS = [f"2023-Q{number}" for number in range(1, 5)]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("source", type=Path)
    parser.add_argument("--in", dest="place", type=Path, required=True)
    parser.add_argument("--rounds", type=int, default=2)
    options = parser.parse_args()
    took: dict[str, list[dict[str, tuple[float, float]]]] = {"plain": [], "encrypted": []}
    for _ in range(options.rounds):
        for kind, made in (("plain", _plain), ("encrypted", _encrypted)):
            with tempfile.TemporaryDirectory(dir=options.place) as folder, made(Path(folder)) as home:
                took[kind].append(_measured(options.source, home))
                _show(kind, took[kind][-1])
    for step in took["plain"][0]:
        wall, processor = (
            statistics.median(
                encrypted[step][of] / plain[step][of]
                for plain, encrypted in zip(took["plain"], took["encrypted"], strict=True)
            )
            for of in (0, 1)
        )
        print(f"{step}: {wall:.2f} times by wall, {processor:.2f} times by processor time of its own")


@contextmanager
def _plain(folder: Path) -> Iterator[Path]:
    yield folder / "home"


@contextmanager
def _encrypted(folder: Path) -> Iterator[Path]:
    """On gocryptfs, under a passphrase of its own, in the same folder."""
    key, cipher, clear = folder / "passphrase", folder / "cipher", folder / "clear"
    key.write_text(os.urandom(16).hex())
    cipher.mkdir()
    clear.mkdir()
    tool = ["gocryptfs", "-q", "-passfile", str(key)]
    subprocess.run([*tool, "-init", str(cipher)], check=True)
    subprocess.run([*tool, str(cipher), str(clear)], check=True)
    try:
        yield clear / "home"
    finally:
        subprocess.run(["fusermount", "-u", str(clear)], check=True)


def _measured(source: Path, home: Path) -> dict[str, tuple[float, float]]:
    """Step -> seconds of the wall and of the processor; what the file system's own process takes is in the wall alone."""
    for part in ("landing", "readings"):
        shutil.copytree(source / part, home / part)
    readings = [str(home / "readings" / f"{quarter}.csv") for quarter in QUARTERS]
    steps = {
        "run": ["run", *QUARTERS],
        "read import": ["read", "import", *readings],
        "publish": ["publish", "2023"],
        "verify": ["verify"],
    }
    encrypted = {"CPAI_ENCRYPTED": "Y"} if home.parent.name == "clear" else {}
    took = {}
    for step, words in steps.items():
        began, before = time.perf_counter(), _processor()
        subprocess.run(
            [*CPAI, "--home", str(home), *words],
            check=True,
            capture_output=True,
            env={**os.environ, **encrypted},
        )
        took[step] = time.perf_counter() - began, _processor() - before
    return took


def _processor() -> float:
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def _show(kind: str, took: dict[str, tuple[float, float]]) -> None:
    for step, (wall, processor) in took.items():
        print(f"{kind}: {step} {wall:.1f} s, processor {processor:.1f} s", flush=True)


if __name__ == "__main__":
    main()
