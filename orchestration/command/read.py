"""`cpai read`: the worklist out to readers and their answers back, where reading stands, whether it is as written."""

from __future__ import annotations

import json
import os
import sys
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from orchestration.command.asked import Quarter, as_json, pass_home, tell
from orchestration.home import Home
from orchestration.printing import counted, say
from orchestration.stopping import NotThere, stop

if TYPE_CHECKING:
    from collections.abc import Iterator

    from orchestration.readings.book import Imported, Keeps
    from orchestration.readings.worklist_workbook import WorkbookRefused

a_file = click.Path(path_type=Path, dir_okay=False)


@click.group()
def read() -> None:
    """The worklist of candidates, out to readers and their answers back."""


@read.command("export")
@click.argument("quarter", type=Quarter())
@click.option("--to", type=a_file, help="[<quarter>_worklist.csv, or <quarter>_<reader>.xlsx]")
@click.option("--format", "kind", type=click.Choice(["csv", "xlsx"]), default="csv", show_default=True)
@click.option("--reader", help="Whose workbook it is: the cases in it are held for this reader.")
@click.option("--adjudicator", is_flag=True, help="Cases on which two readers differ, with both answers.")
@click.option("--cases", type=click.IntRange(1), help="At most so many [what is left of the reader's day].")
@pass_home
def export(
    home: Home,
    quarter: str,
    to: Path | None,
    kind: str,
    reader: str | None,
    adjudicator: bool,
    cases: int | None,
) -> None:
    """Write a quarter's unread candidates to a file for readers.

    A workbook (--format xlsx --reader NAME) holds cases for one reader and shows only what that reader may see; a
    CSV lists every unread candidate for a team that assigns them itself.
    """
    from orchestration.readings.book import export_worklist

    if kind == "csv":
        if reader or adjudicator or cases:
            raise click.UsageError("--reader, --adjudicator and --cases are for workbooks: add --format xlsx")
        _needs(home, home.warehouse)
        file = _to_write(to or Path(f"{quarter}_worklist.csv"))
        say(f"{export_worklist(home, file, quarter):,} unread candidates of {quarter} in {file}")
        return
    if not reader:
        raise click.UsageError("name the reader of the workbook: --reader NAME")
    from orchestration.readings.desk import Desk, DeskRefused
    from orchestration.readings.worklist_workbook import export_workbook

    _needs(home, home.reading)
    file = _to_write(to or Path(f"{quarter}_{reader}.xlsx"))
    try:
        count = export_workbook(Desk(home), file, reader, quarter, adjudicator, cases)
    except DeskRefused as refusal:
        stop([str(refusal)])
    say(f"{count:,} cases of {quarter} for {reader} in {file}")


@read.command("import")
@click.argument(
    "files", nargs=-1, required=True, type=click.Path(path_type=Path, exists=True, dir_okay=False)
)
@click.option("--reader", help="The files are this reader's workbooks.")
@as_json
@pass_home
def import_(home: Home, files: tuple[Path, ...], reader: str | None, wants_json: bool) -> None:
    """Check readings files, or a reader's workbooks, and append them to the ledger; each whole or not at all.

    A file that is refused keeps none of the others back. Answers that go against the codebook and can be right all the
    same are shown; at a terminal you are asked whether to keep them, elsewhere they are kept and listed, with --json too.
    """
    taken = imported(home, files, reader, wants_json)
    if wants_json:
        say(json.dumps({"done": True, "imported": taken}))


def imported(
    home: Home, files: tuple[Path, ...], reader: str | None, wants_json: bool, **before: Any
) -> list[dict[str, Any]]:
    """Import each file, and say what it added. One that is refused ends the command, with what was done `before`."""
    from orchestration.readings.book import Imported, import_files
    from orchestration.readings.policy import read_policy

    _needs(home, home.warehouse)
    taken: list[dict[str, Any]] = []
    refused: list[str] = []
    code = 1
    against: dict[str, list[str]] = {}

    def keeps(file: Path, sentences: list[str]) -> bool:
        against[file.name] = sentences
        return wants_json or _keep(file, sentences)

    through = _import_workbooks(home, files, reader, keeps) if reader else import_files(home, files, keeps)
    for file, found in through:
        if not isinstance(found, Imported):
            refused += str(found).splitlines()
            code = max(code, found.code)
            continue
        against_codebook = against.get(file.name, [])
        taken.append({"file": file.name, **asdict(found), "against_codebook": against_codebook})
        if not wants_json:
            say(
                f"{file.name}: {counted(found.added, 'reading')} added, {found.already:,} already in the ledger"
            )
            if found.plain:
                share = found.plain_twice / found.plain
                say(
                    f"         {found.plain_twice:,} of the {found.plain:,} crimes whose answer asks for no second "
                    f"reading have one ({share:.0%}; the desk draws {read_policy().second_share:.0%}): a file's team "
                    "draws its own"
                )
    if refused:
        stop(refused, wants_json, code, **before, imported=taken)
    return taken


def _import_workbooks(
    home: Home, files: tuple[Path, ...], reader: str, keeps: Keeps
) -> Iterator[tuple[Path, Imported | WorkbookRefused]]:
    from orchestration.readings.book import Imported
    from orchestration.readings.desk import Desk
    from orchestration.readings.worklist_workbook import WorkbookRefused, import_workbook

    for file in files:
        try:
            yield file, Imported(added=import_workbook(Desk(home), file, reader, keeps), already=0)
        except WorkbookRefused as refusal:
            yield file, refusal


SHOWN = 20  # of the answers against the codebook, so that the question below them stays on a screen


def _keep(file: Path, sentences: list[str]) -> bool:
    """Whether to keep answers that go against the codebook: asked at a terminal, yes elsewhere."""
    many = f"{len(sentences):,} answers go" if len(sentences) > 1 else "1 answer goes"
    say(f"{file.name}: {many} against the codebook and can be right all the same")
    for sentence in sentences[:SHOWN]:
        say(f"         {sentence}")
    if len(sentences) > SHOWN:
        say(f"         and {len(sentences) - SHOWN:,} more")
    if not sys.stdin.isatty():
        say("         kept with the readings as such")
        return True
    return click.confirm("         Enter keeps them, n imports nothing of this file", default=True)


@read.command("progress")
@click.argument("quarter", type=Quarter(), required=False)
@click.option(
    "--sort",
    "by",
    type=click.Choice(["force", "left", "readings_done"]),
    default="force",
    show_default=True,
    help="The order of the forces; by numbers the greatest first.",
)
@as_json
@pass_home
def progress(home: Home, quarter: str | None, by: str, wants_json: bool) -> None:
    """How far reading is, by quarter and force, who has to read what is left, and when that would be done."""
    from orchestration.readings.desk import Desk
    from orchestration.readings.progress import in_order, summary

    rows = Desk(home).progress(quarter)
    if wants_json:
        say(json.dumps([{**row, **summary([row])} for row in rows]))
        return
    if not rows:
        say("no candidates yet: run `cpai run <quarter>` first")
        return
    for name in sorted({row["quarter"] for row in rows}):
        of = [{**row, **summary([row])} for row in rows if row["quarter"] == name]
        together = summary(of)
        say(
            "{0}: {items:,} candidates, {settled:,} settled; left: {unread:,} first and {second_due:,} second "
            "readings for readers, {to_adjudicate:,} disagreements for adjudicators; {retired:,} retired".format(
                name, **together
            )
        )
        say(
            "         {readings_done:,} of {readings_due:,} readings done, {0}".format(
                _forecast(together), **together
            )
        )
        for row in in_order([row for row in of if row["settled"] < row["items"]], by, down=by != "force"):
            say(
                f"         {row['force']}: {row['items'] - row['settled']:,} left of {row['items']:,}; "
                f"{row['readings_done']:,} of {row['readings_due']:,} readings done"
            )


def _forecast(row: dict[str, Any]) -> str:
    if not row["left"]:
        return "nothing is due"
    if not row["forecast"]:
        return "none in the last four weeks, so no forecast"
    return f"{row['pace']:,} a week in the last four weeks: done about {row['forecast']}"


@read.command("verify")
@as_json
@pass_home
def verify(home: Home, wants_json: bool) -> None:
    """Is every reading as it was written, and none cut off? Each carries the hash of the one before; home.json, releases
    and packs know where their chain ended."""
    from orchestration.ledger import witnesses
    from orchestration.ledger.opening import ledger_of

    with ledger_of(home) as engine:
        broken = witnesses.problems(engine, "readings", witnesses.in_home(home))
    if broken:
        stop(broken, wants_json)
    tell(wants_json, {"done": True}, ["every reading is as it was written"])


def _to_write(file: Path) -> Path:
    """`file`, where it can be written: asked before cases are held for a reader or a view is noted."""
    there = file if file.exists() else file.parent
    if not (file.parent.is_dir() and os.access(there, os.W_OK)):
        raise click.BadParameter(f"{file} cannot be written: is its folder there?", param_hint="--to")
    return file


def _needs(home: Home, there: Path) -> None:
    if not there.exists():
        raise NotThere(f"there is nothing to read in {home.root} yet: run `cpai run <quarter>` first")
