"""What changed in the columns that forces send, seen in the files that really came: refused ones as well.

since_last_quarter(home, "2023-Q4")[0].parts     # of one force: headings new, gone and probably renamed
"""

from collections import defaultdict
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from sqlalchemy import select

from orchestration.home import SEEDS, Home
from orchestration.ledger import tables
from orchestration.ledger.opening import ledger_of
from orchestration.returns.arrivals import BESIDE_THE_RECORDS
from orchestration.returns.layouts import layout_for
from orchestration.returns.layouts.headings import Headings, Target, known_headings
from orchestration.returns.layouts.matching import match
from orchestration.returns.layouts.parts import Layout, LayoutError
from orchestration.returns.layouts.unknown_files import NotATable, Table, look
from orchestration.returns.reasons import Unreadable

WITHOUT_COLUMNS = ("nil", "missing")


@dataclass(frozen=True)
class Renamed:
    """A heading that is gone and the new one that probably took its place. Confidence 0 to 1."""

    was: str
    now: str
    confidence: float
    because: str


@dataclass(frozen=True)
class PartChange:
    """One table of a return: headings that only one of the two quarters has."""

    part: str
    new: list[str]
    gone: list[str]
    renamed: list[Renamed]


@dataclass(frozen=True)
class ForceChange:
    """One force's latest submission of a quarter against that of its last quarter before, if there is one."""

    force: str
    submission: int
    status: str
    layout: str
    since: str
    since_layout: str
    parts: list[PartChange] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)

    @property
    def sentence(self) -> str:
        if not self.since:
            return f"{self.force}: no earlier quarter to compare with"
        moved = f", layout {self.since_layout} then" if self.since_layout != self.layout else ""
        return f"{self.force}: submission {self.submission} ({self.status}, {self.layout}) since {self.since}{moved}"


@dataclass(frozen=True)
class _Submission:
    force: str
    quarter: str
    submission: int
    status: str
    delivered_as: str
    files: dict[str, Path]

    def layout(self, seeds: Path) -> Layout | None:
        try:
            return layout_for(self.delivered_as, self.quarter, seeds)
        except LayoutError:
            return None


def since_last_quarter(home: Home, quarter: str, seeds: Path = SEEDS) -> list[ForceChange]:
    """A change for each force that sent columns for `quarter`: its latest submission against its last quarter's.

    Of the quarter before, the last accepted submission counts, else the last.
    """
    now: dict[str, _Submission] = {}
    before: dict[str, _Submission] = {}
    for one in _submissions(home, quarter):
        if one.quarter == quarter:
            now[one.force] = one
        else:
            # in order of quarter and number: a refused one does not take the place of an accepted one
            last = before.get(one.force)
            if not last or last.quarter != one.quarter or last.status == "refused" or one.status != "refused":
                before[one.force] = one
    seen: dict[tuple[Path, str], list[Table]] = {}
    return [_change(one, before.get(force), seen, seeds) for force, one in sorted(now.items())]


def _submissions(home: Home, until: str) -> list[_Submission]:
    receipts, files = tables.submissions.c, tables.submission_files.c
    statement = (
        select(
            receipts.force, receipts.quarter, receipts.submission, receipts.status, receipts.delivered_as,
            files.file, files.sha256,
        )
        .join_from(tables.submissions, tables.submission_files)
        .where(receipts.quarter <= until, receipts.status.not_in(WITHOUT_COLUMNS))
        .order_by(receipts.force, receipts.quarter, receipts.submission, files.file)
    )  # fmt: skip
    with ledger_of(home) as engine, engine.connect() as connection:
        rows = connection.execute(statement).all()
    found: dict[tuple[Any, ...], _Submission] = {}
    for *key, file, sha256 in rows:
        one = found.setdefault(tuple(key), _Submission(*key, files={}))
        if file.rpartition("/")[2].lower() not in BESIDE_THE_RECORDS:
            one.files[file] = home.archive / sha256[:2] / sha256
    return list(found.values())


def _change(
    now: _Submission, before: _Submission | None, seen: dict[tuple[Path, str], list[Table]], seeds: Path
) -> ForceChange:
    layout, problems = now.layout(seeds), []
    named = layout.layout if layout else ""
    if not before:
        return ForceChange(now.force, now.submission, now.status, named, "", "")
    tables = _tables(now, seen, problems, seeds)
    earlier_tables = _tables(before, seen, problems, seeds)
    earlier = before.layout(seeds)
    parts = [] if problems else _compare(tables, earlier_tables, layout, earlier, known_headings(seeds))
    since_layout = earlier.layout if earlier else ""
    return ForceChange(
        now.force, now.submission, now.status, named, before.quarter, since_layout, parts, problems
    )


def _tables(
    of: _Submission, seen: dict[tuple[Path, str], list[Table]], problems: list[str], seeds: Path
) -> list[Table]:
    tables: list[Table] = []
    for name, path in of.files.items():
        try:
            # a joint delivery's file is looked at once for all its forces
            if (path, name) not in seen:
                seen[path, name] = look(name, path, seeds)
            tables += seen[path, name]
        except (NotATable, Unreadable) as problem:
            problems.append(f"{of.quarter} submission {of.submission}: {problem}")
    return tables


def _compare(
    tables: list[Table], earlier: list[Table], layout: Layout | None, was: Layout | None, known: Headings
) -> list[PartChange]:
    """The parts that differ, named as in the layout of the earlier quarter where one has the table."""
    now = _by_part(tables, was or layout)
    then = _by_part(earlier, was or layout)
    changes = []
    for part in dict.fromkeys((*then, *now)):
        headings = {heading for table in now.get(part, ()) for heading in table.headings}
        earlier_headings = {heading for table in then.get(part, ()) for heading in table.headings}
        new, gone = sorted(headings - earlier_headings), sorted(earlier_headings - headings)
        renamed = _renamed(now.get(part, []), new, gone, layout, was, known)
        if new or gone:
            taken = {one.was for one in renamed} | {one.now for one in renamed}
            changes.append(
                PartChange(
                    part,
                    [heading for heading in new if heading not in taken],
                    [heading for heading in gone if heading not in taken],
                    renamed,
                )
            )
    return changes


def _by_part(tables: list[Table], layout: Layout | None) -> dict[str, list[Table]]:
    parts: dict[str, list[Table]] = defaultdict(list)
    for table in tables:
        best = max(
            layout.parts if layout else (),
            key=lambda part: len(set(part.headings) & set(table.headings)),
            default=None,
        )
        if best and set(best.headings) & set(table.headings):
            parts[best.part].append(table)
        else:
            parts[table.sheet or table.file].append(table)
    return parts


def _renamed(
    tables: list[Table],
    new: list[str],
    gone: list[str],
    layout: Layout | None,
    was: Layout | None,
    known: Headings,
) -> list[Renamed]:
    fed, feeds = _targets(was, gone), _targets(layout, new)
    of = {target: heading for heading, targets in fed.items() for target in targets}
    found: dict[str, Renamed] = {}
    for heading, targets in feeds.items():
        before = next((of[target] for target in targets if target in of), "")
        if before and before not in found:
            found[before] = Renamed(before, heading, 1.0, f"both are {'.'.join(targets[0])} in their layouts")
    known_now = {one.now for one in found.values()} | feeds.keys()
    for table in tables:
        unknown = [heading for heading in new if heading in table.headings and heading not in known_now]
        for heading, likely in match(table, unknown, (t for t in of if of[t] not in found), known).items():
            before = of[likely.target]
            if before not in found:
                because = f"would feed {'.'.join(likely.target)}: {likely.because}"
                found[before] = Renamed(before, heading, likely.confidence, because)
    return list(found.values())


def _targets(layout: Layout | None, headings: list[str]) -> dict[str, list[Target]]:
    """heading -> the columns it feeds in a layout, for the headings that feed any."""
    targets: dict[str, list[Target]] = defaultdict(list)
    for part in layout.parts if layout else ():
        for row in part.columns:
            if row.heading in headings and row.record_type:
                targets[row.heading].append((row.record_type, row.column))
    return targets
