"""What a release promises beside its figures: since when its day was announced, by which policies it is made, and what each
force says of the quality of its records. Rows of `seeds/publication/`."""

import hashlib
from datetime import date
from pathlib import Path

from orchestration.home import SEEDS, Home, file_hash, seed_rows
from orchestration.ledger import log
from orchestration.ledger.opening import ledger_of
from orchestration.quarters import in_period, valid
from orchestration.releases.calendar import NotAsPromised, read_as

# who, beside those who record the crimes, has looked at them
ASSURANCE = {
    "none": "nobody has",
    "self_assessed": "the force itself, by its own sample",
    "reviewed": "another force or the national programme",
    "audited": "an auditor from outside the police",
}

ANNOUNCED = "release announced"


def announced(home: Home) -> dict[tuple[str, str], str]:
    """By period and the day planned, since which day both stand in the calendar beside the releases: by the log, whatever a
    row of the calendar says."""
    with ledger_of(home) as engine:
        found = log.acts(engine, ANNOUNCED)
    return {(row["set"]["period"], row["set"]["planned_on"]): row["at"][:10] for row in reversed(found)}


def announce(home: Home) -> None:
    """What is new in the calendar is in the log before it stands on the page of all releases."""
    known = announced(home)
    new = [
        {name: row[name] for name in ("period", "planned_on", "announced_on")}
        for row in seed_rows("publication/release_calendar.csv")
        if (row["period"], row["planned_on"]) not in known
    ]
    if new:
        log.note_each(home, "administration", ANNOUNCED, [(row, "the public") for row in new])


def policies(seeds: Path = SEEDS) -> list[dict]:
    """Each policy with its version; `is_as_decided`: whether its seeds are still those that were decided. Raises
    NotAsPromised."""
    found = []
    for row in seed_rows("publication/policies.csv", seeds):
        where = f"policies.csv, {row['policy']}"
        read_as(date.fromisoformat, row["decided_on"], f"{where}: decided_on is no date; write 2023-06-29")
        if missing := [name for name in row["files"].split() if not (seeds / name).is_file()]:
            raise NotAsPromised(f"{where}: seeds/{missing[0]} is not there; correct how it is written")
        found.append(row | {"is_as_decided": row["sha256"] == hash_of(row["files"], seeds)})
    return found


def hash_of(files: str, seeds: Path = SEEDS) -> str:
    """SHA-256 over the hashes of seeds, given by their names with a blank between: `sha256` of a row of `policies.csv`."""
    return hashlib.sha256("".join(file_hash(seeds / name) for name in files.split()).encode()).hexdigest()


def quality_statements(period: str, seeds: Path = SEEDS) -> list[dict[str, str]]:
    """What stands for each force in the last quarter of the period, with its crime system, and in words who `assured` it. A
    force that has said nothing has blank cells. Raises NotAsPromised."""
    last = in_period(period)[-1]
    stands: dict[str, dict[str, str]] = {}
    for row in seed_rows("publication/quality_statements.csv", seeds):
        _check(row)
        if row["from_quarter"] <= last:
            before = stands.get(row["force"])
            stands[row["force"]] = max(before or row, row, key=lambda one: one["from_quarter"])
    columns = ("from_quarter", "assurance_level", "known_limits", "confirmed_by", "confirmed_on")
    found = []
    for force in seed_rows("forces.csv", seeds):
        if force["from_quarter"] <= last <= (force["to_quarter"] or last):
            row = stands.get(force["force"]) or dict.fromkeys(columns, "")
            assured = ASSURANCE.get(row["assurance_level"], "no statement")
            of_force = {name: force[name] for name in ("force", "crime_system")}
            found.append(of_force | {name: row[name] for name in columns} | {"assured": assured})
    return found


def _check(row: dict[str, str]) -> None:
    where = f"quality_statements.csv, {row['force']}, {row['from_quarter']}"
    read_as(valid, row["from_quarter"], f"{where}: from_quarter is no quarter; write 2023-Q1")
    if row["assurance_level"] not in ASSURANCE:
        raise NotAsPromised(f"{where}: its assurance_level is none of {', '.join(ASSURANCE)}")
    if not row["known_limits"]:
        raise NotAsPromised(f"{where}: known_limits is blank; write what is known, or `none known`")
    if (row["assurance_level"] == "none") != (not row["confirmed_by"]):
        raise NotAsPromised(
            f"{where}: a statement that was assured is confirmed by somebody; fill in confirmed_by"
        )
    if row["confirmed_by"]:
        read_as(
            date.fromisoformat, row["confirmed_on"], f"{where}: confirmed_on is no date; write 2023-03-31"
        )
