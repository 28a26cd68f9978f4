"""What a backup of a home keeps, and the releases that its ledger knows."""

import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pyarrow as pa
from sqlalchemy import Engine, select

from orchestration import keys
from orchestration.home import Home, file_hash, filled, variables
from orchestration.ledger import erasures, evidence, snapshots, tables
from orchestration.ledger.opening import ledger_of
from orchestration.stopping import NotThere, Stopped, read_json


class OtherManifest(Stopped, RuntimeError):
    """The manifest of a release is not the one that the ledger of the backup has."""


@dataclass(frozen=True)
class Published:
    """A release as it was published: its manifest, and the folder that has it."""

    head: dict[str, Any]
    folder: Path

    @property
    def name(self) -> str:
        return self.head["release"]


@dataclass(frozen=True)
class Backup:
    """The folder of a backup; its ledger, a copy that may be brought up to date; its keys, the newest first; what
    models read of the ledger, as it is now; and its releases as far as the one that is asked for, in the order of publication."""

    folder: Path
    ledger: Engine
    keys: list[keys.Key]
    snapshots: dict[str, pa.Table]
    releases: list[Published]
    # those of them that were made again
    made: list[str] = field(default_factory=list)


@contextmanager
def opened(wanted: str, folder: Path) -> Iterator[Backup]:
    """The backup in `folder`, what is small of it copied: opening a ledger writes to it. What this machine's environment says
    of a ledger or a key is of another home, unless the backup has none. Raises NotThere, OtherManifest, ErasureDue."""
    with ExitStack() as stack:
        copied = Home(Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="cpai-backup-"))).resolve())
        # of a database that was copied in use, the log has the last rows
        for part in ("ledger.db", "ledger.db-wal", keys.FILE, erasures.REGISTER):
            if (folder / part).is_file():
                shutil.copyfile(folder / part, copied.root / part)
        for part, setting in (("ledger.db", "CPAI_LEDGER_URL"), (keys.FILE, "CPAI_TOKEN_KEY")):
            if (folder / part).is_file():
                stack.enter_context(variables({setting: None}))
            elif setting not in os.environ:
                raise NotThere(f"{folder} has no {part}: name a backup that has it, or give it by {setting}")
        if not filled(folder / "archive"):
            raise NotThere(f"{folder} has no archive/: name a backup that has every byte that was received")
        if due := erasures.due(copied):
            raise erasures.ErasureDue(*due)
        ledger = stack.enter_context(ledger_of(copied))
        of_keys = keys.kept(copied)
        stack.enter_context(variables({"CPAI_LEDGER_URL": None}))
        yield Backup(folder, ledger, of_keys, dict(snapshots.of(ledger)), _published(wanted, folder, ledger))


def _published(wanted: str, folder: Path, ledger: Engine) -> list[Published]:
    given = Path(wanted) if (Path(wanted) / "manifest.json").is_file() else None
    name = read_json(given / "manifest.json")["release"] if given else wanted
    with ledger.connect() as connection:
        order = evidence.order(connection, tables.releases)
        columns = tables.releases.c
        rows = connection.execute(select(columns.release, columns.manifest_sha256))
        hashes = {row.release: row.manifest_sha256 for row in rows}
    if name not in order:
        has = ", ".join(order) or "none"
        raise NotThere(f"the ledger of {folder} has no release {name!r}: it has {has}")
    found = []
    for one in order[: order.index(name) + 1]:
        places = [folder / "releases" / one]
        if given:
            places.insert(0, given if one == name else given.parent / one)
        place = next((place for place in places if (place / "manifest.json").is_file()), None)
        if not place:
            first = "" if one == name else f", which was published before {name},"
            raise NotThere(
                f"the manifest of {one}{first} is not there, and nothing else says when and by what code it was made: put "
                f"manifest.json of {one} into {places[-1]}, or give the folder of the release in place of its name"
            )
        if file_hash(place / "manifest.json") != hashes[one]:
            raise OtherManifest(
                f"{place / 'manifest.json'} is not the manifest of {one} that the ledger of {folder} has: restore it from a copy"
            )
        found.append(Published(read_json(place / "manifest.json"), place))
    return found
