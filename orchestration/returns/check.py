"""`cpai check`: a force's return checked on its own machine, before it is sent, by the rules of the national run.

Intake takes the folder into a home of its own, dbt's compiled models run on its records in memory, and the pack
gathers what they show. Nothing of it outlives the check but the pack.
"""

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from orchestration import quarters
from orchestration.home import SEEDS, Home
from orchestration.ledger.opening import ledger_of
from orchestration.ledger.receipts import read_submission_files, read_submissions
from orchestration.printing import printable
from orchestration.returns import file_safety
from orchestration.returns.intake import receive
from orchestration.returns.landing import near_force
from orchestration.returns.layouts import delivered, deliverers, forces_of
from orchestration.returns.layouts.parts import Layout
from orchestration.returns.pack.gathering import gather
from orchestration.returns.pack.writing import explanations
from orchestration.stopping import Stopped
from orchestration.warehouse import compiled

# what a pack asks of a warehouse; everything they are made from follows
MODELS = (
    "rule_checks_in_a_return",
    "intake_findings",
    "balance",
    "exclusions",
    "pack_returns",
    "pack_counts",
    "pack_completeness",
    "pack_ages",
    "int_references_as_sent",
)

# the check that refuses deliveries whose order neither names nor times give
UNORDERED = "FL45"
# A return has a handful of files, and a delivery may have 512 MB: what is far beyond is a folder of something else.
MOST_FILES = 2_000
MOST_BYTES = 4 * file_safety.LARGEST_FILE


class CannotCheck(Stopped, ValueError):
    """No return can be checked for this folder, force or quarter: a sentence with the reason."""

    code = 2


def check(
    folder: Path, force: str, quarter: str, layout: Layout | None = None, seeds: Path = SEEDS
) -> list[dict[str, Any]]:
    """The packs that the return in `folder` would get: one, or one for each force of a joint return named as such.

    Of several deliveries in the folder the latest is checked; `checked` in each pack names it. `layout` and
    `seeds`: read by the one and checked with the rows of the other, in the trial of a draft.
    Raises CannotCheck for a folder that is not there or has no return, or a force of which none is due for `quarter`.
    """
    came_as = delivered_as(folder, force, quarter)
    forces = forces_of(came_as, quarter) if force == came_as else {force}
    with TemporaryDirectory(prefix="cpai-check-") as place, _own_ledger():
        home = Home(Path(place))
        _copy(folder, home.landing / quarter / came_as)
        receive(home, quarter, came_as, layout=layout)
        with ledger_of(home) as engine:
            received = read_submissions(engine, quarter)
            files = read_submission_files(engine, quarter)
            explained = explanations(engine, quarter)
        if not received:
            raise CannotCheck(f"{folder}: holds no file of a return; name the folder that the files are in.")
        with _in_memory() as connection:
            compiled.build(connection, compiled.steps(MODELS), home.raw, seeds)
            # the national tables hold these and what other returns show
            for table, asked in (("findings", "found"), ("rule_results", "tested")):
                connection.execute(
                    f"create view quality.{table} as from rule_checks.rule_checks_in_a_return where {asked} is not null"
                )
            packs = gather(connection, quarter, home.raw, forces, explained)
    return [pack | {"checked": _checked(folder, pack, received, files)} for pack in packs.values()]


def _checked(
    folder: Path, pack: dict[str, Any], received: list[dict[str, Any]], files: dict
) -> dict[str, Any]:
    """What of the folder was checked: the delivery of the pack's submission, the others there, and both in a sentence."""
    folders = {row["submission"]: row["folder"] for row in received if row["force"] == pack["force"]}
    name = printable(folder.resolve().name, lines=False)
    sent = {number: _delivery(name, inside) for number, inside in folders.items()}
    which = sent[pack["submission"]]
    if any(reason["code"] == UNORDERED for reason in pack["reasons"]):
        which = f"{len(sent)} deliveries in {name}; which is the latest is not known"
    elif len(sent) > 1:
        others = [one for number, one in sent.items() if number != pack["submission"]]
        more = f" and {len(others) - 3} more" if len(others) > 3 else ""
        which += f", the latest of {len(sent)} deliveries there (before it: {', '.join(others[-3:])}{more})"
    return {
        "folder": name,
        "judged": folders[pack["submission"]],
        "stands": sent.get(pack["stands"]),
        "files": sorted(files[pack["force"], pack["submission"]]),
        "said": which,
    }


def _delivery(name: str, inside: str) -> str:
    return f"sub-folder {printable(inside, lines=False)} of {name}" if inside else f"the files in {name}"


def delivered_as(folder: Path, force: str, quarter: str) -> str:
    """The name in landing/<quarter>/ that a force's return comes under: its own, or that of a joint return.

    Raises CannotCheck where none is due, or the folder is not that of one return.
    """
    if not folder.is_dir():
        raise CannotCheck(f"{folder}: is no folder; name the folder that holds the files of the return.")
    if len(forces := sorted(path.name for path in folder.iterdir() if path.name in deliverers())) > 1:
        raise CannotCheck(f"{folder}: holds folders of {len(forces)} forces; name the one of {force} alone.")
    size = 0
    for number, path in enumerate(folder.rglob("*")):
        size += path.lstat().st_size
        if number > MOST_FILES or size > MOST_BYTES:
            raise CannotCheck(
                f"{folder}: holds more than the files of a return; name the folder that has these alone."
            )
    names = delivered(quarter)
    if force in names:
        return force
    joint = {each: name for name in names for each in forces_of(name, quarter)}
    if force in joint:
        return joint[force]
    near = near_force(force, {*names, *joint})
    meant = f"did you mean {near}?" if near else "forces are written as in seeds/forces.csv."
    if quarter < quarters.FIRST:
        meant = f"returns begin with {quarters.FIRST}."
    raise CannotCheck(f"{force}: no return is due for {quarter}; {meant}")


def _copy(folder: Path, into: Path) -> None:
    """A folder as it lies there: links stay links and times stay theirs, so what intake would refuse, it refuses here."""
    try:
        shutil.copytree(folder, into, symlinks=True)
    except shutil.Error as problem:
        source, _, why = problem.args[0][0]
        raise CannotCheck(f"{source}: cannot be read ({why}); take it out of the folder.") from None


@contextmanager
def _own_ledger() -> Iterator[None]:
    """Without CPAI_LEDGER_URL: a check must never leave a receipt in the national ledger."""
    url = os.environ.pop("CPAI_LEDGER_URL", None)
    try:
        yield
    finally:
        if url is not None:
            os.environ["CPAI_LEDGER_URL"] = url


@contextmanager
def _in_memory() -> Iterator[Any]:
    import duckdb

    connection = duckdb.connect(
        config={"autoinstall_known_extensions": False, "autoload_known_extensions": False}
    )
    try:
        yield connection
    finally:
        connection.close()


if __name__ == "__main__":
    from orchestration.warehouse import compiled

    compiled.ship(MODELS)
