"""A home made aside as another home was: its ledger cut back, archived bytes linked, raw files made of them."""

import shutil
import tempfile
from collections.abc import Mapping
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any

from sqlalchemy import Engine, select

from orchestration import parquet
from orchestration.home import Home, file_hash, variables
from orchestration.keys import KeyLost
from orchestration.ledger import cut, evidence, inventory, snapshots, tables
from orchestration.ledger.opening import ledger_of
from orchestration.ledger.receipts import read_recorded_crime
from orchestration.releases.elsewhere.backup import Backup
from orchestration.returns import archive, kept, recorded_crime
from orchestration.stopping import Stopped


class CannotMakeAgain(Stopped, RuntimeError):
    """A release cannot be made again of what is there: what is missing or differs, and what to do."""


def with_key_of(backup: Backup, head: Mapping[str, Any]) -> AbstractContextManager[None]:
    """The key of the home as it was when a release was made, and those before it, for as long as it takes. Raises KeyLost."""
    at = next((n for n, key in enumerate(backup.keys) if key.check == head["key"]), None)
    if at is None:
        raise KeyLost(
            f"{head['release']} was made with key {head['key']}, which is neither the key of {backup.folder} nor one before it: "
            "name a backup that has it"
        )
    key, *before = backup.keys[at:]
    return variables(
        {"CPAI_TOKEN_KEY": key.text, "CPAI_TOKEN_KEY_BEFORE": "\n".join(one.text for one in before)}
    )


def ledger_cut_to(backup: Backup, home: Home, end: cut.End, erased_since: bool = False) -> None:
    """The home's ledger as it was at `end`, in place of the one that is there."""
    new = Home(home.root / "ledger")
    with ledger_of(new) as engine:
        cut.copy(backup.ledger, engine, end, erased_since)
    for name in ("ledger.db-wal", "ledger.db-shm", inventory.FILE):
        (home.root / name).unlink(missing_ok=True)
    (new.root / "ledger.db").replace(home.root / "ledger.db")
    shutil.rmtree(new.root)


def end_of_release(backup: Backup, head: Mapping[str, Any]) -> cut.End:
    """Where the ledger ended when a release was made. Raises cut.OtherLedger."""
    ends = cut.of_release(head)
    cut.check(backup.ledger, head)
    return cut.End(
        **ends, slots=_last_in(backup, "reading_slots", "opened_at", ends["evidence"], head["created_at"])
    )


def end_of_build(backup: Backup, entry: int, moment: str) -> cut.End:
    """Where the ledger ended for a build whose rule results are an entry of the chain of evidence."""
    readings = _last_in(backup, "readings", "imported_at", entry, moment)
    slots = _last_in(backup, "reading_slots", "opened_at", entry, moment)
    return cut.End(evidence=entry, readings=readings, log=0, slots=slots)


def _last_in(backup: Backup, name: str, dated: str, entry: int, moment: str) -> int:
    """The number of the last row that raw/`name`.parquet had, by its SHA-256 in the chain of evidence: of the rows of one second
    some may have come before a build and some after it."""
    every = backup.snapshots[name]
    numbers, moments = every[0].to_pylist(), every[dated].to_pylist()
    # a transaction's rows are of one moment
    ends = [n for n in range(len(numbers) + 1) if n in (0, len(numbers)) or moments[n - 1] != moments[n]]
    found = [n for n in reversed(ends) if not n or moments[n - 1] <= moment]
    noted = evidence_of(backup.ledger, f"raw/{name}.parquet", entry)
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder, name)
        for n in found:
            parquet.write(every.slice(0, n), file)
            if file_hash(file) == noted:
                return numbers[n - 1] if n else 0
    return numbers[found[0] - 1] if found[0] else 0


def evidence_of(ledger: Engine, name: str, upto: int) -> str | None:
    """SHA-256 of a file of the home as an entry of the chain of evidence found it."""
    entries = tables.evidence.c
    statement = select(entries.sha256).where(
        entries.place == evidence.FILE, entries.name == name, entries.number <= upto
    )
    with ledger.connect() as connection:
        return connection.scalar(statement.order_by(entries.number.desc()).limit(1))


def as_it_was(backup: Backup, home: Home, end: cut.End, erased_since: bool = False) -> None:
    """Ledger, archive and raw files as they were at `end`. Raises CannotMakeAgain, kept.CannotMakeAgain."""
    ledger_cut_to(backup, home, end, erased_since)
    with ledger_of(home) as engine:
        for sha256, _, _ in kept.archived(engine):
            there, here = (
                archive.place(folder, sha256) for folder in (backup.folder / "archive", home.archive)
            )
            if there.is_file() and not here.is_symlink():
                here.parent.mkdir(parents=True, exist_ok=True)
                here.symlink_to(there.resolve())
        if damaged := kept.archive_differs(home, engine, every_byte=True):
            raise CannotMakeAgain(*(f"{backup.folder}: {sentence}" for sentence in damaged))
        for published_on, release in read_recorded_crime(engine).items():
            if not release.raw_file:
                folder = home.landing / recorded_crime.RECORDED_CRIME / published_on
                folder.mkdir(parents=True, exist_ok=True)
                (folder / recorded_crime.WITHDRAWN).touch()
    kept.make_again(home)
    if refused := recorded_crime.receive(home).refused:
        raise CannotMakeAgain(*refused)
    with ledger_of(home) as engine:
        snapshots.write(engine, home)
