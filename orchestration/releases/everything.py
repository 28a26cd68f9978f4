"""Verify a home: everything that evidence rests on against what the ledger knows of it, and the ledger against itself."""

from collections.abc import Iterable
from pathlib import Path
from typing import Any

from sqlalchemy import Engine

from orchestration.home import Home, file_hash
from orchestration.ledger import chain, evidence, witnesses
from orchestration.ledger.opening import ledger_of
from orchestration.releases import attest, timestamp, verify
from orchestration.returns import archive, kept

# of releases/: beside the releases themselves
BESIDE = ("current", *evidence.BESIDE_A_RELEASE)


def problems(home: Home, more: Iterable[Path] = ()) -> list[str]:
    """A sentence for each thing that is not as it was: releases, archive, raw, history, ledger, reports, packs, cases; and for
    each end of a chain that `home.json`, a release, a pack or one of `more` knew otherwise. None where all is."""
    with ledger_of(home) as engine:
        found = [
            *evidence.problems(engine, home),
            *kept.raw_differs(home, engine),
            *_strange_in_archive(home, engine),
        ]
        files = [*witnesses.readable(witnesses.in_home(home)), *more]
        for name in chain.CHAINS:
            found += witnesses.problems(engine, name, files)
    known = attest.listed(home)
    recorded = verify.recorded(home)
    for name in {**dict.fromkeys(recorded), **dict.fromkeys(verify.release_names(home))}:
        found += release_problems(home, name, known)
    found += _strange_in_releases(home, known["releases"])
    return list(dict.fromkeys(found))


def release_problems(home: Home, name: str, known: dict[str, Any] | None = None) -> list[str]:
    """A sentence for each thing that is wrong with a release: its files, its place in the ledger, its signatures. That an
    assurer has yet to sign is none, unless the policy asks for it."""
    folder = home.releases / name
    if not folder.is_dir():
        return [f"{name} is in the ledger and not in releases/; restore it from a copy"]
    return [
        *verify.verify(home, name),
        *added_problems(home, name, known),
    ]


def added_problems(home: Home, name: str, known: dict[str, Any] | None = None) -> list[str]:
    """What is wrong with that which no manifest lists, for it is added to a release: its signatures and its time stamp."""
    folder = home.releases / name
    stamp = [f"{name}: {one}" for one in timestamp.problems_of(folder)]
    if not (attest.is_signed(folder) or attest.required()):
        return stamp
    found = attest.problems_of(folder, known or attest.listed(home), superseded=True)
    waits = f"{evidence.ASSURANCE} is missing" if not attest.required() else None
    return [f"{name}: {one}" for one in found if not (waits and one.startswith(waits))] + stamp


def witnessed(home: Home, files: Iterable[Path]) -> list[str]:
    """A sentence for each break of the chains, for each end of one that these files knew otherwise, and for each that is the
    manifest of a release as the ledger has it no longer. Raises NotThere for a file that is no witness."""
    files = [witnesses.document_in(file) for file in files]
    every = [*witnesses.readable(witnesses.in_home(home)), *files]
    with ledger_of(home) as engine:
        found = [sentence for name in chain.CHAINS for sentence in witnesses.problems(engine, name, every)]
    recorded = verify.recorded(home)
    for file in files:
        name = witnesses.release_of(file)
        if name and recorded.get(name) != file_hash(file):
            found.append(
                f"{name}: the ledger has another manifest than {file}: the release was replaced, and the ledger with it"
            )
    return list(dict.fromkeys(found))


def _strange_in_archive(home: Home, engine: Engine) -> list[str]:
    """What is of no receipt (a file that could not be read has none) and is not the bytes of its name."""
    receipts = {archive.place(home.archive, sha256) for sha256, _, _ in kept.archived(engine)}
    others = [path for path in sorted(home.archive.rglob("*")) if path not in receipts]
    return [
        f"archive/{path.relative_to(home.archive).as_posix()} is of no receipt, and its bytes are not those of its name; take "
        "it out"
        for path in others
        if path.is_symlink()
        or (path.is_file() and path != archive.place(home.archive, archive.digest(path)[0]))
    ]


def _strange_in_releases(home: Home, recorded: list[dict[str, Any]]) -> list[str]:
    """What is no release beside them; and whether `current` points at one that no other has replaced."""
    if not home.releases.is_dir():
        return []
    names = {row["release"] for row in recorded}
    found = [
        f"releases/{path.name} is no release of the ledger; take it out"
        for path in sorted(home.releases.iterdir())
        if path.name not in {*names, *BESIDE} and not path.name.startswith(".building-")
    ]
    current = home.releases / "current"
    named = current.readlink().name if current.is_symlink() else None
    old = next((row for row in recorded if row["release"] == named and not row["live"]), None)
    if old:
        (now,) = [row["release"] for row in recorded if row["period"] == old["period"] and row["live"]]
        found.append(
            f"current points at {named}, which {now} has replaced: an old release was put back as current; publish again"
        )
    return found
