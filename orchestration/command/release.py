"""`cpai publish`, and what is asked of a release: explain, verify, replay, diff."""

from typing import Any

import click

from orchestration import at_rest
from orchestration.command import standing
from orchestration.command.asked import Period, as_json, pass_home, tell
from orchestration.command.summary import failures_of
from orchestration.home import Home
from orchestration.printing import counted
from orchestration.progress import at, shown
from orchestration.stopping import NotThere, stop
from orchestration.turns import turn


def _needs_warehouse(home: Home) -> None:
    if not home.warehouse.exists():
        raise NotThere(f"there is no warehouse in {home.root} yet: run `cpai run <quarter>` first")


@click.command()
@click.argument("period", type=Period())
@as_json
@pass_home
def publish(home: Home, period: str, wants_json: bool) -> None:
    """Rebuild what readings change, check it, and publish PERIOD (2023 or 2023-Q1) if the gate is open."""
    _needs_warehouse(home)
    with shown(), turn(home):
        published = publish_period(home, period, wants_json)
        at_rest.close(home)
    tell(wants_json, {"done": True, **published}, [as_released(home, published)])


def publish_period(home: Home, period: str, wants_json: bool = False, **before: Any) -> dict:
    """The release that stands then. A shut gate ends the command, with what was done `before`."""
    what = f"publish {period}"
    if noted := standing.stands(home, what):
        return {**noted["answer"], "unchanged": True, "because": []}
    begun, run = standing.begun(home, what), standing.last_run(home)
    from orchestration import in_process

    result = in_process.execute(home, "publish", partition=period)
    if not result.success:
        reasons = [sentence for failure in failures_of(result) for sentence in failure.splitlines()]
        stop(reasons, wants_json, **before)
    (event,) = result.asset_materializations_for_node("release")
    published = {name: event.metadata[name].value for name in ("release", "unchanged", "because")}
    standing.note(home, what, begun, published)
    standing.still(home, run)
    return published


def as_released(home: Home, published: dict) -> str:
    folder = home.releases / published["release"]
    if published["unchanged"]:
        return f"nothing has changed since {published['release']}: it stays the live release, {folder}"
    return "\n".join([f"published {published['release']}: {folder}", *published["because"]])


@click.command()
@click.argument("figure_id")
@click.option("--place", default="England and Wales", show_default=True)
@click.option("--period", default="2023", show_default=True)
@click.option("--release", help="[the live one]")
@click.option("--all", "in_full", is_flag=True, help="Each return and model by name.")
@as_json
@pass_home
def explain(
    home: Home,
    figure_id: str,
    place: str,
    period: str,
    release: str | None,
    in_full: bool,
    wants_json: bool,
) -> None:
    """Where a published figure comes from: counts, definition, returns, readings, rules."""
    from orchestration.releases.explain import explain as explained
    from orchestration.releases.explain import in_lines

    answer = explained(home, figure_id, place=place, period=period, release=release)
    tell(wants_json, answer, in_lines(answer, in_full))


@click.command()
@click.option("--release", help="[the live one]")
@as_json
@pass_home
def verify(home: Home, release: str | None, wants_json: bool) -> None:
    """Re-hash every file of a release against its manifest."""
    from orchestration.releases.verify import erased_since
    from orchestration.releases.verify import verify as verified

    problems = verified(home, release)
    if problems:
        stop(problems, wants_json)
    lawful = erased_since(home, release)
    but = ", but for what was erased by law since" if lawful else ""
    tell(
        wants_json,
        {"done": True, "erased": lawful},
        [f"every file has the SHA-256 of the manifest{but}", *lawful],
    )


@click.command()
@click.option("--release", help="[the live one]")
@as_json
@pass_home
def replay(home: Home, release: str | None, wants_json: bool) -> None:
    """Make a release's tables again from the archive's receipts and the warehouse, and compare."""
    from orchestration.releases import verify as verify_
    from orchestration.releases.replay import replay as replayed

    verify_.named(home, release)
    with shown():
        at("making the tables again")
        lawful: list[str] = []
        problems = replayed(home, release, lawful)
    if problems:
        stop(problems, wants_json)
    tell(wants_json, {"done": True, "erased": lawful}, lawful or ["every table comes out the same"])


@click.command()
@click.argument("older")
@click.argument("newer")
@as_json
@pass_home
def diff(home: Home, older: str, newer: str, wants_json: bool) -> None:
    """The figures that differ between two releases."""
    from orchestration.releases.diff import diff as differences

    rows = differences(home, older, newer)
    differ = f"{counted(len(rows), 'figure')} {'differs' if len(rows) == 1 else 'differ'} between {older} and {newer}"
    tell(wants_json, rows, [*("  ".join(map(str, row.values())) for row in rows), differ])
