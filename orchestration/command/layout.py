"""`cpai layout`: the rows for a file never seen, and what changed in the columns since last quarter."""

from __future__ import annotations

import csv
import json
import sys
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

import click

from orchestration.command.asked import Force, Quarter, as_json, pass_home
from orchestration.printing import say
from orchestration.spreadsheets import as_csv, write_csv
from orchestration.stopping import stop

if TYPE_CHECKING:
    from orchestration.home import Home
    from orchestration.returns.layouts.drafting import Draft
    from orchestration.returns.layouts.proposing import Proposal
    from orchestration.returns.layouts.trial import Trial

# of a file with thousands of headings
MOST_SETTLED, LONGEST_SHOWN = 200, 80
SEEDS_DRAFTED = ("layouts", "layout_columns", "force_layouts")


@click.group()
def layout() -> None:
    """How forces write their returns: rows of seeds/layouts."""


@layout.command()
@click.argument(
    "files", nargs=-1, required=True, type=click.Path(exists=True, dir_okay=False, path_type=Path)
)
@click.option(
    "--force", required=True, type=Force(joint=True), help="Whose files these are, as in seeds/forces.csv."
)
@click.option(
    "--quarter",
    metavar="QUARTER",
    type=Quarter(any_time=True),
    help="From when the force writes so: 2025-Q2.",
)
@click.option(
    "--into",
    type=click.Path(file_okay=False, path_type=Path),
    help="A folder whose layout CSVs get the rows (made if they are not there), as seeds/layouts.",
)
@click.option(
    "--heading-row",
    type=click.IntRange(1),
    default=None,
    metavar="N",
    help="The row that holds the headings, the last of them where they stand over several [found].",
)
@click.option(
    "--trial",
    "wants_trial",
    is_flag=True,
    help="Read the FILES by the draft, in a home that is thrown away, and show its counts beside theirs.",
)
@as_json
def draft(
    files: tuple[Path, ...],
    force: str,
    quarter: str | None,
    into: Path | None,
    heading_row: int | None,
    wants_trial: bool,
    wants_json: bool,
) -> None:
    """Propose the layout rows for the FILES of one return, for a person to check. No cell is shown."""
    from orchestration.returns.layouts import drafting
    from orchestration.returns.layouts.unknown_files import NotATable
    from orchestration.returns.reasons import Unreadable

    quarter = quarter or ""
    if wants_trial and not quarter:
        raise click.BadParameter(
            "--trial reads the files as those of a quarter; name it", param_hint="--quarter"
        )
    try:
        drafted = drafting.draft(
            {file.name: file for file in files}, force, quarter, heading_row=heading_row or 0
        )
    except (NotATable, Unreadable) as problem:
        stop([str(reason) for reason in getattr(problem, "reasons", [problem])], wants_json)
    if into:
        for name in SEEDS_DRAFTED:
            _append(into / f"{name}.csv", getattr(drafted, name))
    tried = _try(drafted, files, force, quarter) if wants_trial else None
    if wants_json:
        trial = {"trial": tried.as_dict()} if tried else {}
        say(json.dumps({"done": True, **asdict(drafted), **trial}))
    else:
        _show(drafted, into)
        if tried:
            say("\nThe draft tried on the files:")
            say("\n".join(tried.lines()))
    if tried and tried.refused:
        sys.exit(1)


def _try(drafted: Draft, files: tuple[Path, ...], force: str, quarter: str) -> Trial:
    from orchestration.returns import check
    from orchestration.returns.layouts import trial
    from orchestration.warehouse import compiled

    if not compiled.ready(check.MODELS):
        say("preparing the rules, once for each version of this package: about 15 seconds", err=True)
    return trial.trial(drafted, {file.name: file for file in files}, force, quarter)


def _append(path: Path, rows: list[dict[str, str]]) -> None:
    if not rows:
        return
    path.parent.mkdir(parents=True, exist_ok=True)
    new = not path.exists()
    columns = list(rows[0])
    if not new:
        # a seed's columns stand in its own order, and a draft does not fill them all
        with path.open(encoding="utf-8", newline="") as file:
            columns = next(csv.reader(file), columns)
    write_csv(path, columns, rows, headings=new, more=True)


def _by_table(drafted: Draft) -> dict[str, dict[str, tuple[Proposal, list[str]]]]:
    """The parts of each table -> heading -> a proposal of it and everything it feeds: a line for each heading."""
    places = {row["part"]: (row["file_pattern"], row["sheet"]) for row in drafted.layouts}
    tables: dict[object, list[Proposal]] = {}
    for one in drafted.proposals:
        tables.setdefault(places.get(one.part, one.part), []).append(one)
    found: dict[str, dict[str, tuple[Proposal, list[str]]]] = {}
    for proposals in tables.values():
        headings: dict[str, tuple[Proposal, list[str]]] = {}
        for one in proposals:
            _, targets = headings.setdefault(one.heading, (one, []))
            targets += [f"{one.record_type}.{one.column}"] if one.record_type else []
        found[" ".join(dict.fromkeys(one.part for one in proposals))] = headings
    return found


def _show(drafted: Draft, into: Path | None) -> None:
    base = f", based on {drafted.based_on}" if drafted.based_on not in ("", drafted.layout) else ""
    say(f"layout {drafted.layout}{base}")
    for part, headings in _by_table(drafted).items():
        say(f"\n{part}")
        for heading, (one, targets) in headings.items():
            shown = heading if len(heading) <= LONGEST_SHOWN else f"{heading[:LONGEST_SHOWN]}\u2026"
            say(f"  {one.confidence:4.2f}  {shown:<40} {' '.join(targets) or '?':<32} {one.because}")
    for name in SEEDS_DRAFTED if not into else ():
        rows = getattr(drafted, name)
        say(f"\n{name}.csv" if rows else f"\n{name}.csv: no row is needed")
        if rows:
            say(as_csv(list(rows[0]), rows).rstrip("\n"))
    if drafted.to_settle:
        say("\nTo settle before the rows are used:")
        say("\n".join(f"  {sentence}" for sentence in drafted.to_settle[:MOST_SETTLED]))
        if (more := len(drafted.to_settle) - MOST_SETTLED) > 0:
            say(f"  and {more:,} more: --json has them all")
    if into:
        say(f"\nrows added in {into}")


@layout.command()
@click.argument("quarter", type=Quarter())
@as_json
@pass_home
def diff(home: Home, quarter: str, wants_json: bool) -> None:
    """Columns new, gone and probably renamed, by force, since the force's last quarter before QUARTER."""
    from orchestration.returns.layouts import changes as layout_changes

    changes = layout_changes.since_last_quarter(home, quarter)
    if wants_json:
        say(json.dumps({"quarter": quarter, "forces": [asdict(change) for change in changes]}))
        return
    same = [change.force for change in changes if change.since and not (change.parts or change.problems)]
    for change in changes:
        if change.force in same:
            continue
        say(change.sentence)
        for problem in change.problems:
            say(f"  {problem}")
        for part in change.parts:
            for renamed in part.renamed:
                like = f"({renamed.confidence:.2f}: {renamed.because})"
                say(f"  {part.part}: {renamed.was!r} is now probably {renamed.now!r} {like}")
            for heading in part.gone:
                say(f"  {part.part}: {heading!r} is gone")
            for heading in part.new:
                say(f"  {part.part}: {heading!r} is new")
    if same:
        say(f"no column changed: {', '.join(same)}")
    if not changes:
        say(f"nothing has been received for {quarter} yet")
