"""`cpai`: a thin door to the same Dagster assets that the web UI shows.

Exit code 0 done, 1 the data was refused or the gate is shut (with the reasons), 2 wrong usage.
Nothing heavy is imported until a command needs it: `cpai --help` stays under a second.
"""

import atexit
import gc
import json
import os
import re
import shutil
import sys
from collections.abc import Callable
from dataclasses import replace
from importlib.metadata import version
from pathlib import Path
from typing import Any

import click

from orchestration import outbox, quarters
from orchestration.command import asked
from orchestration.command.asked import Moment, Period, Quarter, as_json, pass_home
from orchestration.command.check import check, pack
from orchestration.command.feed import feed
from orchestration.command.layout import layout
from orchestration.command.read import read
from orchestration.command.report import report
from orchestration.command.room import room
from orchestration.home import Home, check_seeds
from orchestration.home import home as find_home
from orchestration.printing import counted, make_consoles_printable, say
from orchestration.progress import at, shown
from orchestration.stopping import (
    AS_INTERRUPTED,
    INTERRUPTED,
    NotThere,
    Stopped,
    interrupted,
    state_of,
    stop,
    watch_interrupts,
)
from orchestration.turns import WarehouseClosed, turn


def spare_collector() -> None:
    """Let Python's cycle collector hardly ever walk the half million objects of dagster, dbt and Great Expectations.

    A year's `cpai publish` spent 2.8 s of 32 on it and 2 s more at its end, for 30 MB, `cpai read import` a seventh of
    its time: a command is over before what it keeps in cycles is worth collecting. Not so the reading room, which
    stays up for weeks.
    """
    gc.set_threshold(200_000, 20, 100)
    atexit.register(gc.freeze)


class Sentences(click.Group):
    """Ends a command that met what can be expected with its sentences, whatever it was doing."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        ctx.meta["orchestration.wants_json"] = "--json" in args
        return self._ending(ctx, lambda: super(Sentences, self).parse_args(ctx, args))

    def invoke(self, ctx: click.Context) -> Any:
        return self._ending(ctx, lambda: super(Sentences, self).invoke(ctx))

    @staticmethod
    def _ending(ctx: click.Context, doing: Callable[[], Any]) -> Any:
        wants_json = ctx.meta["orchestration.wants_json"]
        try:
            done = doing()
        except (click.exceptions.Exit, click.exceptions.NoArgsIsHelpError):
            raise
        except BaseException as problem:
            if isinstance(problem, SystemExit) and (problem.code == AS_INTERRUPTED or not interrupted()):
                raise
            if interrupted() or isinstance(problem, KeyboardInterrupt | click.Abort):
                stop([INTERRUPTED], wants_json, AS_INTERRUPTED)
            if isinstance(problem, Stopped):
                stop(problem.sentences, wants_json, problem.code)
            if isinstance(problem, click.UsageError):
                stop([_usage(problem)], wants_json, problem.exit_code)
            if sentence := state_of(problem):
                stop([sentence], wants_json)
            raise
        return done


def _usage(wrong: click.UsageError) -> str:
    """One sentence for what click says in four lines."""
    said = wrong.format_message().rstrip(".").replace(". Did you mean", "; did you mean")
    told = wrong.message and isinstance(wrong, click.BadParameter) and wrong.param
    if told and isinstance(told.type, asked.Ours):
        return wrong.message
    path = wrong.ctx.command_path if wrong.ctx else "cpai"
    return f"{said[:1].lower()}{said[1:]}{'' if said.endswith('?') else ';'} see {path} --help"


def _say_version(ctx: click.Context) -> None:
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
    check_seeds()
    context.obj = find_home(root)
    if wait is not None:
        os.environ["CPAI_WAIT"] = str(wait)
    os.environ["CPAI_HOME"] = str(context.obj.root)
    for switch in ("GX_ANALYTICS_ENABLED", "DBT_SEND_ANONYMOUS_USAGE_STATS"):
        os.environ[switch] = "false"
    os.environ["DO_NOT_TRACK"] = "1"
    if context.invoked_subcommand != "room":
        spare_collector()


@cpai.command()
@click.option("--year", default=2023, show_default=True)
@click.option(
    "--scale",
    default=1.0,
    show_default=True,
    help="1 is the published year; 50 fifty of it; 0.02 a small one.",
)
@click.option("--seed", default=2023, show_default=True)
@click.option("--into", type=click.Path(path_type=Path, file_okay=False), required=True)
@click.option(
    "--truth",
    type=click.Path(path_type=Path, file_okay=False),
    help="Where to write what is true, for tests.",
)
def sample(year: int, scale: float, seed: int, into: Path, truth: Path | None) -> None:
    """Write a synthetic year of returns, and readings for its candidates."""
    with shown():
        _write_year(into, year, scale, seed, truth)
    say(f"synthetic returns of {year} in {into / 'landing'}, readings in {into / 'readings'}")


def _write_year(into: Path, year: int, scale: float, seed: int, truth: Path | None = None) -> None:
    from orchestration.synthetic import write_year

    write_year(
        into,
        year=year,
        scale=int(scale) if scale >= 1 else scale,
        seed=seed,
        truth=truth,
        progress=lambda done, total, what: at(f"writing a synthetic {year}", done, total, what),
    )


@cpai.command()
@click.argument("wanted", nargs=-1, type=Quarter(), metavar="QUARTER...")
@click.option(
    "--as-of",
    type=Moment(),
    help="Build a warehouse beside the live one from what had been received by then (UTC), and receive nothing.",
)
@as_json
@pass_home
def run(home: Home, wanted: tuple[str, ...], as_of: str | None, wants_json: bool) -> None:
    """Receive what has landed for these quarters and build the warehouse."""
    if as_of:
        if wanted:
            raise click.UsageError("--as-of builds every quarter received by then: leave the quarters out")
        asked.received_by(home, as_of)
        with shown(), turn(home):
            _run_as_of(replace(home, as_of=as_of), wants_json)
        return
    if not wanted:
        raise click.UsageError("say which quarters to run, as in: cpai run 2023-Q1 2023-Q2")
    asked.landed(home, wanted)
    from orchestration.returns.landing import unread

    with shown(), turn(home):
        summary, not_read = _run(home, list(wanted))
    astray = unread(home.landing)
    # what was meant for these quarters has not been received
    left_out = any(found.quarter in wanted for found in astray)
    done = not not_read and not left_out and not any(row["refused"] for row in summary)
    if wants_json:
        sentences = [found.sentence for found in astray]
        answer = {
            "done": done,
            "quarters": summary,
            "recorded_crime_refused": not_read,
            "not_read": sentences,
        }
        say(json.dumps(answer, default=str))
    else:
        _show(summary)
        for found in astray:
            say(f"not read: {found.sentence}")
    if not done:
        sys.exit(1)


def _run(home: Home, wanted: list[str]) -> tuple[list[dict], list[str]]:
    """The quarter job for each unbroken range of quarters: what each quarter now holds, and why a file of police
    recorded crime is refused."""
    from orchestration.in_process import execute
    from orchestration.returns.assets import partition_range

    not_read: list[str] = []
    for first, last in quarters.runs(wanted):
        result = execute(home, "quarter", tags=partition_range(first, last))
        if not result.success:
            stop(_failures(result))
        not_read = [
            sentence
            for check in result.get_asset_check_evaluations()
            if check.asset_key.path == ["police_recorded_crime"] and not check.passed
            for sentence in check.metadata["refused"].value
        ]
    return _summary(home, wanted), not_read


def _run_as_of(home: Home, wants_json: bool) -> None:
    """dbt alone, outside Dagster: this is not the warehouse that its assets are about."""
    from orchestration import ledger
    from orchestration.ledger import snapshots
    from orchestration.returns import kept
    from orchestration.returns.receipts import quarters_known
    from orchestration.warehouse.dbt import BuildFailed, build

    known = quarters_known(home)

    try:
        said = kept.make_again(home)
    except kept.CannotMakeAgain as problem:
        stop([str(problem)], wants_json)
    if not wants_json:
        for line in said:
            say(f"  {line}")
    engine = ledger.open_ledger(home)
    snapshots.write(engine, home)
    engine.dispose()
    home.warehouse.parent.mkdir(parents=True, exist_ok=True)
    home.warehouse.unlink(missing_ok=True)
    try:
        build(home)
    except BuildFailed as failed:
        stop(failed.problems, wants_json)
    summary = _summary(home, known)
    if wants_json:
        answer = {"done": True, "as_of": home.as_of, "warehouse": str(home.warehouse), "quarters": summary}
        say(json.dumps(answer, default=str))
    else:
        _show(summary)
        say(f"as of {home.as_of}: {home.warehouse}")


def _failures(result: Any) -> list[str]:
    """Why a run failed: the failure's own words, or the kind of error when it is not ours."""
    from orchestration.runs import failed_because

    sentences = [failed_because(event) for event in result.all_events if event.is_step_failure]
    return list(dict.fromkeys(sentences)) or ["the run failed; see it in Dagster (make dev)"]


def _summary(home: Home, wanted: list[str]) -> list[dict]:
    from orchestration import warehouse
    from orchestration.returns.receipts import standing

    summaries = {row["quarter"]: row for row in warehouse.query(home, "select * from marts.quarter_summary")}
    held = _holding(home, wanted)
    rows = []
    for quarter in sorted(set(wanted)):
        received = standing(home, quarter)
        row = {"quarter": quarter, **{name: len(forces) for name, forces in received.items()}}
        rows.append(
            {
                **row,
                "missing_forces": received["missing"],
                "refused_forces": received["refused"],
                **summaries.get(quarter, {}),
                "holds_the_release": held.get(quarter, []),
            }
        )
    return rows


def _holding(home: Home, wanted: list[str]) -> dict[str, list[dict]]:
    """By quarter, what is beyond the tolerance of a rule that blocks."""
    from orchestration import gate

    held: dict[str, list[dict]] = {}
    for row in gate.holding(home, wanted):
        held.setdefault(row["quarter"], []).append(row)
    return held


def _holding_or_why_not(home: Home, wanted: list[str]) -> tuple[dict[str, list[dict]], str]:
    """As `_holding`; nothing, and a sentence, while dbt is writing the warehouse: receipts are told all the same."""
    try:
        with turn(home, patience=1, reads=True):
            return _holding(home, wanted), ""
    except WarehouseClosed as problem:
        return {}, f"what holds a release cannot be told: {problem}"


HELD_SHOWN = 20  # lines a quarter; a rule of ours that fails would fill a screen with all forces


def _show_holding(held: list[dict]) -> None:
    from orchestration.gate import holding_briefly

    sentences = holding_briefly(held)
    for sentence in sentences[:HELD_SHOWN]:
        say(f"         {sentence}")
    if len(sentences) > HELD_SHOWN:
        say(f"         and {len(sentences) - HELD_SHOWN} more like these")


def _show(summary: list[dict]) -> None:
    for row in summary:
        say(
            f"{row['quarter']}: returns {row['received']} received, {row['refused']} refused, {row['missing']} missing; "
            f"{row['refused_deliveries']} of {row['deliveries']} deliveries refused"
        )
        if "crimes_received" in row:
            say(
                "         crimes {crimes_received:,} = {in_cpai:,} in CPAI + {excluded:,} excluded; contact {contact:,}, "
                "candidates {candidates:,}, read {read:,}, COCAD {cocad:,}".format(**row)
            )
        for name in ("refused", "missing"):
            if row[name]:
                shown = ", ".join(row[f"{name}_forces"][:8]) + (" ..." if row[name] > 8 else "")
                say(f"         {name}: {shown}")
        _show_holding(row["holds_the_release"])
        if row.get("unread"):
            say(f"         {row['unread']:,} candidates unread: cpai read export {row['quarter']}")


@cpai.command()
@click.argument("wanted", nargs=-1, type=Quarter(), metavar="[QUARTER...]")
@as_json
@pass_home
def status(home: Home, wanted: tuple[str, ...], wants_json: bool) -> None:
    """Which forces have sent what, by quarter."""
    from orchestration.returns.landing import unread
    from orchestration.returns.receipts import grid, nobodys, quarters_known, standing
    from orchestration.warehouse.dbt import with_rejections

    shown = list(wanted) or quarters_known(home)
    astray, opened = unread(home.landing), outbox.opened(home)
    rows = [
        {
            "quarter": quarter,
            **standing(home, quarter),
            "nobodys": nobodys(home, quarter),
            "not_read": [found.sentence for found in astray if found.quarter in (quarter, None)],
            "open": [
                line
                for line in opened
                if quarter in line["about"] or not re.search(r"\d{4}-Q\d", line["about"])
            ],
        }
        for quarter in shown
    ]
    held, unknown = _holding_or_why_not(home, shown)
    rows = [row | {"holds_the_release": held.get(row["quarter"], [])} for row in rows]
    cells = grid(home, shown, with_rejections(home))
    if wants_json:
        of = {quarter: {force: cells[force][quarter] for force in cells} for quarter in shown}
        say(json.dumps([{**row, "forces": of[row["quarter"]]} for row in rows]))
        return
    if not rows:
        say("nothing received yet: put returns into landing/<quarter>/<force>/ and `cpai run <quarter>`")
        for found in astray:
            say(f"not read: {found.sentence}")
        _show_open(opened)
        return
    _show_grid(cells, shown)
    for row in rows:
        say(
            f"{row['quarter']}: {len(row['received'])} received, {len(row['nil'])} nil, "
            f"{len(row['refused'])} refused, {len(row['missing'])} missing"
        )
        for force, said in row["missing_declared"].items():
            say(f"         {force} said it is missing: {said}")
        for sentence in [*row["reasons"], *row["remarks"]]:
            say(f"         {sentence}")
        _show_holding(row["holds_the_release"])
    if unknown:
        say(unknown)
    for found in astray:
        say(f"not read: {found.sentence}")
    _show_open(opened)


def _show_open(messages: list[dict[str, Any]]) -> None:
    """What has been left in the outbox and not been settled since."""
    for message in messages:
        say(f"open since {message['at'][:16].replace('T', ' ')}: {message['sentence']}")


# at most eight letters, so that a year's quarters stand side by side
IN_THE_GRID = {
    "accepted": "ok",
    "accepted_with_rejections": "ok, held",
    "nil": "nil",
    "refused": "REFUSED",
    "missing": "MISSING",
    "missing_declared": "said so",
}


def _show_grid(cells: dict[str, dict[str, Any]], shown: list[str]) -> None:
    width = max(map(len, cells)) + 2
    say(" " * width + "".join(f"{quarter:<13}" for quarter in shown).rstrip())
    for force, by_quarter in cells.items():
        texts = []
        for cell in by_quarter.values():
            text = IN_THE_GRID[cell["status"]] if cell else ""
            if cell and (cell["submission"] or 0) > 1:
                text += f" {cell['submission']}"
            texts.append(text + (" !" if cell and cell["refused_since"] else ""))
        say(f"{force:<{width}}" + "".join(f"{text:<13}" for text in texts).rstrip())
    say(
        "ok accepted; held: records of it held out; a number: which submission; !: a later delivery was refused; "
        "said so: missing, and the force says so"
    )


def _needs_warehouse(home: Home) -> None:
    if not home.warehouse.exists():
        raise NotThere(f"there is no warehouse in {home.root} yet: run `cpai run <quarter>` first")


@cpai.command()
@click.argument("period", type=Period())
@as_json
@pass_home
def publish(home: Home, period: str, wants_json: bool) -> None:
    """Rebuild what readings change, check it, and publish PERIOD (2023 or 2023-Q1) if the gate is open."""
    _needs_warehouse(home)
    with shown(), turn(home):
        published = _publish(home, period, wants_json)
    if wants_json:
        say(json.dumps({"done": True, **published}))
    else:
        say(_released(home, published))


def _publish(home: Home, period: str, wants_json: bool = False) -> dict:
    from orchestration import in_process

    result = in_process.execute(home, "publish", partition=period)
    if not result.success:
        reasons = [sentence for told in _failures(result) for sentence in told.splitlines()]
        stop(reasons, wants_json)
    (event,) = result.asset_materializations_for_node("release")
    return {name: event.metadata[name].value for name in ("release", "unchanged", "because")}


def _released(home: Home, published: dict) -> str:
    folder = home.releases / published["release"]
    if published["unchanged"]:
        return f"nothing has changed since {published['release']}: it stays the live release, {folder}"
    return "\n".join([f"published {published['release']}: {folder}", *published["because"]])


@cpai.command()
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
    if wants_json:
        say(json.dumps(answer, default=str))
    else:
        say("\n".join(in_lines(answer, in_full)))


@cpai.command()
@click.option("--release", help="[the live one]")
@as_json
@pass_home
def verify(home: Home, release: str | None, wants_json: bool) -> None:
    """Re-hash every file of a release against its manifest."""
    from orchestration.releases.verify import verify as verified

    problems = verified(home, release)
    if problems:
        stop(problems, wants_json)
    say(json.dumps({"done": True}) if wants_json else "every file is as the manifest says")


@cpai.command()
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
        problems = replayed(home, release)
    if problems:
        stop(problems, wants_json)
    say(json.dumps({"done": True}) if wants_json else "every table comes out the same")


@cpai.command()
@click.argument("older")
@click.argument("newer")
@as_json
@pass_home
def diff(home: Home, older: str, newer: str, wants_json: bool) -> None:
    """The figures that differ between two releases."""
    from orchestration.releases.diff import diff as differences

    rows = differences(home, older, newer)
    if wants_json:
        say(json.dumps(rows, default=str))
        return
    for row in rows:
        say("  ".join(str(value) for value in row.values()))
    say(
        f"{counted(len(rows), 'figure')} {'differs' if len(rows) == 1 else 'differ'} between {older} and {newer}"
    )


@cpai.command()
@click.argument("folder", type=click.Path(path_type=Path))
def init(folder: Path) -> None:
    """Make FOLDER a home: the place of a landing folder, and of all that follows from it."""
    made = find_home(folder)
    if asked.is_home(made.root):
        raise NotThere(f"{made.root} is a home already: cpai --home {folder} status")
    if made.root.exists() and (not made.root.is_dir() or any(made.root.iterdir())):
        raise NotThere(f"{made.root} holds something else: name a new folder, or an empty one")
    made.landing.mkdir(parents=True)
    say(
        f"{made.root} is a home: put what each force delivers into {made.landing}/<quarter>/<force>/, then "
        f"cpai --home {folder} run <quarter>"
    )


@cpai.command()
@click.option("--scale", default=1.0, show_default=True)
@click.option("--seed", default=2023, show_default=True)
@click.pass_obj
def demo(home: Home, scale: float, seed: int) -> None:
    """A synthetic year from landing to a published release."""
    with shown(), turn(home):
        _demo(home, scale, seed)


def _demo(home: Home, scale: float, seed: int) -> None:
    year = 2023
    if not (home.landing / f"{year}-Q4").is_dir():
        _land_synthetic(home, year, scale, seed)
    wanted = quarters.in_period(str(year))
    from orchestration.readings.book import import_readings

    _run(home, wanted)
    at("importing the readings")
    added = sum(import_readings(home, home.root / "readings" / f"{quarter}.csv").added for quarter in wanted)
    say(f"readings: {added:,} added to the ledger")
    published = _publish(home, str(year))
    _show(_summary(home, wanted))
    replication = home.releases / published["release"] / "report" / f"replication_{year}.csv"
    if replication.exists():
        from orchestration.releases.replication import sentence

        say(sentence(replication))
    say(_released(home, published))
    say(f"open {home.releases / 'index.html'} in a browser; `make dev` shows the assets in Dagster")


def _land_synthetic(home: Home, year: int, scale: float, seed: int) -> None:
    """Written aside: an interrupted year leaves no half quarter behind, which a second `demo` would take for a whole."""
    aside = home.root / ".synthetic"
    shutil.rmtree(aside, ignore_errors=True)
    _write_year(aside, year, scale, seed)
    # landing last: it tells that the year is there
    for kind in ("readings", "landing"):
        (home.root / kind).mkdir(exist_ok=True)
        for made in sorted((aside / kind).iterdir()):
            if not (place := home.root / kind / made.name).exists():
                made.rename(place)
    shutil.rmtree(aside)


for command in (check, feed, pack, layout, read, report, room):
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
    quiet_teardown()
    cpai(prog_name="cpai")


if __name__ == "__main__":
    main()
