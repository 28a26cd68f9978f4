"""Replay a release: are the bytes it was built from still there, and do they give the same tables again?"""

import tempfile
from collections.abc import Collection
from pathlib import Path

from orchestration.home import Home
from orchestration.ledger import erasures, log
from orchestration.ledger.opening import ledger_of
from orchestration.quarters import in_period
from orchestration.releases import inputs, lineage, package
from orchestration.releases.comparison import NOT_FROM_THE_WAREHOUSE, came_since, listed
from orchestration.releases.inputs import erased_since
from orchestration.releases.verify import as_published
from orchestration.statements import Connection
from orchestration.warehouse.attached import open_warehouse

OF_RECORDS = ("submissions", "readings", "cancelled_by")  # inputs that an erased record was in


def replay(home: Home, release: str | None = None, told: list[str] | None = None) -> list[str]:
    """Problems on rebuilding the tables of `release` from the warehouse as it is; empty when all are equal.

    Where records that it was made from have been erased by law since, its tables cannot come out the same: that is no
    problem, and `told` gets a sentence of it, with how many tables differ.

    The archive must hold every file of every submission, and the warehouse be built from the release's own
    submissions, readings, seeds and code: when not, a problem names what differs, and nothing is rebuilt.
    """
    head = as_published(home, release)
    release = head["release"]
    log.note(home, "combination", "tables of a release made again", {"release": release})
    with ledger_of(home) as engine:
        problems = _archive_problems(home, head, erasures.gone(engine, erasures.ARCHIVE).keys())
        since = erased_since(engine, head)
    with open_warehouse(home) as connection:
        now = inputs.read(home, head["period"], connection)
        differ: list[str] = [
            name.replace("_", " ")
            for name in inputs.COMPARED
            # a release of an older version of this project has no such name in its manifest
            if name in head and getattr(now, name) != head[name] and not (since and name in OF_RECORDS)
        ]
        if now.code != head["code_sha256"]:
            differ.append(f"code (released from {head['code_commit'] or head['code_sha256'][:12]})")
        if differ:
            return [
                *problems,
                f"the warehouse is not built from what {release} was: {', '.join(differ)} differ",
            ]
        with tempfile.TemporaryDirectory(dir=home.releases, prefix=".building-replay-") as folder:
            differing = _rebuild(connection, home, head, Path(folder))
        # a table of a period may hang on returns of others: the inputs of the period are no whole reason
        if differing and since:
            names = ", ".join(f"{row['erasure']} of {row['at'][:10]}" for row in since)
            if told is not None:
                told.append(
                    f"{len(differing)} files of {release} do not come out the same: records that they were made from have been "
                    f"erased by law since (erasure {names}). Nothing else that it was made from differs"
                )
            return problems
        if differing and (since_then := came_since(connection, head, now, in_period(head["period"]))):
            differing.append(f"other returns, readings or waivers came since {release}: {listed(since_then)}")
        return problems + differing


def _archive_problems(home: Home, head: dict, gone: Collection[str]) -> list[str]:
    kept = {path.name.split(".")[0]: path for path in home.archive.rglob("*") if path.is_file()}
    received = [
        (file, f"{row['force']} {row['quarter']} submission {row['submission']}")
        for row in head["submissions"]
        for file in row["files"]
    ]
    received += [
        (file, f"recorded crime of {file['published_on']}") for file in head.get("recorded_crime", [])
    ]
    problems = []
    for file, of in received:
        path = kept.get(file["sha256"])
        if file["sha256"] in gone:
            continue
        if path is None:
            problems.append(f"the archive has lost {file['file']} of {of}; restore it from a copy")
        elif package.file_hash(path) != file["sha256"]:
            problems.append(
                f"the archive's copy of {file['file']} of {of} was changed; restore it from a copy"
            )
    return problems


def _rebuild(connection: Connection, home: Home, head: dict, folder: Path) -> list[str]:
    connection.execute("attach ':memory:' as target")
    period = head["period"]
    package.copy_tables(connection, lineage.dbt_manifest(home), head["release"], period, in_period(period))
    package.write_files(connection, folder)
    again = {path: package.file_hash(folder / path) for path in package.files_of(folder)}
    then = {
        file["path"]: file["sha256"]
        for file in head["files"]
        if file["path"].endswith((".parquet", ".csv"))
        # the public tier is not either: what it may show depends on what earlier releases showed
        and not file["path"].startswith((*NOT_FROM_THE_WAREHOUSE, "public/"))
    }
    return [
        f"{path} does not come out the same again" for path in sorted(then) if again.get(path) != then[path]
    ]
