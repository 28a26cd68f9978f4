"""What has landed for a quarter, as deliveries: which folder, whose, which files, in parts or whole."""

import hashlib
import os
import re
from collections.abc import Iterator, Mapping
from concurrent.futures import Future
from dataclasses import dataclass, field, replace
from pathlib import Path
from types import MappingProxyType
from typing import Any

from orchestration.home import Home
from orchestration.returns import archive, erased, file_safety, landing, parsing
from orchestration.returns.layouts import layout_for
from orchestration.returns.layouts.parts import Layout, LayoutError
from orchestration.returns.reasons import Reason

BESIDE_THE_RECORDS = (parsing.MANIFEST, parsing.EXPLANATIONS)
PART = re.compile(r"(?P<of>.*?)part-(?P<number>\d{1,2})-of-(?P<parts>\d{1,2})", re.IGNORECASE)


@dataclass(frozen=True)
class Receipt:
    """What became of one delivery for one force. Submission 0: refused before a force was known."""

    force: str
    quarter: str
    submission: int
    status: str
    reasons: list[str]
    counts: dict[str, int]
    new: bool


@dataclass(frozen=True)
class Delivery:
    """The folder of one delivery, its files by name, with its part's folder where it came in parts, and what is wrong
    with them."""

    folder: str
    files: dict[str, Path]
    problems: list[Reason] = field(default_factory=list)


@dataclass(frozen=True)
class Arrival:
    """A delivery in the archive: what is wrong with its files, what identifies it, the submissions that it has been
    received as, and its records being read. `remarks` refuse nothing; `changed_at`: the time of its newest file."""

    delivered_as: str
    folder: str
    layout: Layout | None
    kept: dict[str, archive.Kept]
    problems: list[Reason]
    fingerprint: str
    if_refused: str
    changed_at: float | None = None
    received: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    remarks: list[Reason] = field(default_factory=list)
    reading: Future | None = None


def sender_of(arrival: Arrival | Receipt) -> str:
    return arrival.delivered_as if isinstance(arrival, Arrival) else arrival.force


def deliveries_in(folder: Path) -> Iterator[Delivery]:
    """The files of the folder itself, then each of its sub-folders, by name; those of one return in parts as one."""
    if folder.is_symlink() or not folder.is_dir():
        sentence = f"{folder.name}: is a link or a file, not a folder; put the files in a folder."
        yield Delivery("", {}, [Reason("FL02", sentence)])
        return
    paths = landing.inside(folder)
    subfolders = [path for path in paths if path.is_dir() and not path.is_symlink()]
    yield from _delivery("", {"": [path for path in paths if path not in subfolders]})
    together: dict[tuple[str, ...], list[Path]] = {}
    for subfolder in subfolders:
        part = PART.fullmatch(subfolder.name)
        together.setdefault((part["of"], part["parts"]) if part else (subfolder.name,), []).append(subfolder)
    for which, folders in together.items():
        if len(which) == 1:
            yield from _delivery(which[0], {"": landing.inside(folders[0])})
        else:
            of, parts = which
            yield from _delivery(
                f"{of}part-*-of-{parts}",
                {f"{part.name}/": landing.inside(part) for part in folders},
                _all_parts(folders, int(parts)),
            )


def _all_parts(folders: list[Path], parts: int) -> list[Reason]:
    """A return in parts is one return: half of it must not pass for all of it."""
    have = sorted(int(part["number"]) for folder in folders if (part := PART.fullmatch(folder.name)))
    if have == list(range(1, parts + 1)):
        return []
    sentence = (
        f"{folders[0].name}: of the {parts} parts of this return {', '.join(map(str, have))} came; put every part once "
        f"beside it, in folders named part-1-of-{parts} to part-{parts}-of-{parts}."
    )
    return [Reason("FL36", sentence)]


def _delivery(
    folder: str, parts: dict[str, list[Path]], problems: list[Reason] | None = None
) -> Iterator[Delivery]:
    files: dict[str, Path] = {}
    problems = list(problems or ())
    for part, paths in parts.items():
        for path in paths:
            # A link could name any file of this machine, a pipe would never end: neither is opened.
            name = f"{part}{file_safety.plain_name(path.name)}"
            if path.is_symlink():
                problems.append(
                    Reason("FL03", f"{name}: is a link, which is not followed; send the file itself.")
                )
            elif path.is_dir():
                sentence = f"{name}: is a folder inside a delivery; put its files one folder up."
                problems.append(Reason("FL04", sentence))
            elif not path.is_file() or not os.access(path, os.R_OK):
                sentence = f"{name}: is not a file that can be opened; send the records as plain files."
                problems.append(Reason("FL05", sentence))
            elif not name.isprintable() or name != name.encode("utf-8", "replace").decode():
                problems.append(Reason("FL06", f"{name!a}: is not a plain name; rename the file."))
            elif name in files:
                sentence = (
                    f"{name}: two files have this name but for the kind of their spaces; keep one of them."
                )
                problems.append(Reason("FL18", sentence))
            else:
                files[name] = path
    if files or problems:
        yield Delivery(folder, files, problems)


def arrived(
    home: Home,
    quarter: str,
    delivered_as: str,
    delivery: Delivery,
    layout: Layout | None = None,
    gone: Mapping[str, erased.Row] = MappingProxyType({}),
) -> Arrival:
    """Archive a delivery, and give what identifies it. `gone`: the bytes, by SHA-256, that are not taken in again."""
    kept: dict[str, archive.Kept] = {}
    times: list[float] = []
    problems = list(delivery.problems)
    for name, path in delivery.files.items():
        before = path.stat()
        times.append(before.st_mtime)
        if gone and (found := archive.digest(path))[0] in gone:
            kept[name] = archive.Kept(*found, archive.place(home.archive, found[0]))
            problems.append(erased.refusal(name, gone[found[0]]))
            continue
        kept[name] = archive.keep(path, home.archive)
        if file_safety.still_being_written(name, before, path.stat()):
            sentence = f"{name}: is still being written; it is read again once it has settled."
            problems.append(Reason("FL11", sentence))
    read_as = ""
    try:
        layout = layout or layout_for(delivered_as, quarter)
    except LayoutError as problem:
        read_as = str(problem)
    arrival = Arrival(delivered_as, delivery.folder, layout, kept, problems, "", "", max(times, default=None))
    arrival = with_fingerprints(arrival, read_as)
    return replace(arrival, problems=problems or [Reason("ST17", f"{read_as}.")]) if read_as else arrival


def with_fingerprints(arrival: Arrival, read_as: str = "") -> Arrival:
    """An arrival with its fingerprints, as its files and what is wrong with them now are."""
    fingerprint = _fingerprint(arrival.kept, arrival.problems)
    # a layout row added for a renamed column must let the same bytes in: refusals stand for this layout alone
    text = f"{fingerprint}\n{read_as or repr(arrival.layout)}"
    return replace(arrival, fingerprint=fingerprint, if_refused=hashlib.sha256(text.encode()).hexdigest())


def shown_folder(folder: str) -> str:
    return f"{folder}/" if folder else "the force's own folder"


def _fingerprint(kept: dict[str, archive.Kept], problems: list[Reason]) -> str:
    """SHA-256 over a delivery's sorted names and digests; what cannot be opened counts by its sentence."""
    lines = sorted(f"{name}\0{file.sha256}" for name, file in kept.items())
    lines += sorted(problem.sentence for problem in problems)
    return hashlib.sha256("\n".join(lines).encode("utf-8", "surrogateescape")).hexdigest()
