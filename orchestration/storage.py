"""What takes room in a home, by part, and how long what can be made again is kept: `seeds/storage.csv`.

The policy is applied at the end of a run, within its turn. Records are no part of it: when they are due for review is in
`seeds/retention.csv`, and nothing but `cpai erase` takes them out.
"""

import os
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

from orchestration import clock, outbox
from orchestration.home import Home, seed_rows
from orchestration.ledger import log
from orchestration.printing import counted
from orchestration.strict_csv import NotRead
from orchestration.turns import WarehouseClosed, turn
from orchestration.warehouse import history
from orchestration.warehouse.compacting import blocks
from orchestration.warehouse.dbt import open_read_only

if TYPE_CHECKING:
    from dagster import DagsterInstance

REST = "all else"


@dataclass(frozen=True)
class Part:
    """A row of the seed. `where`: patterns from the home on; the first part that a file is in has it. `each`: what is kept
    or goes as a whole, blank where nothing does."""

    name: str
    where: tuple[str, ...]
    each: str
    days: int | None
    newest: int | None
    at_the_end: str
    why: str

    def before(self, now: datetime) -> datetime:
        return now - timedelta(days=self.days or 0)


def parts() -> list[Part]:
    """The seed's rows. Raises NotRead."""
    return [
        Part(
            name=row["part"],
            where=tuple(row["where"].split()),
            each=_one_of(EACH, row),
            days=_number(row, "keep_days"),
            newest=_number(row, "keep_newest"),
            at_the_end=row["at_the_end"],
            why=row["why"],
        )
        for row in seed_rows("storage.csv")
    ]


EACH = ("", "folder", "file", "publication", "message", "run", "year")


def _one_of(known: tuple[str, ...], row: dict[str, str]) -> str:
    if row["each"] not in known:
        raise NotRead(
            f"seeds/storage.csv, part {row['part']!r}: there is no {row['each']!r}; there are {', '.join(known[1:])}."
        )
    return row["each"]


def _number(row: dict[str, str], column: str) -> int | None:
    if row[column] and not row[column].isdecimal():
        raise NotRead(f"seeds/storage.csv, part {row['part']!r}: {column} is no whole number; correct it.")
    return int(row[column]) if row[column] else None


def publications_kept() -> int:
    """How many publications are told apart from one that would change nothing."""
    return next(part.newest or 1 for part in parts() if part.each == "publication")


def keep_to_policy(home: Home, storage: "DagsterInstance", now: datetime | None = None) -> None:
    """What the policy keeps no longer goes; what had records is in the law's log, before it goes."""
    now = now or clock.now()
    for part in parts():
        if part.each in ("folder", "file"):
            _remove(home, part, _over(home, part, now))
        elif part.each == "message":
            outbox.trim(home, part.before(now).isoformat(timespec="seconds"))
        elif part.each == "run":
            _remove_runs(storage, part.before(now))
        elif part.each == "year":
            history.one_file_a_year(home, now.year)


def _remove(home: Home, part: Part, paths: list[Path]) -> None:
    if paths and part.each == "folder":
        names = [path.relative_to(home.root).as_posix() for path in paths]
        log.note(home, "erasure", f"{part.name}: removed", {"part": names}, reason=_kept_for(part))
    for path in paths:
        if path.is_dir():
            shutil.rmtree(path)
        else:
            path.unlink(missing_ok=True)


def _remove_runs(storage: "DagsterInstance", before: datetime) -> None:
    """Dagster's record of runs from before, but for those of the last materialization of an asset or of a partition of one."""
    import dagster as dg

    records = storage.get_run_records(dg.RunsFilter(created_before=before))
    old = {record.dagster_run.run_id for record in records}
    if not old:
        return
    for key in storage.get_asset_keys():
        partitions: set[str | None] = set()
        cursor = None
        while old:
            found = storage.fetch_materializations(key, limit=AT_ONCE, cursor=cursor)
            for record in found.records:  # the newest first
                if record.partition_key not in partitions:
                    partitions.add(record.partition_key)
                    old.discard(record.run_id)
            if not found.has_more:
                break
            cursor = found.cursor
    for run in sorted(old):
        storage.delete_run(run)


AT_ONCE = 1000  # events of an asset: as many as Dagster gives


def _kept_for(part: Part) -> str:
    return f"kept for {counted(part.days or 0, 'day')} (seeds/storage.csv)"


def _over(home: Home, part: Part, now: datetime) -> list[Path]:
    """What of a part was last written longer ago than it is kept."""
    before = part.before(now).timestamp()
    return [path for path in _each(home, part) if max(map(_written, [path, *_files(path)])) < before]


def _each(home: Home, part: Part) -> list[Path]:
    return sorted(path for pattern in part.where for path in home.root.glob(pattern))


def _written(path: Path) -> float:
    return path.lstat().st_mtime


def _files(path: Path) -> Iterator[Path]:
    """A file, or each file below a folder; what a link leads to is counted where it is."""
    if path.is_dir() and not path.is_symlink():
        for at, _, files in os.walk(path):
            yield from (Path(at, name) for name in files)
    elif path.is_file():
        yield path


def taken(home: Home, now: datetime | None = None) -> list[dict[str, Any]]:
    """A row a part, by the seed, and one for all else: bytes, files, the day of the oldest, and what becomes of it."""
    now = now or clock.now()
    seen: set[Path] = set()
    rows = []
    rest = Part(REST, ("*", ".*"), "", None, None, "", "no row of seeds/storage.csv")
    for part in (*parts(), rest):
        files = {file for path in _each(home, part) for file in _files(path)} - seen
        seen |= files
        stats = [file.lstat() for file in files]
        oldest = min((stat.st_mtime for stat in stats), default=None)
        rows.append(
            {
                "part": part.name,
                "bytes": sum(stat.st_size for stat in stats),
                "files": len(files),
                "oldest": datetime.fromtimestamp(oldest, UTC).date().isoformat() if oldest else None,
                "next": _next(home, part, now),
                "why": part.why,
            }
        )
    return rows


def _next(home: Home, part: Part, now: datetime) -> str:
    """What the next run does about a part."""
    if part.name == "warehouse":
        return f"{_free(home)}; {part.at_the_end}"
    if part.newest:
        return f"the newest {part.newest} kept, {part.at_the_end}"
    if part.days is None:
        return part.at_the_end
    due = {
        "folder": lambda: len(_over(home, part, now)),
        "file": lambda: len(_over(home, part, now)),
        "message": lambda: outbox.outdated(home, part.before(now).isoformat(timespec="seconds"))[1],
        "run": lambda: sum(
            _written(file) < part.before(now).timestamp() for file in home.dagster.glob("history/runs/*-*.db")
        ),
    }[part.each]()
    many = counted(due, part.each) if due else f"no {part.each}"
    return f"{many} over {counted(part.days, 'day')}; {part.at_the_end} at the end of a run"


def _free(home: Home) -> str:
    """How much of the warehouse's file is free, where nobody is writing it."""
    if not home.warehouse.exists():
        return "not built"
    try:
        with turn(home, patience=0, reads=True), open_read_only(home) as connection:
            used, free = blocks(connection, "warehouse")
    except WarehouseClosed:
        return "in use now"
    return f"{free / max(used + free, 1):.0%} free"
