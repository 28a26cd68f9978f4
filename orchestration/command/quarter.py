"""`cpai quarter`: a quarter from its returns to its release, with one start."""

import json
import sys
from pathlib import Path
from typing import Any

import click

from orchestration import at_rest
from orchestration.command import asked
from orchestration.command.asked import Quarter, as_json, pass_home
from orchestration.command.read import imported
from orchestration.command.release import as_released, publish_period
from orchestration.command.run import received, show_received
from orchestration.home import Home
from orchestration.printing import say
from orchestration.progress import at, shown
from orchestration.turns import turn


@click.command()
@click.argument("wanted", type=Quarter(), metavar="QUARTER")
@click.option(
    "--readings",
    "files",
    multiple=True,
    type=click.Path(path_type=Path, exists=True, dir_okay=False),
    help="A file of readings to import; once for each file.",
)
@click.option("--publish", "publishes", is_flag=True, help="Publish the quarter, if the gate is open.")
@as_json
@pass_home
def quarter(home: Home, wanted: str, files: tuple[Path, ...], publishes: bool, wants_json: bool) -> None:
    """Receive and build QUARTER, import its readings, publish it: `run`, `read import` and `publish` with one start.

    Each begins where the one before is done, and one that is not ends the command with its exit code.
    """
    asked.landed(home, [wanted])
    done: dict[str, Any] = {}
    with shown(), turn(home, builds_again=True):
        done["run"] = received(home, [wanted])
        if not wants_json:
            show_received(done["run"], wants_json)
        if done["run"]["done"] and files:
            at("importing the readings")
            done["imported"] = imported(home, files, None, wants_json, **done)
        if done["run"]["done"] and publishes:
            done["published"] = publish_period(home, wanted, wants_json, **done)
            at_rest.close(home)
    if wants_json:
        say(json.dumps({"done": done["run"]["done"], **done}, default=str))
    elif publishes and done["run"]["done"]:
        say(as_released(home, done["published"]))
    if not done["run"]["done"]:
        if not wants_json and (files or publishes):
            say(
                "no readings were imported and nothing is published: some of the quarter is not received, as above; "
                "`cpai read import` and `cpai publish` go on without it"
            )
        sys.exit(1)
