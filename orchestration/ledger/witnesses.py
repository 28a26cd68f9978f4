"""Who else knows where the ledger's chains ended: `home.json`, each release, each return pack.

Entries cut off the end of a chain break no link, and a chain written anew has none that is broken; but it no longer goes
through where another document has it, and forces and analysts hold those documents.
"""

import json
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from sqlalchemy import Engine

from orchestration.home import Home
from orchestration.ledger import chain, inventory
from orchestration.signing import NotSigned, unproved
from orchestration.stopping import NotThere

SHOWN = 10  # of the sentences about documents
# a release has had the first since before there was a log
_IN_A_MANIFEST = {"readings": "last_of_reading_chain", "log": "last_of_log"}


def of_document(document: dict[str, Any]) -> dict[str, dict[str, Any]]:
    """By chain its end as a manifest, a pack or `home.json` has it; none of a document from before it was kept."""
    found = document.get("ledger") or {
        name: document[key] for name, key in _IN_A_MANIFEST.items() if document.get(key)
    }
    return {name: end for name, end in found.items() if end.get("hash")}


def document_in(file: Path) -> Path:
    """The witness in a folder: the manifest of a release, the pack of a force. A file is one itself."""
    if not file.is_dir():
        return file
    found = [file / name for name in ("manifest.json", "pack.json") if (file / name).is_file()]
    if not found:
        raise NotThere(
            f"{file} is the folder of no release and no pack: name one, or its manifest.json or pack.json"
        )
    return found[0]


def release_of(file: Path) -> str | None:
    """Of which release a file is the manifest; None of a pack."""
    return _read(file).get("release")


def readable(files: Iterable[Path]) -> list[Path]:
    """Those that can be read: one of the home that cannot is a problem of its own."""
    found = []
    for file in files:
        try:
            _read(file)
        except NotThere:
            continue
        found.append(file)
    return found


def _read(file: Path) -> dict[str, Any]:
    """Raises NotThere for a document that is no witness."""
    try:
        document = json.loads(file.read_text(encoding="utf-8"))
        if "payload" in document:  # a list of keys, or an attestation
            document = unproved(file.read_text(encoding="utf-8"))["predicate"]
            document = document.get("materials", document)
        of_document(document)
    except (OSError, ValueError, AttributeError, KeyError, TypeError, NotSigned):
        raise NotThere(
            f"{file} is no manifest.json of a release, pack.json, home.json or list of keys that can be read: name another, or "
            "restore it"
        ) from None
    return document


def in_home(home: Home) -> Iterator[Path]:
    yield from (home.root / name for name in (inventory.FILE,) if (home.root / name).exists())
    yield from sorted(home.releases.glob("*.r*/manifest.json"))
    yield from sorted((home.root / "packs").glob("*/*/pack.json"))


def _name(file: Path) -> str:
    return file.name if file.name == inventory.FILE else f"{file.parent.name}/{file.name}"


def problems(engine: Engine, name: str, files: Iterable[Path]) -> list[str]:
    """A sentence for each break of a chain (`readings`, `log`), and for each document that knew another end of it.

    Raises NotThere for a document that is no witness.
    """
    ends = {}
    for file in files:
        found = of_document(_read(file))
        if name in found:
            ends[_name(file)] = found[name]
    table = chain.CHAINS[name]
    otherwise = chain.ends_otherwise(engine, ends, table)
    more = len(otherwise) - SHOWN
    return [
        *chain.verify(engine, table=table),
        *otherwise[:SHOWN],
        *([f"and {more:,} documents more say so"] if more > 0 else []),
    ]
