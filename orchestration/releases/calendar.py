"""What is announced about releases: when each is planned, what it will be, who sees it before, and what was wrong.

Rows of `seeds/publication/`: a date, a person's role or an erratum is never code.
"""

from collections.abc import Callable
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any

from orchestration.home import SEEDS, seed_rows
from orchestration.quarters import in_period
from orchestration.releases.reports.page import unexplained

# Pre-release Access to Official Statistics Order 2008 (SI 2008/2998): the longest access that it allows
LONGEST_ACCESS = timedelta(hours=24)
# Code of Practice for Statistics, T3.1: a day of release is announced at least four weeks before
ANNOUNCED_BEFORE = timedelta(weeks=4)
STATUSES = ("provisional", "final")


class NotAsPromised(ValueError):
    """A row of `seeds/publication` breaks its own rule; the message names it and what to do."""


def statement(period: str, seeds: Path = SEEDS) -> dict:
    """What a release of `period` is: `kind`, `status`, `planned_on` and `announced_on` (None where the calendar has no such
    row: it is then provisional), `pre_release_access`, `errata` and `explained_revisions` (rows of their seeds, in order).

    Raises NotAsPromised.
    """
    planned = _planned(seeds)
    row = planned.get(period, {})
    errata = [
        erratum
        for erratum in _errata(seeds)
        if set(in_period(erratum["release"].rpartition(".r")[0])) & set(in_period(period))
    ]
    return {
        "kind": row.get("kind") or None,
        "status": row.get("status") or "provisional",
        "planned_on": row.get("planned_on") or None,
        "announced_on": row.get("announced_on") or None,
        "pre_release_access": [access for access in _access(seeds, planned) if access["period"] == period],
        "errata": errata,
        "explained_revisions": [
            row for row in _explained(seeds) if row["release"].rpartition(".r")[0] == period
        ],
    }


def _planned(seeds: Path) -> dict[str, dict[str, str]]:
    planned = {}
    for row in seed_rows("publication/release_calendar.csv", seeds):
        where = f"release_calendar.csv, {row['period']}"
        if row["period"] in planned:
            raise NotAsPromised(f"{where}: is there twice; take one out")
        if row["status"] not in STATUSES:
            raise NotAsPromised(f"{where}: its status is none of {', '.join(STATUSES)}")
        planned_on, announced_on = (
            read_as(date.fromisoformat, row[name], f"{where}: {name} is no date; write 2023-06-29")
            for name in ("planned_on", "announced_on")
        )
        if planned_on - announced_on < ANNOUNCED_BEFORE and not row["note"]:
            raise NotAsPromised(
                f"{where}: was announced {(planned_on - announced_on).days} days before the day planned, and four weeks are "
                "promised; plan it later, or write the reason into note"
            )
        planned[row["period"]] = row
    return planned


def _access(seeds: Path, planned: dict[str, dict[str, str]]) -> list[dict[str, str]]:
    rows = seed_rows("publication/pre_release_access.csv", seeds)
    for row in rows:
        where = f"pre_release_access.csv, {row['period']}, {row['role']}"
        if row["period"] not in planned:
            raise NotAsPromised(f"{where}: release_calendar.csv has no such period; announce it first")
        if not all(row[name] for name in ("role", "organisation", "reason")):
            raise NotAsPromised(f"{where}: role, organisation and reason must all be filled in")
        wanted = f"{where}: from and until are moments; write 2024-11-05T09:30:00+00:00"
        begins = read_as(datetime.fromisoformat, row["from"], wanted)
        ends = read_as(datetime.fromisoformat, row["until"], wanted)
        if not timedelta(0) < ends - begins <= LONGEST_ACCESS:
            raise NotAsPromised(f"{where}: access is before publication and for at most 24 hours; shorten it")
        if ends.date() != date.fromisoformat(planned[row["period"]]["planned_on"]):
            raise NotAsPromised(f"{where}: until is not on the day that the release is planned; correct one")
    return rows


def _errata(seeds: Path) -> list[dict[str, str]]:
    rows = seed_rows("publication/errata.csv", seeds)
    for row in rows:
        where = f"errata.csv, {row['figure_id']}"
        for name in ("release", "corrected_in"):
            period, _, number = row[name].rpartition(".r")
            if (row[name] or name == "release") and not number.isdigit():
                raise NotAsPromised(f"{where}: {name} is no release; write it like 2023.r1")
            if row[name]:
                read_as(in_period, period, f"{where}: {name} is no release; write it like 2023.r1")
        read_as(date.fromisoformat, row["found_on"], f"{where}: found_on is no date; write 2024-12-01")
        if not row["figure_id"] or not row["reason"]:
            raise NotAsPromised(f"{where}: figure_id and reason must both be filled in")
        if unexplained(row["reason"]):
            raise NotAsPromised(
                f"{where}: its reason has a number, which reports would print as no figure; write in words what was wrong"
            )
    return rows


def _explained(seeds: Path) -> list[dict[str, str]]:
    """Revisions that a person explains, as nothing recorded does; `every` stands for all figures, places or periods."""
    rows = seed_rows("publication/explained_revisions.csv", seeds)
    for row in rows:
        where = f"explained_revisions.csv, {row['release']}, {row['figure_id']}"
        period, _, number = row["release"].rpartition(".r")
        wanted = f"{where}: the release has another form; write it like 2023.r2"
        if not number.isdigit():
            raise NotAsPromised(wanted)
        read_as(in_period, period, wanted)
        if not all(row.values()):
            raise NotAsPromised(
                f"{where}: every column must be filled in; write `every` for all figures, places or periods"
            )
        read_as(date.fromisoformat, row["signed_on"], f"{where}: signed_on is no date; write 2024-12-01")
    return rows


def read_as(read: Callable[[str], object], text: str, wanted: str) -> Any:
    """A cell read, or NotAsPromised with what is wanted."""
    try:
        return read(text)
    except ValueError:
        raise NotAsPromised(wanted) from None
