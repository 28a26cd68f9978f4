"""What a command was asked for: a home, a quarter, a force, a place. What does not exist is refused before anything is done.

Each refusal is one sentence: what is wrong, what was probably meant, what to do. Its exit code is 2.
"""

import json
import os
import re
from collections.abc import Callable, Iterable
from dataclasses import replace
from datetime import UTC, datetime
from functools import wraps
from pathlib import Path
from typing import Any

import click
from click.shell_completion import CompletionItem

from orchestration import clock, quarters
from orchestration.home import Home, seed_rows
from orchestration.printing import say
from orchestration.stopping import NotThere

# one of these is in every home: landing/ before anything has come, the others in one whose landing was tidied away
PARTS = ("landing", "archive", "raw", "ledger.db", "warehouse.duckdb", "releases")

as_json = click.option("--json", "wants_json", is_flag=True, help="The result as JSON, for machines.")


def tell(wants_json: bool, result: Any, lines: Iterable[str]) -> None:
    """What a command found: `result` for machines, `lines` for people."""
    for line in [json.dumps(result, default=str)] if wants_json else lines:
        say(line)


def is_home(root: Path) -> bool:
    return any((root / part).exists() for part in PARTS)


def there(home: Home) -> Home:
    """`home`, where it is one. Raises NotThere: only `init` and `demo` make homes."""
    root = home.root
    if is_home(root):
        return home
    near = next((one for one in (root.parent, root / "data", root / "home") if is_home(one)), None)
    if not root.exists():
        wrong = f"there is no home {root}"
    elif not root.is_dir():
        wrong = f"{root} is a file and no home"
    elif not any(root.iterdir()):
        wrong = f"{root} is an empty folder and no home"
    else:
        wrong = f"{root} is no home: it has none of {', '.join(PARTS)}"
    meant = f"did you mean --home {near}? Else name it" if near else "name it"
    raise NotThere(f"{wrong}; {meant} with --home or CPAI_HOME, or make a new one: cpai init FOLDER")


def pass_home(command: Callable) -> Callable:
    """As click.pass_obj, for a command that needs a home that is there."""

    @click.pass_obj
    @wraps(command)
    def with_home(home: Home, *arguments: Any, **options: Any) -> Any:
        not_erased(there(home))
        return command(home, *arguments, **options)

    return with_home


def not_erased(home: Home) -> None:
    """Raises ErasureDue while something that was to be erased is still there."""
    from orchestration.ledger import erasures

    if not ("CPAI_LEDGER_URL" in os.environ or (home.root / "ledger.db").exists()):
        return
    if sentences := erasures.due(home):
        raise erasures.ErasureDue(*sentences)


def _no_quarter(written: str, what: str) -> str:
    from orchestration.returns.landing import near_quarter

    near = near_quarter(written)
    return f"{written!r} is no {what}: write {near or '2023-Q1'}" + (
        " or a year (2023)" if what == "period" and not near else ""
    )


def _held(wanted: Iterable[str]) -> None:
    """Raises ValueError for quarters before the first or that have not ended."""
    for quarter in wanted:
        if quarter < quarters.FIRST:
            raise ValueError(f"{quarter} is before the first quarter that is collected, {quarters.FIRST}")
        end = quarters.first_day(quarters.following(quarter))
        if end > clock.today():
            last = quarters.ended(clock.today())
            raise ValueError(f"{quarter} has not ended: the last quarter that has is {last}")


class Ours(click.ParamType):
    """A kind of argument whose refusal is a whole sentence."""


class Seconds(Ours):
    name = "seconds"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> float:
        try:
            seconds = float(value)
        except ValueError:
            seconds = -1
        if not 0 <= seconds < float("inf"):
            self.fail(f"{value!r} is no time to wait: give it in seconds, as in --wait 600", param, ctx)
        return seconds


class Years(Ours):
    """A year, or the first and the last of several."""

    name = "years"

    def convert(
        self, value: Any, param: click.Parameter | None, ctx: click.Context | None
    ) -> tuple[int, int]:
        if isinstance(value, tuple):
            return value
        written = re.fullmatch(r"(\d{4})(?:-(\d{4}))?", value)
        if not written:
            self.fail(
                f"{value!r} is no year: write 2023, or the first and the last as in 2014-2025", param, ctx
            )
        return int(written[1]), int(written[2] or written[1])


class Quarter(Ours):
    """A quarter for which returns may have come; with `any_time` one still to come as well."""

    name = "quarter"

    def __init__(self, any_time: bool = False) -> None:
        self.any_time = any_time

    @staticmethod
    def quarters_of(value: str) -> list[str]:
        return [quarters.valid(value)]

    def convert(self, value: str, param: click.Parameter | None, ctx: click.Context | None) -> str:
        try:
            wanted = self.quarters_of(value)
        except ValueError:
            self.fail(_no_quarter(value, self.name), param, ctx)
        try:
            if not self.any_time:
                _held(wanted)
        except ValueError as problem:
            self.fail(f"{value}: {problem}" if value not in wanted else str(problem), param, ctx)
        return value


class Period(Quarter):
    """A year or a quarter that has ended."""

    name = "period"

    @staticmethod
    def quarters_of(value: str) -> list[str]:
        return quarters.in_period(value)


class Moment(Ours):
    """A moment; a day alone means its end, or its beginning where something `begins` with it."""

    name = "moment"

    def __init__(self, begins: bool = False) -> None:
        self.begins = begins

    def convert(self, value: str, param: click.Parameter | None, ctx: click.Context | None) -> str:
        """ISO text in UTC to the second, as the ledger writes it."""
        try:
            moment = datetime.fromisoformat(value)
        except ValueError:
            self.fail(f"{value!r} is not a moment: write 2023-06-30 or 2023-06-30T17:00:00Z", param, ctx)
        if len(value) == len("2023-06-30") and not self.begins:
            moment = moment.replace(hour=23, minute=59, second=59)
        moment = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
        return moment.astimezone(UTC).isoformat(timespec="seconds")


class Force(Ours):
    """A force of seeds/forces.csv; with `joint` also the name of a joint return."""

    name = "force"

    def __init__(self, joint: bool = False) -> None:
        self.joint = joint

    def convert(self, value: str, param: click.Parameter | None, ctx: click.Context | None) -> str:
        from orchestration.returns.landing import near_force

        known = {row["force"] for row in seed_rows("forces.csv")}
        if self.joint:
            known |= {row["delivered_as"] for row in seed_rows("joint_returns.csv")}
        if value not in known:
            near = near_force(value, known)
            meant = f"did you mean {near}?" if near else "forces are written as in seeds/forces.csv: kent"
            self.fail(f"there is no force {value!r}; {meant}", param, ctx)
        return value

    def shell_complete(self, ctx: click.Context, param: click.Parameter, incomplete: str) -> list:
        names = (row["force"] for row in seed_rows("forces.csv"))
        return [CompletionItem(name) for name in names if name.startswith(incomplete)]


def landed(home: Home, wanted: Iterable[str]) -> None:
    """Raises NotThere for quarters of which nothing has landed or was received before."""
    from orchestration.returns import landing
    from orchestration.returns.receipts import quarters_known

    folders = [quarter for quarter in wanted if not landing.inside(home.landing / quarter)]
    received = quarters_known(home) if folders and (home.root / "ledger.db").exists() else []
    if nothing := [quarter for quarter in folders if quarter not in received]:
        has = [
            path.name for path in landing.inside(home.landing) if path.is_dir() and path.name[:1].isdigit()
        ]
        holds = f"it has {', '.join(has)}" if has else "it has no quarter yet"
        raise NotThere(
            f"nothing has landed for {', '.join(nothing)}: put each return into {home.landing / nothing[0]}/<force>/ "
            f"({holds})"
        )


def received_by(home: Home, moment: str) -> None:
    """Raises NotThere where nothing had been received by a moment."""
    from orchestration.returns.receipts import quarters_known

    if not ((home.root / "ledger.db").exists() or os.environ.get("CPAI_LEDGER_URL")) or not quarters_known(
        replace(home, as_of=moment)
    ):
        raise NotThere(f"nothing had been received by {moment}: name a later moment")
