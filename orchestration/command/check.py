"""`cpai check` and `cpai pack`: what is wrong with a return, and what to do about it, for the force."""

import sys
from pathlib import Path

import click

from orchestration import clock, quarters
from orchestration.command.asked import Force, Quarter, as_json, pass_home, tell
from orchestration.home import Home
from orchestration.printing import counted, say
from orchestration.progress import at, shown
from orchestration.stopping import NotThere, stop


@click.command()
@click.argument("folder", type=click.Path(path_type=Path, file_okay=False, exists=True))
@click.option(
    "--force",
    required=True,
    help="As in seeds/forces.csv: kent; or the joint return it comes in.",
)
@click.option("--quarter", required=True, type=Quarter(any_time=True), help="2023-Q1")
@click.option(
    "--into",
    type=click.Path(path_type=Path, file_okay=False),
    help="Write the pack into this folder, a new one or one that holds a pack [nothing is written].",
)
@as_json
def check(folder: Path, force: str, quarter: str, into: Path | None, wants_json: bool) -> None:
    """Check the return in FOLDER before it is sent: offline, by the rules of the national run.

    Prints what would become of it, and with --into writes a page, a workbook and JSON with every failing record. Ends
    with 0 where nothing has to be corrected, 1 where something has.
    """
    from orchestration.returns import check as checking
    from orchestration.returns.pack.summary import summary
    from orchestration.warehouse import compiled

    if quarters.first_day(quarter) > clock.today():
        stop([f"{quarter}: has not begun; no return is due for it yet."], wants_json, 2)
    if into and into.resolve().is_relative_to(folder.resolve()):
        stop(
            [f"--into {into}: lies in the folder that is checked, as a delivery does; name another."],
            wants_json,
            2,
        )
    checking.delivered_as(folder, force, quarter)
    if not compiled.ready(checking.MODELS):
        say("preparing the rules, once for each version of this package: about 15 seconds", err=True)
    with shown():
        packs = checking.check(folder, force, quarter)
    if into:
        _write(packs, into, wants_json)
    tell(wants_json, {"done": True, "packs": packs}, summary(packs, into))
    if any(pack["to_correct"] for pack in packs):
        sys.exit(1)


def _write(packs: list[dict], into: Path, wants_json: bool) -> None:
    """The pack into a folder, those of a joint return each into one of its force's name."""
    from orchestration.returns.pack.writing import may_be_replaced, write_pack

    places = [into / pack["force"] if len(packs) > 1 else into for pack in packs]
    if taken := [place for place in places if not may_be_replaced(place)]:
        stop([f"--into {taken[0]}: holds other files than a pack; name a new folder."], wants_json, 2)
    for pack, place in zip(packs, places, strict=True):
        try:
            write_pack(pack, place)
        except OSError as problem:
            why = f"{place}: cannot be written ({problem.strerror}); close what has the pack open, or name another folder."
            stop([why], wants_json, 1)


@click.command()
@click.argument("quarter", type=Quarter())
@click.option("--force", "forces", multiple=True, type=Force(), help="Only this force; may be given again.")
@as_json
@pass_home
def pack(home: Home, quarter: str, forces: tuple[str, ...], wants_json: bool) -> None:
    """Write the return packs of QUARTER: what was found in the latest submission of each force."""
    from orchestration.returns.pack.writing import write_packs

    if not home.warehouse.exists():
        raise NotThere(f"there is no warehouse in {home.root} yet: run `cpai run {quarter}` first")
    with shown():
        at(f"gathering what stands for {quarter}")
        written = write_packs(home, quarter, forces or None)
    if absent := sorted(set(forces) - {folder.name.rpartition(".")[0] for folder in written}):
        raise click.ClickException(
            f"{', '.join(absent)}: nothing has come for {quarter}, so there is no pack"
        )
    said = f"{counted(len(written), 'pack')} of {quarter} in {home.root / 'packs' / quarter}"
    tell(wants_json, {"done": True, "packs": [str(folder) for folder in written]}, [said])
