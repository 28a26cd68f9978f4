"""A release is the one that a warehouse built at once would give, in whatever steps its own was built."""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from delivered import Delivered
from hypothesis import HealthCheck, Phase, given, seed, settings
from hypothesis import strategies as st
from some import some

from orchestration.releases.publish import publish

MANY = int(os.environ.get("CPAI_RELEASES", "4"))
QUARTERS = ("2023-Q4", "2024-Q1", "2024-Q2")  # on both sides of the change of scheme
FORCES = ("kent", "essex", "merseyside")
numbers = st.integers(0, 2)  # of the quarters that have come
STEPS = st.lists(
    st.one_of(
        st.tuples(st.just("send_again"), numbers, st.sampled_from(FORCES)),
        st.tuples(st.just("killed"), numbers, st.sampled_from(FORCES), st.floats(1, 12)),
        st.tuples(st.just("published"), numbers),
    ),
    min_size=1,
    max_size=2,
)


class Lived(Delivered):
    """Years in which returns are sent again, commands are killed and quarters published."""

    def read(self, answers: list[str]) -> None:
        """What may be read: a return that came before may have cancelled a crime of this quarter."""
        for answer in map(Path, answers):
            while (read := self.cpai("read", "import", str(answer))).exit_code:
                wrong = {int(row) for row in re.findall(r"^row (\d+): ", read.output, re.MULTILINE)}
                assert wrong, read.output
                lines = answer.read_text(encoding="utf-8").splitlines(keepends=True)
                kept = [line for number, line in enumerate(lines, start=1) if number not in wrong]
                answer.write_text("".join(kept), encoding="utf-8")

    def send_again(self, number: int, force: str) -> None:
        self.cpai("run", self._another(number, force))

    def killed(self, number: int, force: str, seconds: float) -> None:
        """The same, but the command is killed after so many seconds."""
        quarter = self._another(number, force)
        words = [sys.executable, "-m", "orchestration", "--home", str(self.home.root), "run", quarter]
        with subprocess.Popen(words, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as run:
            try:
                run.wait(seconds)
            except subprocess.TimeoutExpired:
                run.kill()

    def published(self, number: int) -> None:
        """Where the warehouse is not half built."""
        self.cpai("publish", self._come(number))

    def _another(self, number: int, force: str) -> str:
        """The force's return of a quarter lands again, without the last line of its first file; gives the quarter."""
        quarter = self._come(number)
        folder = self.home.landing / quarter / force
        newest = max((path for path in folder.iterdir() if path.is_dir()), key=number_of, default=folder)
        again = folder / str(number_of(newest) + 1)
        files = sorted(path for path in newest.iterdir() if path.is_file())
        again.mkdir()
        assert files[0].suffix == ".csv", "the last line of a workbook is no record"
        for path in files:
            shutil.copy(path, again)
        lines = files[0].read_bytes().splitlines(keepends=True)
        (again / files[0].name).write_bytes(b"".join(lines[:-1]))
        return quarter

    def _come(self, number: int) -> str:
        return self.delivered[number % len(self.delivered)]


def number_of(submission: Path) -> int:
    """1 for the folder of the force, which has the first in it."""
    return int(submission.name) if submission.name.isdecimal() else 1


@pytest.mark.proof
def test_a_release_is_what_a_build_at_once_would_give(parsed):
    @seed(1)
    # each takes some minutes: what fails is not looked for in fewer steps
    @settings(
        max_examples=MANY,
        phases=[Phase.generate],
        deadline=None,
        suppress_health_check=list(HealthCheck),
        database=None,
    )
    @given(st.permutations(QUARTERS), st.lists(STEPS, min_size=3, max_size=3))
    def holds(order, between):
        with TemporaryDirectory() as folder:
            years = Lived(Path(folder), "2023-2024", 0.002, parsed)
            for quarter, steps in zip(order, between, strict=True):
                years.deliver(quarter)
                for name, *step in steps:
                    getattr(years, name)(*step)
            years.cpai("run", *order)
            published = [quarter for quarter in order if years.cpai("publish", quarter).exit_code == 0]
            at_once = years.cpai("run", "--full", *order)
            assert at_once.exit_code in (0, 1), at_once.output
            assert all(publish(years.home, quarter).unchanged for quarter in some(published))

    holds()
