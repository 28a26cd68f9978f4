"""Verify a release: every file against its manifest, and the pointer to the live one."""

# ruff: noqa: S608 - table names come from dbt's manifest, never from a user

import json
import re
from collections.abc import Callable, Iterable, Mapping
from difflib import get_close_matches
from pathlib import Path
from types import MappingProxyType

from orchestration.home import Home
from orchestration.ledger import chain, erasures, inventory, witnesses
from orchestration.ledger.opening import ledger_of
from orchestration.ledger.tables import releases
from orchestration.printing import counted
from orchestration.releases.package import FORBIDDEN, file_hash, files_of
from orchestration.statements import one_file
from orchestration.stopping import Stopped, read_json, way_back

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
    if not (folder / "manifest.json").is_file():
        return problems
    otherwise = _recorded_otherwise(home, name) or _chain_problems(home, manifest_of(home, name))
    return problems + [f"{name}: {problem}" for problem in otherwise]


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


class NotAsPublished(Stopped, RuntimeError):
    """A release, or a file of one, is not what was published: nothing is made of it."""


def named(home: Home, release: str | None = None) -> str:
    """`release` itself, or the one that `current` points at; NoRelease when there is none such."""
    current = home.releases / "current"
    if not release and current.is_symlink() and not current.exists():
        raise NoRelease(f"{current} points at {current.readlink()}, which is not there: {way_back(current)}")
    name = release or (current.resolve().name if current.exists() else "")
    if not name or not has_manifest(home, name):
        known = release_names(home)
        if not name:
            raise NoRelease(f"no release is live in {home.releases}: publish one (cpai publish 2023)")
        if (home.releases / name).is_dir():
            raise NotAsPublished(f"{name}: manifest.json is missing; restore it from a copy")
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


def as_published(
    home: Home, release: str | None = None, *files: str, also: Callable[[str], bool] = lambda _: False
) -> dict:
    """The manifest of a release, else of the live one: the one that the ledger has, and with it these files, whose bytes are
    as it says, and of those that it lists what is `also` read. What reads a release begins here.

    Raises NoRelease, NotAsPublished.
    """
    name = named(home, release)
    with ledger_of(home) as engine:
        lawful = {path: row["is_now"] for path, row in erasures.gone(engine, place_of(name)).items()}
    if problems := _recorded_otherwise(home, name):
        raise NotAsPublished(*(f"{name}: {problem}" for problem in problems))
    head = manifest_of(home, name)
    listed = [file["path"] for file in head["files"] if also(file["path"])]
    if problems := differing(home.releases / name, [*files, *listed], lawful):
        raise NotAsPublished(*(f"{name}: {problem}" for problem in problems))
    return head


def _recorded_otherwise(home: Home, name: str) -> list[str]:
    """Where the manifest of a release is not the one in the ledger."""
    file = home.releases / name / "manifest.json"
    sha256 = recorded(home).get(name)
    if sha256 is None:
        with ledger_of(home) as engine:
            cut = [witnesses.problems(engine, one, [home.root / inventory.FILE]) for one in chain.CHAINS]
        if any(cut):
            return [
                "is not in the ledger, which has less than it had, or another end: restore it from its last backup"
            ]
        return ["is not in the ledger: a run was cut off; publish its period again"]
    if not file.is_file():
        return ["manifest.json is missing; restore it from a copy"]
    if file_hash(file) != sha256:
        return ["manifest.json is not the one that was published; restore it from a copy"]
    return []


def differing(folder: Path, files: Iterable[str], lawful: Mapping[str, str]) -> list[str]:
    """Of these files of a release, those that are not as its manifest says, or as an erasure by law has left them."""
    listed = {file["path"]: file["sha256"] for file in read_json(folder / "manifest.json")["files"]} | dict(
        lawful
    )
    problems = []
    for path in files:
        if not (folder / path).is_file():
            problems.append(f"{path} is missing; restore it from a copy")
        elif file_hash(folder / path) != listed.get(path):
            problems.append(f"{path} was changed after publishing; restore it from a copy")
    return problems


def erased_in(folder: Path) -> dict[str, str]:
    """By path the SHA-256 that files of a release have since erasures by law, as the release itself says."""
    file = folder / ERASED
    if not file.is_file():
        return {}
    return {path: one["is_now"] for row in read_json(file) for path, one in row["files"].items()}


def has_manifest(home: Home, release: str) -> bool:
    return (home.releases / release / "manifest.json").is_file()


def manifest_of(home: Home, release: str) -> dict:
    return read_json(home.releases / release / "manifest.json")


def problems_of(folder: Path, lawful: Mapping[str, str] = MappingProxyType({})) -> list[str]:
    """Where `folder` differs from its own manifest: changed, missing and extra files. `lawful`: by path the SHA-256 of
    files as an erasure left them."""
    manifest = folder / "manifest.json"
    if not manifest.is_file():
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
        if (folder / path).is_symlink() or not (folder / path).is_file():
            problems.append(f"{path} is a link or no file; restore it from a copy")
            continue
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
                source = "read_csv(?, header = true, all_varchar = true, delim = ',', quote = '\"', hive_partitioning = false)"
            else:
                source = "read_parquet(?, hive_partitioning = false)"
            parameters = [one_file(folder / resource["path"])]
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
        if current.is_dir():
            return [f"{current.readlink()}: manifest.json is missing; restore it from a copy"]
        return [
            f"current: points at {current.readlink()}, which is no release; restore that from a copy, else publish again"
        ]
    return []


def recorded(home: Home) -> dict[str, str]:
    """Every release that was published, with the SHA-256 of its manifest."""
    from sqlalchemy import select

    with ledger_of(home) as engine, engine.connect() as ledger:
        rows = ledger.execute(select(releases.c.release, releases.c.manifest_sha256))
        return {row.release: row.manifest_sha256 for row in rows}
