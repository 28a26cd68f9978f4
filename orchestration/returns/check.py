"""`cpai check`: a force's return judged on its own machine, before it is sent, by what the national run uses.

Intake takes the folder into a home of its own, dbt's compiled models run on its records in memory, and the pack
gathers what they show. Nothing of it outlives the check but the pack.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from orchestration.home import SEEDS, Home
from orchestration.returns.layouts import Layout, delivered, forces_of

# what a pack asks of a warehouse; everything they are made from follows
MODELS = (
    "judgements_in_a_return",
    "intake_findings",
    "balance",
    "exclusions",
    "returns",
    "cocad_candidates",
)


class CannotCheck(ValueError):
    """The folder, force or quarter is none that a return could be checked for: a sentence for whoever asked."""


def check(
    folder: Path, force: str, quarter: str, layout: Layout | None = None, seeds: Path = SEEDS
) -> list[dict[str, Any]]:
    """The packs that the return in `folder` would get: one, or one for each force of a joint return named as such.

    `layout` and `seeds`: read as the one says and judged with the rows of the other, in the trial of a draft.
    Raises CannotCheck for a folder that is none, or a force that owes no return for `quarter`.
    """
    from orchestration import ledger
    from orchestration.returns.intake import receive
    from orchestration.returns.pack.gathering import gather
    from orchestration.returns.pack.writing import explanations
    from orchestration.warehouse import compiled

    if not folder.is_dir():
        raise CannotCheck(f"{folder}: is no folder; name the folder that holds the files of the return")
    delivered_as = _delivered_as(force, quarter)
    with TemporaryDirectory(prefix="cpai-check-") as place, _own_ledger():
        home = Home(Path(place))
        # links stay links and times stay theirs: what intake would refuse, it refuses here
        shutil.copytree(folder, home.landing / quarter / delivered_as, symlinks=True)
        receive(home, quarter, delivered_as, layout=layout)
        with _in_memory() as connection:
            compiled.build(connection, compiled.steps(MODELS), home.raw, seeds)
            # the national tables hold these and what other returns show
            for table, asked in (("findings", "found"), ("rule_results", "tested")):
                connection.execute(
                    f"create view quality.{table} as from judgements.judgements_in_a_return where {asked} is not null"
                )
            engine = ledger.open_ledger(home)
            forces = forces_of(delivered_as, quarter) if force == delivered_as else {force}
            packs = gather(connection, quarter, home.raw, forces, explanations(engine, quarter))
            engine.dispose()
    return list(packs.values())


def _delivered_as(force: str, quarter: str) -> str:
    """The folder of landing/<quarter>/ that a force's return comes in: its own, or that of a joint return."""
    names = delivered(quarter)
    if force in names:
        return force
    for name in names:
        if force in forces_of(name, quarter):
            return name
    raise CannotCheck(f"{force}: owes no return for {quarter}; forces are written as in seeds/forces.csv")


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
