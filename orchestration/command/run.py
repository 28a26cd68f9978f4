"""`cpai run`: receive quarters and build the warehouse, as it is or as of a moment."""

import json
import sys
from dataclasses import replace
from typing import Any

import click

from orchestration import quarters
from orchestration.command import asked, standing
from orchestration.command.asked import Moment, Quarter, as_json, pass_home
from orchestration.command.summary import failures_of, show_quarters, summary_of
from orchestration.home import Home
from orchestration.printing import say
from orchestration.progress import shown
from orchestration.stopping import stop
from orchestration.turns import turn


@click.command()
@click.argument("wanted", nargs=-1, type=Quarter(), metavar="QUARTER...")
@click.option(
    "--as-of",
    type=Moment(),
    help="Build a warehouse beside the live one from what had been received by then (UTC), and receive nothing.",
)
@click.option("--full", is_flag=True, help="Build everything again, not only what has changed.")
@as_json
@pass_home
def run(home: Home, wanted: tuple[str, ...], as_of: str | None, full: bool, wants_json: bool) -> None:
    """Receive what has landed for these quarters and build what has changed of the warehouse."""
    if as_of:
        if wanted:
            raise click.UsageError("--as-of builds every quarter received by then: leave the quarters out")
        asked.received_by(home, as_of)
        with shown(), turn(home):
            run_as_of(replace(home, as_of=as_of), wants_json)
        return
    if not wanted:
        raise click.UsageError("name the quarters to run, as in: cpai run 2023-Q1 2023-Q2")
    asked.landed(home, wanted)
    with shown(), turn(home, builds_again=True):
        if full:
            asked_in_full(home)
        answer = received(home, list(wanted))
    show_received(answer, wants_json)
    if not answer["done"]:
        sys.exit(1)


def received(home: Home, wanted: list[str]) -> dict[str, Any]:
    """Receive and build these quarters: what each now holds, what is refused, what no run reads, and whether it is all
    there."""
    from orchestration.returns.landing import unread

    summary, not_read = run_quarters(home, wanted)
    astray = unread(home.landing)
    # what was meant for these quarters has not been received
    left_out = any(found.quarter in wanted for found in astray)
    return {
        "done": not not_read and not left_out and not any(row["refused"] for row in summary),
        "quarters": summary,
        "recorded_crime_refused": not_read,
        "not_read": [found.sentence for found in astray],
    }


def show_received(answer: dict[str, Any], wants_json: bool) -> None:
    if wants_json:
        say(json.dumps(answer, default=str))
        return
    show_quarters(answer["quarters"])
    for sentence in answer["recorded_crime_refused"]:
        say(f"police recorded crime refused: {sentence}")
    for sentence in answer["not_read"]:
        say(f"not read: {sentence}")


def run_quarters(home: Home, wanted: list[str]) -> tuple[list[dict], list[str]]:
    """The quarter job for each unbroken range of quarters: what each quarter now holds, and why a file of police
    recorded crime is refused. Where nothing has changed since the last run of these quarters, what it gave."""
    from orchestration.returns import recorded_crime

    each = sorted(set(wanted))
    what = f"run {' '.join(each)}"
    if noted := standing.stands(home, what):
        say("nothing has changed since the last run: what it built stands", err=True)
        # how many are noted: the sentences have names of files
        return summary_of(home, wanted), recorded_crime.receive(home).refused if noted["answer"] else []
    begun = standing.begun(home, what)
    from orchestration.in_process import execute
    from orchestration.returns.assets import partition_range
    from orchestration.returns.receipts import each_return

    not_read: list[str] = []
    for first, last in quarters.runs(wanted):
        result = execute(home, "quarter", tags=partition_range(first, last))
        if not result.success:
            # Dagster keeps what it is told: the sentences with names of files and headings are for the terminal alone
            in_full = {one.told: one.sentence for one in each_return(home).values()}
            lines = [line for failure in failures_of(result) for line in failure.split("\n")]
            stop([in_full.get(line, line) for line in lines])
        if any(
            check.asset_key.path == ["police_recorded_crime"] and not check.passed
            for check in result.get_asset_check_evaluations()
        ):
            not_read = recorded_crime.receive(home).refused
    summary = summary_of(home, wanted)
    standing.note(home, what, begun, len(not_read))
    return summary, not_read


def asked_in_full(home: Home) -> None:
    """The next build makes everything again."""
    from orchestration.warehouse.dbt import forget

    standing.forget(home)
    forget(home)


def run_as_of(home: Home, wants_json: bool) -> None:
    """dbt alone, outside Dagster: this is not the warehouse that its assets are about."""
    from orchestration.ledger import log, snapshots
    from orchestration.ledger.opening import ledger_of
    from orchestration.returns import kept
    from orchestration.returns.receipts import quarters_known
    from orchestration.warehouse.dbt import BuildFailed, build

    known = quarters_known(home)

    try:
        sentences = kept.make_again(home)
    except kept.CannotMakeAgain as problem:
        stop([str(problem)], wants_json)
    if not wants_json:
        for line in sentences:
            say(f"  {line}")
    with ledger_of(home) as engine:
        snapshots.write(engine, home)
        log.note(engine, "combination", "warehouse built beside the live one", {"as_of": home.as_of})
    home.warehouse.parent.mkdir(parents=True, exist_ok=True)
    home.warehouse.unlink(missing_ok=True)
    try:
        build(home)
    except BuildFailed as failed:
        stop(failed.problems, wants_json)
    summary = summary_of(home, known)
    if wants_json:
        answer = {"done": True, "as_of": home.as_of, "warehouse": str(home.warehouse), "quarters": summary}
        say(json.dumps(answer, default=str))
    else:
        show_quarters(summary)
        say(f"as of {home.as_of}: {home.warehouse}")
