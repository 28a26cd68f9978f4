"""A release made again on another machine: from received bytes, ledger, key, seeds and code alone.

A backup of a home has what cannot be made again (`backup.py`). From it a home is made aside, whose ledger is cut back to what it
was when the release was made (`aside.py`). History, warehouse and release are made there by the same code as ever, under the
clock and the person that the manifest has. Every file then has to have the SHA-256 of the manifest, and the manifest that of
the ledger. Releases before it, which it is compared with, are made first, unless whole copies of them are there.
"""

import os
import shutil
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

from orchestration import at_rest, clock, doors
from orchestration.home import Home
from orchestration.ledger import erasures, evidence
from orchestration.progress import at
from orchestration.releases import inputs, package, publish, verify
from orchestration.releases.elsewhere import marts, results
from orchestration.releases.elsewhere.aside import (
    CannotMakeAgain,
    as_it_was,
    end_of_release,
    ledger_cut_to,
    with_key_of,
)
from orchestration.releases.elsewhere.backup import Backup, Published, opened
from orchestration.releases.elsewhere.code import other_code
from orchestration.returns import kept
from orchestration.stopping import Stopped, read_json
from orchestration.warehouse import dbt

# what the manifest alone knows of how a release was made: it is given to what makes it again
GIVEN = {
    "created_at": "the moment that it was published at",
    "published_by": "who published it, and by which door",
    "times.built": "when the warehouse was last written",
    "code_commit": "which of the commits that have the same source; that of the source is compared by SHA-256",
    "tools.python": "its last number; its version, and that of every other tool, is compared",
}
# what of a release is not made again, and why
EXCEPT = {
    "marts.duckdb": "DuckDB writes numbers drawn at random into each such file; its tables are the Parquet files, which are "
    "compared, and where the published one is there, so is all that is in the two",
    evidence.ATTESTATION: "the analyst's signature needs a private key, which no backup has",
    evidence.ASSURANCE: "the assurer's signature needs a private key, which no backup has",
    evidence.TIMESTAMP: "a time stamp is given by an authority, of its own moment",
}
NOT_PUBLISHED = (publish.GateShut, dbt.BuildFailed, kept.CannotMakeAgain, package.NotPublishable)


@dataclass
class MadeAgain:
    """How many files of a release came out `same`; `problems`, and what was `erased` by law since, in sentences."""

    release: str
    same: int = 0
    problems: list[str] = field(default_factory=list)
    erased: list[str] = field(default_factory=list)


def make_again(wanted: str, folder: Path, aside: Path) -> MadeAgain:
    """Make a release (`wanted`: its name, or a folder that has its manifest) again below `aside` from the backup in `folder`, and
    compare. Nothing of the backup is changed.

    Raises Stopped: CannotMakeAgain, cut.OtherLedger, NotThere, ErasureDue.
    """
    home = Home(aside / "home")
    home.releases.mkdir(parents=True)
    at_rest.close(home)
    with opened(wanted, folder) as backup:
        *before, last = backup.releases
        for one in before:
            if _is_whole(backup, one):
                (home.releases / one.name).symlink_to(one.folder.resolve())
            elif (answer := _make(backup, home, one)).problems:
                return answer
        return _make(backup, home, last)


def _is_whole(backup: Backup, one: Published) -> bool:
    """Whether every file of a release is there as it was published, or as an erasure by law has left it."""
    gone = erasures.gone(backup.ledger, verify.place_of(one.name))
    return not verify.problems_of(one.folder, {path: row["is_now"] for path, row in gone.items()})


def _make(backup: Backup, home: Home, one: Published) -> MadeAgain:
    """Make one release again in `home`, which has those before it, and compare it with its manifest."""
    head = one.head
    if differ := other_code(head, [one.folder, one.folder.parent, backup.folder]):
        raise CannotMakeAgain(*differ)
    end = end_of_release(backup, head)
    since = list(_erased_since(backup, one))
    answer = MadeAgain(one.name)
    try:
        with with_key_of(backup, head):
            results.make_again(backup, home, head, end)
            with clock.standing_at(head["times"]["built"]):
                as_it_was(backup, home, end, bool(since))
                at(f"building the warehouse of {one.name}")
                dbt.build(home, everything=True)
            built = datetime.fromisoformat(head["times"]["built"]).timestamp()
            os.utime(home.warehouse, (built, built))
            # what was written meanwhile is of this machine
            ledger_cut_to(backup, home, end, bool(since))
            made = _publish(home, head, backup.made)
    except (*NOT_PUBLISHED, Stopped) as problem:
        if isinstance(problem, Stopped) and not since:
            raise
        answer.problems = [f"cannot be made again: {line}" for line in str(problem).splitlines()]
    else:
        answer.problems = list(_differing(made, one))
        answer.same = sum(file["path"] not in EXCEPT for file in head["files"]) - len(answer.problems)
        # as the ledger has it: what it says of marts.duckdb is of the one that was published
        (made / "manifest.json").unlink()
        shutil.copyfile(one.folder / "manifest.json", made / "manifest.json")
        backup.made.append(one.name)
    if since and answer.problems:
        answer.erased, answer.problems = _told(one.name, since, answer.problems), []
    return answer


def _erased_since(backup: Backup, one: Published) -> Iterator[Mapping[str, Any]]:
    """What was erased by law of what a release was made from or compared with, after it was made."""
    begun = {row["erasure"] for row in one.head["erased"]}
    seen = set()
    for other in backup.releases[: backup.releases.index(one) + 1]:
        for row in inputs.erased_since(backup.ledger, other.head):
            if row["erasure"] not in seen | begun:
                seen.add(row["erasure"])
                yield row


def _told(name: str, since: Iterable[Mapping[str, Any]], differ: list[str]) -> list[str]:
    names = ", ".join(f"{row['erasure']} of {row['at'][:10]}" for row in since)
    return [
        f"{name} does not come out the same: records that it was made from have been erased by law since (erasure {names})",
        *differ,
    ]


def _publish(home: Home, head: Mapping[str, Any], before: list[str]) -> Path:
    """The release published again, under the clock and the person of its manifest: its folder."""
    by = head["published_by"]
    recorded_as = {
        "code_commit": head["code_commit"],
        "tools": package.tool_versions() | {"python": head["tools"]["python"]},
    }
    with clock.standing_at(head["created_at"]), doors.coming_by(by["door"], by["who"]):
        made = publish.publish_signed(home, head["period"], None, recorded_as=recorded_as, made_again=before)
    if made.name != head["release"] or made.unchanged:
        raise CannotMakeAgain(
            f"{head['release']} comes out as {made.name}: it is what that is already; tell whoever keeps the warehouse"
        )
    return made.path


def _differing(made: Path, one: Published) -> Iterator[str]:
    """A sentence for each file that is not as it was published, and for each part of the manifest."""
    again = read_json(made / "manifest.json")
    then, now = ({file["path"]: file for file in head["files"]} for head in (one.head, again))
    for path in sorted(then.keys() | now.keys()):
        if path not in now:
            yield f"{path} is not made again"
        elif path not in then:
            yield f"{path} is made, and the release has none"
        elif path not in EXCEPT and then[path] != now[path]:
            yield f"{path} does not come out the same"
    parts = [
        part for part in {**one.head, **again} if part != "files" and one.head.get(part) != again.get(part)
    ]
    yield from (f"manifest.json: {part} does not come out the same" for part in parts)
    # with what is excepted as it was published, it is the manifest that the ledger has the SHA-256 of
    again["files"] = [then.get(path, file) if path in EXCEPT else file for path, file in now.items()]
    if again == one.head and package.as_json(again) != (one.folder / "manifest.json").read_text(
        encoding="utf-8"
    ):
        yield "manifest.json: the order of its parts does not come out the same"
    published = one.folder / "marts.duckdb"
    if published.is_file():
        for what in marts.differing(published, made / "marts.duckdb"):
            yield f"marts.duckdb: {what} does not come out the same"
