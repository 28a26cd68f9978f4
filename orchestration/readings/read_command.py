"""`cpai read`: the worklist out to readers and their answers back, where reading stands, whether it is as written."""

from __future__ import annotations

import getpass
import json
import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from orchestration.home import Home
from orchestration.printing import say
from orchestration.returns.check_command import as_json, valid_quarter
from orchestration.stopping import stop

if TYPE_CHECKING:
    from collections.abc import Iterator

    from orchestration.readings.book import Imported
    from orchestration.readings.workbook import WorkbookRefused

a_file = click.Path(path_type=Path, dir_okay=False)


@click.group()
def read() -> None:
    """The worklist of candidates, out to readers and their answers back."""


@read.command("export")
@click.argument("quarter", callback=valid_quarter)
@click.option("--to", type=a_file, help="[<quarter>_worklist.csv, or <quarter>_<reader>.xlsx]")
@click.option("--format", "kind", type=click.Choice(["csv", "xlsx"]), default="csv", show_default=True)
@click.option("--reader", help="Whose workbook it is: the cases in it are held for this reader.")
@click.option("--adjudicator", is_flag=True, help="Cases on which two readers differ, with both answers.")
@click.option("--cases", type=click.IntRange(1), help="At most so many [what is left of the reader's day].")
@click.pass_obj
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
        _note_export(home, quarter)
        say(f"{export_worklist(home, file, quarter):,} unread candidates of {quarter} in {file}")
        return
    if not reader:
        raise click.UsageError("say whose workbook it is: --reader NAME")
    from orchestration.readings.desk import Desk, DeskRefused
    from orchestration.readings.workbook import export_workbook

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
@click.pass_obj
def import_(home: Home, files: tuple[Path, ...], reader: str | None, wants_json: bool) -> None:
    """Check readings files, or a reader's workbooks, and append them to the ledger; each whole or not at all.

    A file that is refused keeps none of the others back.
    """
    from dataclasses import asdict

    from orchestration.readings.book import Imported, import_files
    from orchestration.readings.policy import read_policy

    _needs(home, home.warehouse)
    taken: list[dict[str, Any]] = []
    refused: list[str] = []
    for file, imported in _import_workbooks(home, files, reader) if reader else import_files(home, files):
        if not isinstance(imported, Imported):
            refused += str(imported).splitlines()
            continue
        taken.append({"file": file.name, **asdict(imported)})
        if not wants_json:
            say(f"{file.name}: {imported.added:,} readings added, {imported.already:,} already in the ledger")
            if imported.plain:
                share = imported.plain_twice / imported.plain
                say(
                    f"         {imported.plain_twice:,} of the {imported.plain:,} crimes whose answer asks for no second "
                    f"reading have one ({share:.0%}; the desk draws {read_policy().second_share:.0%}): a file's team "
                    "draws its own"
                )
    if refused:
        stop(refused, wants_json, imported=taken)
    if wants_json:
        say(json.dumps({"done": True, "imported": taken}))


def _import_workbooks(
    home: Home, files: tuple[Path, ...], reader: str
) -> Iterator[tuple[Path, Imported | WorkbookRefused]]:
    from orchestration.readings.book import Imported
    from orchestration.readings.desk import Desk
    from orchestration.readings.workbook import WorkbookRefused, import_workbook

    for file in files:
        try:
            yield file, Imported(added=import_workbook(Desk(home), file, reader), already=0)
        except WorkbookRefused as refusal:
            yield file, refusal


@read.command("progress")
@click.argument("quarter", callback=valid_quarter, required=False)
@as_json
@click.pass_obj
def progress(home: Home, quarter: str | None, wants_json: bool) -> None:
    """How far reading is, by quarter and force, and who has to read what is left."""
    from orchestration.readings.desk import Desk

    rows = Desk(home).progress(quarter)
    if wants_json:
        say(json.dumps(rows))
        return
    if not rows:
        say("no candidates yet: run `cpai run <quarter>` first")
        return
    counted = [name for name in rows[0] if name not in ("quarter", "force")]
    totals: dict[str, dict[str, int]] = {}
    for row in rows:
        total = totals.setdefault(row["quarter"], dict.fromkeys(counted, 0))
        for name in counted:
            total[name] += row[name]
    for name, total in totals.items():
        say(
            "{0}: {items:,} candidates, {settled:,} settled; left: {unread:,} first and {second_due:,} second "
            "readings for readers, {to_adjudicate:,} disagreements for adjudicators; {retired:,} retired".format(
                name, **total
            )
        )
        unfinished = [row for row in rows if row["quarter"] == name and row["settled"] < row["items"]]
        for row in unfinished:
            say(f"         {row['force']}: {row['items'] - row['settled']:,} left of {row['items']:,}")


@read.command("verify")
@as_json
@click.pass_obj
def verify(home: Home, wants_json: bool) -> None:
    """Is every reading as it was written? Each carries the hash of the one before."""
    from orchestration.readings.desk import Desk

    if broken := Desk(home).verify_chain():
        stop(broken, wants_json)
    say(json.dumps({"done": True}) if wants_json else "every reading is as it was written")


def _to_write(file: Path) -> Path:
    """`file`, where it can be written: asked before cases are held for a reader or a view is noted."""
    there = file if file.exists() else file.parent
    if not (file.parent.is_dir() and os.access(there, os.W_OK)):
        raise click.BadParameter(f"{file} cannot be written: is its folder there?", param_hint="--to")
    return file


def _note_export(home: Home, quarter: str) -> None:
    """Who took a quarter's summaries out, in the log of views, before they are written."""
    from orchestration.ledger import open_ledger
    from orchestration.readings.room.sign_in import note_views

    engine = open_ledger(home)
    with engine.begin() as connection:
        note_views(connection, f"command:{getpass.getuser()}", f"worklist of {quarter} as CSV", [{}])
    engine.dispose()


def _needs(home: Home, there: Path) -> None:
    if not there.exists():
        stop([f"there is nothing to read in {home.root} yet: run `cpai run <quarter>` first"])
