"""What the history of a home had of rule results when a release was made: out of the backup's history, else made again.

A release shows each result that a rule has had, and those are of builds of other days. Where the backup has no `history/`, each
is built again, of the ledger as it was on its day: the chain of evidence has when each was kept, and its SHA-256.
"""

import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from sqlalchemy import func, select

from orchestration import clock
from orchestration.home import Home, file_hash
from orchestration.ledger import cut, evidence, tables
from orchestration.progress import at
from orchestration.releases.elsewhere.aside import CannotMakeAgain, as_it_was, end_of_build
from orchestration.releases.elsewhere.backup import Backup
from orchestration.warehouse import dbt, history
from orchestration.warehouse.attached import open_warehouse

FOLDER = "history/rule_results"
OF_A_BUILD = re.compile(rf"{FOLDER}/(\d{{4}}-\d\d-\d\dT)(\d\d)(\d\d)(\d\d\.\d{{6}})Z\.parquet")


def make_again(backup: Backup, home: Home, head: Mapping[str, Any], end: cut.End) -> None:
    """Rule results as the release of manifest `head` had them, into the home's history. Raises CannotMakeAgain."""
    there = sorted((backup.folder / FOLDER).glob("*.parquet"))
    if there and head["results_kept_at"]:
        _check(backup, there)
        history.take_over(home, there, head["results_kept_at"])
        return
    builds = [one for one in _builds(backup, end.evidence) if not (home.root / one[0]).exists()]
    for n, (name, number, sha256) in enumerate(builds, 1):
        _build(backup, home, name, number, sha256, f"building history, {n} of {len(builds)}")


def _check(backup: Backup, there: list[Path]) -> None:
    """The history of the backup is all there, and as it was written."""
    entries = tables.evidence.c
    newest = select(func.max(entries.number)).where(
        entries.place == evidence.FILE, entries.name.startswith(f"{FOLDER}/")
    )
    statement = select(entries.name, entries.sha256).where(
        entries.number.in_(newest.group_by(entries.name)), entries.sha256.is_not(None)
    )
    with backup.ledger.connect() as connection:
        known = {row.name: row.sha256 for row in connection.execute(statement)}
    found = {f"{FOLDER}/{file.name}": file_hash(file) for file in there}
    if wrong := sorted(name for name in known | found if known.get(name) != found.get(name)):
        raise CannotMakeAgain(
            f"{backup.folder / wrong[0]} is not as the ledger has it ({len(wrong)} files are not): restore it from a copy, or "
            "give a backup without history/, which is then built again"
        )


def _builds(backup: Backup, upto: int) -> Iterator[tuple[str, int, str]]:
    """Each file of results that a build has kept, with the entry of the chain of evidence that has its SHA-256."""
    entries = tables.evidence.c
    statement = select(entries.name, entries.number, entries.sha256).where(
        entries.place == evidence.FILE,
        entries.name.startswith(f"{FOLDER}/"),
        entries.number <= upto,
        entries.sha256.is_not(None),
    )
    with backup.ledger.connect() as connection:
        rows = connection.execute(statement.order_by(entries.number)).all()
    yield from ((row.name, row.number, row.sha256) for row in rows if OF_A_BUILD.fullmatch(row.name))


def _build(backup: Backup, home: Home, name: str, number: int, sha256: str, doing: str) -> None:
    match = OF_A_BUILD.fullmatch(name)
    assert match
    day, hours, minutes, seconds = match.groups()
    moment = f"{day}{hours}:{minutes}:{seconds}+00:00"
    end = end_of_build(backup, number, moment)
    with clock.standing_at(moment):
        as_it_was(backup, home, end)
        at(doing)
        dbt.build(home)
        with open_warehouse(home) as connection:
            history.keep(home, connection)
    file = home.root / name
    if not file.exists() or file_hash(file) != sha256:
        raise CannotMakeAgain(
            f"{name} does not come out the same: other code or seeds kept it, and what rules found on that day is nowhere else. "
            f"Put history/ of the home into {backup.folder}"
        )
