"""What is to be erased, and by whose decision."""

import hashlib
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from orchestration.home import Home, seed_rows
from orchestration.ledger.erasures import Marks
from orchestration.returns import archive
from orchestration.returns.erased import PERSONS, Wanted
from orchestration.stopping import Stopped

LONGEST = 200  # letters of an authority or a text


class ErasureRefused(Stopped, ValueError):
    """What was asked for cannot be erased as it was asked."""

    code = 2


@dataclass(frozen=True)
class Target:
    """A crime (force and reference), a person on one (`victim`, `suspect`), a submission, or bytes (`file`: SHA-256)."""

    kind: str
    force: str | None = None
    crime_reference: str | None = None
    person_reference: str | None = None
    quarter: str | None = None
    submission: int | None = None
    files: tuple[str, ...] = ()
    keeps_text: bool = False
    marked: tuple[str, str | None] | None = (
        None  # of an erasure in the ledger, which has marks and no references
    )

    @property
    def of_records(self) -> bool:
        return self.kind in ("crime", *PERSONS)

    def marks(self, marks: Marks) -> tuple[str, str | None]:
        """The mark of what is to go, and that of the crime that it is on."""
        if self.marked:
            return self.marked
        crime = marks.of("crime", self.force, self.crime_reference)
        if self.kind == "crime":
            return crime, crime
        if self.kind in PERSONS:
            return marks.of(self.kind, self.force, self.crime_reference, self.person_reference), crime
        if self.kind == "submission":
            return marks.of("submission", self.force, self.quarter, str(self.submission)), None
        return marks.of("file", *self.files), None

    def wanted(self, marks: Marks) -> Wanted:
        mark, crime = self.marks(marks)
        return Wanted(self.kind, str(self.force), mark, crime or "", self.keeps_text)


@dataclass(frozen=True)
class Decision:
    """Who decided it and why: a reason of `seeds/erasure_reasons.csv`, and a text, which has nothing of the record."""

    authority: str
    reason: str
    text: str = ""

    def check(self, target: Target) -> None:
        """Raises ErasureRefused."""
        reasons = [row["reason"] for row in seed_rows("erasure_reasons.csv")]
        if self.reason not in reasons:
            raise ErasureRefused(f"there is no reason {self.reason!r}; there are {', '.join(reasons)}")
        if not self.authority.strip():
            raise ErasureRefused("name who decided it: --authority")
        for what, given in (("--authority", self.authority), ("--text", self.text)):
            if len(given) > LONGEST:
                raise ErasureRefused(
                    f"{what} has {len(given)} letters, {LONGEST} are taken: name the decision, not the case"
                )
            for reference in filter(None, (target.crime_reference, target.person_reference)):
                if len(reference) > 2 and reference.casefold() in given.casefold():
                    raise ErasureRefused(
                        f"{what} has the reference in it, which would then stay: leave it out"
                    )


@dataclass(frozen=True)
class Plan:
    """What a dry run found: how many things in each place, and what the run needs of it. `shown` is for people alone and
    is not kept: the names of files may name somebody."""

    target: Target
    places: dict[str, int]
    kept: dict[str, Any]
    shown: tuple[str, ...] = ()
    warnings: tuple[str, ...] = ()

    def digest(self, marks: Marks) -> str:
        """What was shown is what goes: the real run is given the dry run's digest, and refuses another."""
        parts = [self.target.kind, *self.target.marks(marks), self.places, self.kept, sorted(self.shown)]
        return hashlib.sha256(json.dumps(parts, sort_keys=True).encode()).hexdigest()[:16]

    @property
    def as_kept(self) -> dict[str, Any]:
        return {**self.kept, "places": self.places, "keeps_text": self.target.keeps_text}


def of_row(erasure: Mapping[str, Any]) -> Target:
    """The target of an erasure in the ledger: its references are not known any more, its marks are."""
    target = Target(
        erasure["kind"], erasure["force"], quarter=erasure["quarter"], submission=erasure["submission"]
    )
    plan = erasure["plan"]
    marked = erasure["mark"], erasure["crime_mark"]
    return replace(
        target, files=tuple(plan.get("files", ())), keeps_text=plan.get("keeps_text", False), marked=marked
    )


def digests(home: Home, files: Iterable[str]) -> tuple[str, ...]:
    """The SHA-256 of files, each given by its path or by its SHA-256 as it stands in the archive. Raises ErasureRefused."""
    found = set()
    for given in files:
        if Path(given).is_file():
            found.add(archive.digest(Path(given))[0])
        elif archive.place(home.archive, given.lower()).is_file():
            found.add(given.lower())
        else:
            raise ErasureRefused(f"{given} is neither a file nor the SHA-256 of one in the archive")
    return tuple(sorted(found))
