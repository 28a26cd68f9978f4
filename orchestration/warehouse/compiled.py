"""dbt's models as SQL that runs in any DuckDB without dbt: what `cpai check` checks a force's own return with.

Compiled once for each version of the models and seeds (about 15 s, most of it importing and parsing): into the package
when a wheel is made, else into a cache folder. It is dbt's own output, so a check and the national run can only agree.
"""

import hashlib
import json
import os
from dataclasses import asdict, dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from orchestration import strict_csv
from orchestration.home import SEEDS, Home, seed_rows
from orchestration.progress import over
from orchestration.statements import Connection
from orchestration.warehouse import cache, changes
from orchestration.warehouse.dbt import invoke, seed_file, source_hash

SHIPPED = Path(__file__).with_name("compiled.json")
DATABASE = "warehouse"  # dbt-duckdb's name for warehouse.duckdb, which its SQL names in every relation


@dataclass(frozen=True)
class Step:
    """One relation to make: a seed with its column types and file under seeds/, or a model with its SQL."""

    name: str
    schema: str
    kind: str  # seed, table or view
    sql: str = ""
    file: str = ""
    columns: dict[str, str] = field(default_factory=dict)

    @property
    def relation(self) -> str:
        return f'"{DATABASE}"."{self.schema}"."{self.name}"'


def steps(models: tuple[str, ...]) -> list[Step]:
    """`models` and everything they are made from, in the order to make them.

    From the package where it carries them, else from the cache, else compiled and cached. Raises BuildFailed when
    dbt cannot compile them.
    """
    if found := _kept(models):
        return found
    compiled, version = _compile(models), _version(models)
    cache.write_if_it_can(cache.place("models", version), version, [asdict(step) for step in compiled])
    return compiled


def ready(models: tuple[str, ...]) -> bool:
    """Whether `steps` would answer at once."""
    return _kept(models) is not None


def ship(models: tuple[str, ...]) -> None:
    """Compile `models` into the package itself, as a wheel has to carry them: `make wheel`."""
    cache.write(SHIPPED, _version(models), [asdict(step) for step in _compile(models)])
    SHIPPED.chmod(0o644)  # whoever installs the wheel reads it


def _version(models: tuple[str, ...]) -> str:
    return hashlib.sha256(f"{source_hash()} {' '.join(models)}".encode()).hexdigest()


def _kept(models: tuple[str, ...]) -> list[Step] | None:
    """The steps that the package carries, else those in the cache."""
    version = _version(models)
    found = cache.read(SHIPPED, version) or cache.read(cache.place("models", version), version)
    return [Step(**step) for step in found] if found else None


def _compile(models: tuple[str, ...]) -> list[Step]:
    with TemporaryDirectory() as place:
        home = Home(Path(place))
        invoke(home, ["compile", "--select", *(f"+{model}" for model in models)])
        nodes = json.loads((home.dbt / "target" / "manifest.json").read_text(encoding="utf-8"))["nodes"]
    by_name = {node["name"]: key for key, node in nodes.items() if node["resource_type"] == "model"}
    ordered: dict[str, Step | None] = {}

    def add(key: str) -> None:
        if key in ordered or key not in nodes:
            return
        node = nodes[key]
        if node["resource_type"] == "seed":
            file = seed_file(node)
            # a copy goes by position, so the columns are the file's, in its order
            headings = strict_csv.read(SEEDS / file, f"seeds/{file}").headings
            columns = {name: node["config"]["column_types"][name] for name in headings}
            ordered[key] = Step(node["name"], node["schema"], "seed", file=file, columns=columns)
            return
        for parent in node["depends_on"]["nodes"]:
            add(parent)
        kind = node["config"]["materialized"]
        # an ephemeral model is already inside those that read it
        wanted = kind != "ephemeral" or node["name"] in models
        ordered[key] = (
            Step(node["name"], node["schema"], "view" if kind == "view" else "table", node["compiled_code"])
            if wanted
            else None
        )

    for model in models:
        add(by_name[model])
    return [step for step in ordered.values() if step]


def build(connection: Connection, made: list[Step], raw: Path, seeds: Path = SEEDS) -> None:
    """Make every step in the DuckDB `connection` from the raw Parquet in `raw`, as dbt would in a warehouse.

    `seeds`: the folder of the seeds' rows, the project's own but in a trial.
    """
    connection.execute(f"attach ':memory:' as {DATABASE}; use {DATABASE}")
    connection.execute("set file_search_path = ?", [str(raw)])
    connection.execute("set variable token_key = ?", [os.urandom(16).hex()])
    changes.prepare(connection, raw)
    for schema in dict.fromkeys(step.schema for step in made):
        connection.execute(f'create schema if not exists "{schema}"')
    for step in over("checking the rules", made, name=lambda step: step.name):
        make(connection, step, seeds)


def make(connection: Connection, step: Step, seeds: Path = SEEDS) -> None:
    """The relation of one step, from those that stand before it."""
    if step.kind == "seed":
        columns = ", ".join(f'"{name}" {kind}' for name, kind in step.columns.items())
        connection.execute(f"create table {step.relation} ({columns})")
        connection.register("rows_of_seed", _as_arrow(seed_rows(step.file, seeds), step.columns))
        connection.execute(f"insert into {step.relation} select * from rows_of_seed")  # noqa: S608 - a name of ours
        connection.unregister("rows_of_seed")
    else:
        connection.execute(f"create {step.kind} {step.relation} as {step.sql}")


def _as_arrow(rows: list[dict[str, str]], columns: dict[str, str]) -> Any:
    import pyarrow as pa

    return pa.table({name: pa.array([row[name] or None for row in rows], pa.string()) for name in columns})
