"""Verify a release: every file against its manifest, and the pointer to the live one."""

# ruff: noqa: S608 - table names come from dbt's manifest, never from a user

import json
import re
from collections.abc import Mapping
from difflib import get_close_matches
from pathlib import Path
from types import MappingProxyType

from orchestration.home import Home
from orchestration.ledger import chain, erasures, witnesses
from orchestration.ledger.opening import ledger_of
from orchestration.ledger.tables import releases
from orchestration.printing import counted
from orchestration.releases.package import FORBIDDEN, file_hash, files_of
from orchestration.stopping import Stopped

ERASED = "erased.json"  # in a release: what was erased of it since it was published


def place_of(release: str) -> str:
    """The place that a release's files have in the ledger's list of what was erased."""
    return f"release {release}"


def verify(home: Home, release: str | None = None) -> list[str]:
    """Problems of `release`, else of the live one, and of `current`; none where all is as published."""
    if pointing := _pointer(home):
        return pointing
    name = release or (home.releases / "current").readlink().name
    if not (home.releases / name).is_dir():
        named(home, name)
    folder = home.releases / name
    with ledger_of(home) as engine:
        gone = erasures.gone(engine, place_of(name))
        broken = erasures.verify(engine)
    lawful = {path: row["is_now"] for path, row in gone.items()}
    problems = broken + [f"{name}: {problem}" for problem in problems_of(folder, lawful)]
    recorded = _recorded(home).get(name)
    if recorded is None:
        problems.append(f"{name}: is not in the ledger: a run was cut off; publish its period again")
    elif not (folder / "manifest.json").exists():
        return problems
    elif file_hash(folder / "manifest.json") != recorded:
        problems.append(f"{name}: manifest.json is not the one that was published; restore it from a copy")
    else:
        problems += [f"{name}: {problem}" for problem in _chain_problems(home, manifest_of(home, name))]
    return problems


def _chain_problems(home: Home, head: dict) -> list[str]:
    """Whether the ledger still holds, as they were written, the readings that the release was made from, and the log as
    far as it then went."""
    problems: list[str] = []
    with ledger_of(home) as engine:
        for name, end in witnesses.of_document(head).items():
            table = chain.CHAINS[name]
            problems += chain.verify(engine, chain.number_of(end, table), table)
            problems += chain.ends_otherwise(engine, {head["release"]: end}, table)
    return problems


def erased_since(home: Home, release: str | None = None) -> list[str]:
    """A sentence for each erasure, by law, of records of a release after it was published."""
    name = named(home, release)
    with ledger_of(home) as engine:
        gone = erasures.gone(engine, place_of(name))
    files: dict[int, list[dict]] = {}
    for row in gone.values():
        files.setdefault(row["erasure"], []).append(row)
    return [
        f"{name}: lawfully erased after publication, on {rows[0]['at'][:10]} by authority of {rows[0]['authority']} (erasure "
        f"{number}): {counted(max(row['many'] for row in rows), 'row')} about records; its figures are as they were published"
        for number, rows in sorted(files.items())
    ]


def release_names(home: Home) -> list[str]:
    """Every release in the home, sorted by period and number."""
    pattern = re.compile(r"(\d{4}(?:-Q[1-4])?)\.r(\d+)")
    found = [pattern.fullmatch(path.name) for path in home.releases.glob("*.r*")]
    return [match[0] for match in sorted(filter(None, found), key=lambda match: (match[1], int(match[2])))]


class NoRelease(Stopped, FileNotFoundError):
    """There is no release of this name, or none at all."""

    code = 2


def named(home: Home, release: str | None = None) -> str:
    """`release` itself, or the one that `current` points at; NoRelease when there is none such."""
    name = release or (
        (home.releases / "current").resolve().name if (home.releases / "current").exists() else ""
    )
    if not name or not has_manifest(home, name):
        known = release_names(home)
        if not name:
            raise NoRelease(f"no release is live in {home.releases}: publish one (cpai publish 2023)")
        near = get_close_matches(name, known, 1, 0.6)
        raise NoRelease(
            f"there is no release {name!r} in {home.releases}"
            + (
                f"; did you mean {near[0]}?"
                if near
                else f"; there {'are ' + ', '.join(known) if known else 'is none yet'}"
            )
        )
    return name


def has_manifest(home: Home, release: str) -> bool:
    return (home.releases / release / "manifest.json").exists()


def manifest_of(home: Home, release: str) -> dict:
    try:
        return json.loads((home.releases / release / "manifest.json").read_text(encoding="utf-8"))
    except ValueError:
        raise Stopped(f"{release}: manifest.json is damaged; restore the release from a copy") from None


def problems_of(folder: Path, lawful: Mapping[str, str] = MappingProxyType({})) -> list[str]:
    """Where `folder` differs from its own manifest: changed, missing and extra files. `lawful`: by path the SHA-256 of
    files as an erasure left them."""
    manifest = folder / "manifest.json"
    if not manifest.exists():
        return ["has no manifest.json: it is not a release; restore it from a copy"]
    try:
        listed = {file["path"]: file for file in json.loads(manifest.read_text(encoding="utf-8"))["files"]}
    except ValueError:
        return ["manifest.json is damaged; restore it from a copy"]
    present = set(files_of(folder))
    wanted = {path: file["sha256"] for path, file in listed.items()} | dict(lawful)
    problems = [f"{path} is missing; restore it from a copy" for path in sorted(wanted.keys() - present)]
    problems += [f"{path} is not in the manifest; take it out" for path in sorted(present - wanted.keys())]
    for path in sorted(present & wanted.keys()):
        if (now := file_hash(folder / path)) == wanted[path]:
            continue
        if path in lawful and path in listed and now == listed[path]["sha256"]:
            problems.append(f"{path} is as before an erasure; finish that by `cpai erase again`")
        else:
            problems.append(f"{path} was changed after publishing; restore it from a copy")
    return problems


def contents(folder: Path) -> list[str]:
    """What no hash can show: Parquet and CSV hold the rows of marts.duckdb, no column is personal."""
    import duckdb

    problems = []
    described = json.loads((folder / "datapackage.json").read_text(encoding="utf-8"))["resources"]
    connection = duckdb.connect(str(folder / "marts.duckdb"), read_only=True)
    try:
        columns = connection.execute("select distinct column_name from duckdb_columns()").fetchall()
        problems += [
            f"marts.duckdb has the personal column {name}" for (name,) in columns if name in FORBIDDEN
        ]
        for resource in described:
            schema, table = resource["name"].removesuffix(".csv").split(".")
            if resource["format"] == "csv":
                source = "read_csv(?, header = true, all_varchar = true, delim = ',', quote = '\"')"
            else:
                source = "read_parquet(?)"
            parameters = [str(folder / resource["path"])]
            ((found,),) = connection.execute(f"select count(*) from {source}", parameters).fetchall()
            ((wanted,),) = connection.execute(f'select count(*) from {schema}."{table}"').fetchall()
            if found != wanted:
                problems.append(f"{resource['path']} has {found} rows, {schema}.{table} has {wanted}")
    finally:
        connection.close()
    return problems


def _pointer(home: Home) -> list[str]:
    current = home.releases / "current"
    if not current.is_symlink():
        return [f"there is no live release in {home.releases}: publish one (cpai publish 2023)"]
    if not (current / "manifest.json").exists():
        return [f"current: points at {current.readlink()}, which is no release; publish again"]
    return []


def _recorded(home: Home) -> dict[str, str]:
    from sqlalchemy import select

    with ledger_of(home) as engine, engine.connect() as ledger:
        rows = ledger.execute(select(releases.c.release, releases.c.manifest_sha256))
        return {row.release: row.manifest_sha256 for row in rows}
