"""`cpai check` and `cpai pack`: what is wrong with a return, and what to do about it, for the force."""

import json
import sys
from pathlib import Path

import click

from orchestration import quarters
from orchestration.home import Home
from orchestration.printing import say


def valid_quarter(_context: click.Context, _parameter: click.Parameter, value: str | None) -> str | None:
    try:
        return quarters.valid(value) if value else None
    except ValueError as problem:
        raise click.BadParameter(str(problem)) from None


as_json = click.option("--json", "wants_json", is_flag=True, help="The result as JSON, for machines.")


@click.command()
@click.argument("folder", type=click.Path(path_type=Path, file_okay=False, exists=True))
@click.option("--force", required=True, help="As in seeds/forces.csv: kent; or the joint return it comes in.")
@click.option("--quarter", required=True, callback=valid_quarter, help="2023-Q1")
@click.option(
    "--into",
    type=click.Path(path_type=Path, file_okay=False),
    help="Where to write the pack [./<force>.pack].",
)
@as_json
def check(folder: Path, force: str, quarter: str, into: Path | None, wants_json: bool) -> None:
    """Check the return in FOLDER before it is sent: offline, by the rules of the national run.

    Writes a page, a workbook and JSON, and ends with 0 where nothing has to be mended, 1 where something has.
    """
    from orchestration.returns import check as checking
    from orchestration.returns.pack.writing import write_pack
    from orchestration.warehouse import compiled

    if not compiled.ready(checking.MODELS):
        say("preparing the rules, once for each version of this package: about 15 seconds", err=True)
    try:
        packs = checking.check(folder, force, quarter)
    except checking.CannotCheck as problem:
        raise click.UsageError(str(problem)) from None
    written = []
    for pack in packs:
        target = into or Path(f"{pack['force']}.pack")
        written.append(write_pack(pack, target / pack["force"] if into and len(packs) > 1 else target))
    if wants_json:
        say(json.dumps({"done": True, "packs": packs}))
    else:
        for pack, place in zip(packs, written, strict=True):
            say("\n".join(_said(pack)))
            say(f"open {place / 'index.html'}; every failing record is in {place / 'pack.xlsx'}")
    if not packs or any(pack["to_mend"] for pack in packs):
        sys.exit(1)


@click.command()
@click.argument("quarter", callback=valid_quarter)
@click.option("--force", "forces", multiple=True, help="Only this force; may be given again.")
@as_json
@click.pass_obj
def pack(home: Home, quarter: str, forces: tuple[str, ...], wants_json: bool) -> None:
    """Write the return packs of QUARTER: what each force is told about its latest submission."""
    from orchestration.returns.pack.writing import write_packs

    try:
        written = write_packs(home, quarter, forces or None)
    except FileNotFoundError as problem:
        raise click.ClickException(str(problem)) from None
    if absent := sorted(set(forces) - {folder.name.rpartition(".")[0] for folder in written}):
        raise click.ClickException(
            f"{', '.join(absent)}: nothing has come for {quarter}, so there is no pack"
        )
    if wants_json:
        say(json.dumps({"done": True, "packs": [str(folder) for folder in written]}))
    else:
        say(f"{len(written)} packs of {quarter} in {home.root / 'packs' / quarter}")


def _said(pack: dict) -> list[str]:
    """A pack in a few lines for a terminal: codes and counts, nothing of a record."""
    lines = [f"{pack['force']} {pack['quarter']}: {pack['status'].replace('_', ' ')}"]
    lines += [f"  {' '.join(filter(None, (row['code'], row['said'])))}" for row in pack["reasons"]]
    lines += [
        f"  {row['answer']:<8}{row['code']}  {row['records']:>6,}  {row['statement']}"
        for row in pack["findings"]
    ]
    return [*lines, f"  {pack['to_mend']:,} to mend, {pack['to_explain']:,} to mend or explain"]
