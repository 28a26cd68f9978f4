"""`cpai`: a thin door to the same Dagster assets that the web UI shows.

Exit code 0 done, 1 the data was refused or the gate is shut (with the reasons), 2 wrong usage.
Nothing heavy is imported until a command needs it: `cpai --help` stays under a second.
"""

import atexit
import gc
import json
import os
import re
import sys
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import click

from orchestration import outbox, quarters
from orchestration.home import Home, check_seeds
from orchestration.home import home as find_home
from orchestration.printing import make_consoles_printable, say
from orchestration.readings.read_command import read
from orchestration.readings.room.room_command import room
from orchestration.releases.feed_command import feed
from orchestration.releases.reports.report_command import report
from orchestration.returns.check_command import check, pack
from orchestration.returns.layout_command import layout
from orchestration.stopping import Stopped, stop
from orchestration.turns import WarehouseClosed, turn

as_json = click.option("--json", "wants_json", is_flag=True, help="The result as JSON, for machines.")


class Quarter(click.ParamType):
    name = "quarter"

    def convert(self, value: str, param: click.Parameter | None, ctx: click.Context | None) -> str:
        try:
            return quarters.valid(value)
        except ValueError as problem:
            self.fail(str(problem), param, ctx)


class Period(click.ParamType):
    name = "period"

    def convert(self, value: str, param: click.Parameter | None, ctx: click.Context | None) -> str:
        try:
            quarters.in_period(value)
        except ValueError as problem:
            self.fail(str(problem), param, ctx)
        return value


class Moment(click.ParamType):
    name = "moment"

    def convert(self, value: str, param: click.Parameter | None, ctx: click.Context | None) -> str:
        """ISO text in UTC to the second, as the ledger writes it; a day alone means its end."""
        try:
            moment = datetime.fromisoformat(value)
        except ValueError:
            self.fail(f"{value!r} is not a moment: write 2023-06-30 or 2023-06-30T17:00:00Z", param, ctx)
        if len(value) == len("2023-06-30"):
            moment = moment.replace(hour=23, minute=59, second=59)
        moment = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
        return moment.astimezone(UTC).isoformat(timespec="seconds")


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
        return super().parse_args(ctx, args)

    def invoke(self, ctx: click.Context) -> Any:
        try:
            return super().invoke(ctx)
        except Stopped as stopped:
            stop(stopped.sentences, ctx.meta["orchestration.wants_json"], stopped.code)


@click.group(cls=Sentences, context_settings={"help_option_names": ["-h", "--help"]})
@click.option(
    "--home", "root", type=click.Path(path_type=Path), help="The home folder [CPAI_HOME, else data/]."
)
@click.option(
    "--wait",
    type=click.FloatRange(min=0),
    metavar="SECONDS",
    help="How long to wait for whoever has the warehouse [CPAI_WAIT, else 1800].",
)
@click.version_option(package_name="cpai-warehouse")
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
    """Write a made-up year of returns, and readings for its candidates."""
    from orchestration.made_up import write_year

    write_year(into, year=year, scale=int(scale) if scale >= 1 else scale, seed=seed, truth=truth)
    say(f"made-up returns of {year} in {into / 'landing'}, readings in {into / 'readings'}")


@cpai.command()
@click.argument("wanted", nargs=-1, type=Quarter(), metavar="QUARTER...")
@click.option(
    "--as-of",
    type=Moment(),
    help="Build a warehouse beside the live one from what had been received by then (UTC), and receive nothing.",
)
@as_json
@click.pass_obj
def run(home: Home, wanted: tuple[str, ...], as_of: str | None, wants_json: bool) -> None:
    """Receive what has landed for these quarters and build the warehouse."""
    if as_of:
        if wanted:
            raise click.UsageError("--as-of builds every quarter received by then: leave the quarters out")
        with turn(home):
            _run_as_of(replace(home, as_of=as_of), wants_json)
        return
    if not wanted:
        raise click.UsageError("say which quarters to run, as in: cpai run 2023-Q1 2023-Q2")
    from orchestration.returns.landing import unread

    with turn(home):
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
    from orchestration.jobs import execute
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
    from orchestration.returns.receipts import quarters_known
    from orchestration.warehouse.dbt import BuildFailed, build

    known = quarters_known(home)
    if not known:
        stop([f"nothing had been received by {home.as_of}"], wants_json)
    from orchestration.returns import kept

    try:
        said = kept.make_again(home)
    except kept.CannotMakeAgain as problem:
        stop([str(problem)], wants_json)
    if not wants_json:
        for line in said:
            say(f"  {line}")
    engine = ledger.open_ledger(home)
    ledger.snapshot(engine, home)
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
    return sentences or ["the run failed; see it in Dagster (make dev)"]


def _summary(home: Home, wanted: list[str]) -> list[dict]:
    from orchestration import warehouse
    from orchestration.returns.receipts import standing

    counted = {row["quarter"]: row for row in warehouse.query(home, "select * from marts.quarter_summary")}
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
                **counted.get(quarter, {}),
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
@click.pass_obj
def status(home: Home, wanted: tuple[str, ...], wants_json: bool) -> None:
    """Which forces have sent what, by quarter."""
    from orchestration.returns.landing import unread
    from orchestration.returns.receipts import grid, nobodys, quarters_known, standing

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
    cells = grid(home, shown)
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
        for force, said in row["missing_said_so"].items():
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
    "missing_said_so": "said so",
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
        stop([f"there is no warehouse in {home.root} yet: run `cpai run <quarter>` first"])


@cpai.command()
@click.argument("period", type=Period())
@as_json
@click.pass_obj
def publish(home: Home, period: str, wants_json: bool) -> None:
    """Rebuild what readings change, check it, and publish PERIOD (2023 or 2023-Q1) if the gate is open."""
    with turn(home):
        published = _publish(home, period, wants_json)
    if wants_json:
        say(json.dumps({"done": True, **published}))
    else:
        say(_released(home, published))


def _publish(home: Home, period: str, wants_json: bool = False) -> dict:
    from orchestration import jobs

    _needs_warehouse(home)
    if period not in quarters.periods(datetime.now(UTC).date()):
        stop(
            [f"{period} is no period that can be published: the collection is from {quarters.FIRST} to now"],
            wants_json,
            2,
        )
    result = jobs.execute(home, "publish", partition=period)
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
@as_json
@click.pass_obj
def explain(
    home: Home, figure_id: str, place: str, period: str, release: str | None, wants_json: bool
) -> None:
    """Where a published figure comes from: counts, definition, returns, readings, rules."""
    from orchestration.releases.explain import explain as explained

    try:
        answer = explained(home, figure_id, place=place, period=period, release=release)
    except (LookupError, FileNotFoundError) as problem:
        stop([str(problem.args[0])], wants_json)
    if wants_json:
        say(json.dumps(answer, default=str))
    else:
        for name, value in answer.items():
            said = ", ".join(value) or "none" if isinstance(value, list) else value
            say(f"{name.replace('_', ' ')}: {said}")


@cpai.command()
@click.option("--release", help="[the live one]")
@as_json
@click.pass_obj
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
@click.pass_obj
def replay(home: Home, release: str | None, wants_json: bool) -> None:
    """Make a release's tables again from the archive's receipts and the warehouse, and compare."""
    from orchestration.releases.replay import replay as replayed

    try:
        problems = replayed(home, release)
    except (LookupError, FileNotFoundError) as problem:
        stop([str(problem.args[0])], wants_json)
    if problems:
        stop(problems, wants_json)
    say(json.dumps({"done": True}) if wants_json else "every table comes out the same")


@cpai.command()
@click.argument("older")
@click.argument("newer")
@as_json
@click.pass_obj
def diff(home: Home, older: str, newer: str, wants_json: bool) -> None:
    """The figures that differ between two releases."""
    from orchestration.releases.diff import diff as differences

    try:
        rows = differences(home, older, newer)
    except (LookupError, FileNotFoundError) as problem:
        stop([str(problem.args[0])], wants_json)
    if wants_json:
        say(json.dumps(rows, default=str))
        return
    for row in rows:
        say("  ".join(str(value) for value in row.values()))
    say(f"{len(rows):,} figures differ between {older} and {newer}")


@cpai.command()
@click.option("--scale", default=1.0, show_default=True)
@click.option("--seed", default=2023, show_default=True)
@click.pass_obj
def demo(home: Home, scale: float, seed: int) -> None:
    """A made-up year from landing to a published release."""
    with turn(home):
        _demo(home, scale, seed)


def _demo(home: Home, scale: float, seed: int) -> None:
    year = 2023
    if not (home.landing / f"{year}-Q4").is_dir():
        from orchestration.made_up import write_year

        say(f"writing a made-up {year}: 44 forces x 4 quarters, six layouts")
        write_year(home.root, year=year, scale=int(scale) if scale >= 1 else scale, seed=seed)
    wanted = quarters.in_period(str(year))
    from orchestration.readings.book import import_readings

    say("receiving the returns and building the warehouse")
    _run(home, wanted)
    added = sum(import_readings(home, home.root / "readings" / f"{quarter}.csv").added for quarter in wanted)
    say(f"readings: {added:,} added to the ledger")
    published = _publish(home, str(year))
    _show(_summary(home, wanted))
    replication = home.releases / published["release"] / "report" / f"replication_{year}.csv"
    if replication.exists():
        from orchestration.releases.replication import sentence

        say(sentence(replication))
    say(_released(home, published))
    say(
        f"open {home.releases / 'current' / 'index.html'} in a browser; `make dev` shows the assets in Dagster"
    )


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
    make_consoles_printable()
    quiet_teardown()
    cpai()


if __name__ == "__main__":
    main()
