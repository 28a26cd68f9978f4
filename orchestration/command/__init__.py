"""`cpai`: a thin door to the same Dagster assets that the web UI shows.

Exit code 0 done, 1 the data was refused or the gate is shut (with the reasons), 2 wrong usage.
Nothing heavy is imported until a command needs it: `cpai --help` stays under a second.
"""

import atexit
import gc
import logging
import os
from pathlib import Path

import click

from orchestration import at_rest, doors
from orchestration.command import asked
from orchestration.command.audit import audit
from orchestration.command.check import check, pack
from orchestration.command.demo import demo, init, sample
from orchestration.command.erase import erase
from orchestration.command.feed import feed
from orchestration.command.key import key
from orchestration.command.keys import keys, waive
from orchestration.command.layout import layout
from orchestration.command.log import log
from orchestration.command.quarter import quarter
from orchestration.command.read import read
from orchestration.command.release import assure, diff, explain, publish, replay, timestamp, verify
from orchestration.command.report import report
from orchestration.command.room import room
from orchestration.command.run import run
from orchestration.command.sentences import Sentences
from orchestration.command.status import status
from orchestration.home import check_seeds
from orchestration.home import home as find_home
from orchestration.printing import make_consoles_printable, say
from orchestration.stopping import watch_interrupts


def spare_collector() -> None:
    """Let Python's garbage collector rarely walk the half million objects of dagster, dbt and Great Expectations.

    A year's `cpai publish` spent 2.8 s of 32 on it and 2 s more at its end, for 30 MB, `cpai read import` a seventh of
    its time: a command is over before what it keeps in cycles is worth collecting. Not so the reading room, which
    stays up for weeks.
    """
    gc.set_threshold(200_000, 20, 100)
    atexit.register(gc.freeze)


def _say_version(ctx: click.Context) -> None:
    from importlib.metadata import version

    from orchestration.releases.inputs import git_commit

    commit = git_commit() or "not known"
    say(f"cpai {version('cpai-warehouse')}, commit {commit.replace('+changes', ', with changes')}")
    ctx.exit()


@click.group(cls=Sentences, context_settings={"help_option_names": ["-h", "--help"]})
@click.option(
    "--home", "root", type=click.Path(path_type=Path), help="The home folder [CPAI_HOME, else data/]."
)
@click.option(
    "--wait",
    type=asked.Seconds(),
    metavar="SECONDS",
    help="How long to wait for whoever has the warehouse [CPAI_WAIT, else 1800].",
)
@click.option(
    "--version",
    is_flag=True,
    is_eager=True,
    expose_value=False,
    callback=lambda ctx, _option, wanted: wanted and _say_version(ctx),
    help="The version and the commit.",
)
@click.pass_context
def cpai(context: click.Context, root: Path | None, wait: float | None) -> None:
    """Returns of 44 police forces into CPAI, COCAD and published figures."""
    doors.came_by("command")
    check_seeds()
    context.obj = find_home(root)
    at_rest.close(context.obj)
    if wait is not None:
        os.environ["CPAI_WAIT"] = str(wait)
    os.environ["CPAI_HOME"] = str(context.obj.root)
    for switch in ("GX_ANALYTICS_ENABLED", "DBT_SEND_ANONYMOUS_USAGE_STATS"):
        os.environ[switch] = "false"
    os.environ["DO_NOT_TRACK"] = "1"
    if context.invoked_subcommand != "room":
        spare_collector()


for command in (
    *(assure, audit, check, demo, diff, erase, explain, feed, init, key, keys, layout, log, pack, publish),
    *(quarter, read, replay, report, room, run, sample, status, timestamp, verify, waive),
):
    cpai.add_command(command)


def quiet_teardown() -> None:
    """Mute stderr for what comes after everything of ours: at its teardown DuckDB's binding takes dbt's still loaded
    modules for leaks and prints thirty lines of them after the answer.
    """
    # what is registered first runs last
    atexit.register(lambda: os.dup2(os.open(os.devnull, os.O_WRONLY), 2))


def main() -> None:
    """The command as installed."""
    watch_interrupts()
    make_consoles_printable()
    # on a full disk dbt's log wrote a traceback for each of its lines
    logging.raiseExceptions = False
    quiet_teardown()
    cpai(prog_name="cpai")


if __name__ == "__main__":
    main()
