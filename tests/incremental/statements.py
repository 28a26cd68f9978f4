"""dbt's own statements for every model, run without dbt: a build of a few small returns takes a second and not ten.

dbt compiles them twice, for a warehouse in which nothing was built before and for one that has every table. They are run in
dbt's order and in the way of its materializations: a view and a table are made again; of an incremental model rows are
deleted as its hook has it, then inserted. `test_by_dbt.py` compares dbt itself with them.
"""

import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import duckdb
from by_hand import KEY, run_dbt

from orchestration.home import Home
from orchestration.keys import token_key
from orchestration.warehouse import changes, history, selection
from orchestration.warehouse.dbt import invoke


@dataclass(frozen=True)
class Model:
    """A model's statements: `anew` where its table is not there yet, `again` where it is; `forgotten` is the condition of
    the rows that are deleted first, none where a table only grows; what data does not reach is made once, and let be. What
    `is_of_a_build` lists what that makes again: it is as it should be where all others are."""

    name: str
    relation: str
    kind: str
    anew: str
    again: str
    forgotten: str | None = None
    is_reached: bool = True
    is_of_a_build: bool = False


def of_models(folder: Path) -> list[Model]:
    """Every model of the project in dbt's order. `folder` is written to."""
    anew = _compiled(Home(folder / "anew"))
    again = _compiled(_with_tables(Home(folder / "again"), anew.values()))
    forgotten = _forgotten(Home(folder / "hooks"), anew)
    return [
        Model(
            name=node["name"],
            relation=f'"{node["schema"]}"."{node["name"]}"',
            kind="python" if node["language"] == "python" else node["config"]["materialized"],
            anew=node["raw_code"] if node["language"] == "python" else node["compiled_code"],
            again=again[key]["compiled_code"],
            forgotten=forgotten.get(node["name"]),
            is_reached=_is_reached(key, anew),
            is_of_a_build=selection.OF_THIS_BUILD in node["tags"],
        )
        for key, node in _in_order(anew)
        if node["config"]["materialized"] != "ephemeral"
    ]


def _compiled(home: Home) -> dict[str, dict]:
    invoke(home, ["compile"])
    nodes = json.loads((home.dbt / "target" / "manifest.json").read_text(encoding="utf-8"))["nodes"]
    return {key: node for key, node in nodes.items() if node["resource_type"] == "model"}


def _with_tables(home: Home, nodes: Iterable[dict]) -> Home:
    """A home whose warehouse has each incremental model, of whatever columns: more is not asked when it is compiled."""
    home.root.mkdir(parents=True)
    token_key(home)  # before there is a warehouse: a home with one has lost its key
    with duckdb.connect(str(home.warehouse)) as connection:
        for node in nodes:
            if node["config"]["materialized"] == "incremental":
                connection.execute(f'create schema if not exists "{node["schema"]}"')
                connection.execute(f'create table "{node["schema"]}"."{node["name"]}" (force varchar)')
    return home


def _in_order(nodes: dict[str, dict]) -> list[tuple[str, dict]]:
    order: dict[str, dict] = {}

    def add(key: str) -> None:
        if key in nodes and key not in order:
            for parent in nodes[key]["depends_on"]["nodes"]:
                add(parent)
            order[key] = nodes[key]

    for key in nodes:
        add(key)
    return list(order.items())


def _is_reached(key: str, nodes: dict[str, dict]) -> bool:
    """Whether a model leads back to a source."""
    parents = nodes[key]["depends_on"]["nodes"] if key in nodes else []
    return any(parent.startswith("source.") or _is_reached(parent, nodes) for parent in parents)


def _forgotten(home: Home, nodes: dict[str, dict]) -> dict[str, str]:
    """The condition in the hook of each incremental model: dbt renders a hook when it runs it, so all of them are rendered
    as one query."""
    written = {}
    for node in nodes.values():
        hooks = " ".join(hook["sql"] for hook in node["config"]["pre-hook"])
        if found := re.search(r"forget\((.*)\) *\}\}|delete from .* where \{\{ *(.*?) *\}\}", hooks):
            written[node["name"]] = found[1] or found[2]
    query = "\nunion all\n".join(f"select '{name}', $${{{{ {text} }}}}$$" for name, text in written.items())
    (result,) = invoke(home, ["compile", "--inline", query]).result.results
    return dict(re.findall(r"select '(\w+)', \$\$(.*?)\$\$", result.node.compiled_code, re.DOTALL))


class Warehouse:
    """A warehouse in memory, over the raw files of a home, which begins as a copy of `database`: the seeds alone, or with what
    was built before. `nodes`: dbt's, which say what hangs on a seed."""

    def __init__(
        self,
        models: list[Model],
        database: Path,
        home: Home,
        key: str = KEY,
        nodes: Mapping[str, Any] | None = None,
    ) -> None:
        self.models, self.raw, self.nodes = models, home.raw, nodes or {}
        history.prepare(home)
        # of a few rows a second thread costs more than it does
        self.connection = duckdb.connect(config={"threads": 1})
        self.connection.execute("attach ':memory:' as warehouse; use warehouse")
        self.connection.execute(f"attach '{database}' as begun (read_only)")
        self.connection.execute("copy from database begun to warehouse; detach begun")
        self.connection.execute(f"set file_search_path = '{home.raw}'")
        for name in ("token_key", "first_key"):
            self.connection.execute(f"set variable {name} = ?", [key])
        found = self.rows("select table_name from information_schema.tables")
        self.there = {model.name for model in models} & {name for (name,) in found}
        self.other_cells: list[str] = []
        self.changed: set[str] = set()

    def change_seed(self, seed: str, update: str) -> None:
        """The next build loads a seed whose file has other cells."""
        self.other_cells.append(update)
        self.changed.add(f"seed.cpai.{seed}")

    def build(self, killed_after: int | None = None) -> None:
        """Make again what has changed, then anew what hangs on a changed seed; `killed_after`: so many models, then no more."""
        parts = [(False, self.models, [])]
        if self.changed:
            selected = selection.of_change(self.nodes, changed=self.changed)
            anew = [model for model in self.models if model.name in selected.anew]
            before = [model for model in self.models if model not in anew or model.name in selected.names]
            parts = [(False, before, []), (True, anew, self.other_cells)]
        left = killed_after
        for everything, models, other_cells in parts:
            if left is not None and left <= 0:
                break
            self._prepare(everything)
            while other_cells:
                self.connection.execute(other_cells.pop(0))
            for model in models[:left]:
                self._make(model, everything)
            left = None if left is None else left - len(models)
        if killed_after is None:
            changes.note(self.connection, "these models", {})
            self.changed.clear()

    def _prepare(self, everything: bool) -> None:
        for name in (f"raw_{kind}" for kind in changes.KINDS):
            self.connection.execute(f"reset variable {name}")
        for name, value in changes.prepare(self.connection, self.raw, everything).items():
            self.connection.execute(f"set variable {name} = ?", [value])

    def _make(self, model: Model, anew: bool = False) -> None:
        connection, relation = self.connection, model.relation
        if model.name in self.there and not anew and (model.kind == "view" or not model.is_reached):
            return
        connection.execute(f"create schema if not exists {relation.partition('.')[0]}")
        if model.kind == "python":
            connection.register("made", self._in_python(model))
            connection.execute(f"create or replace table {relation} as from made")
        elif model.kind == "incremental" and model.name in self.there and not anew:
            if model.forgotten is not None:
                connection.execute(f"delete from {relation} where {model.forgotten}")
            connection.execute(f"insert into {relation} {model.again}")
        else:
            kind = "view" if model.kind == "view" else "table"
            connection.execute(f"create or replace {kind} {relation} as {model.anew}")
        self.there.add(model.name)

    def _in_python(self, model: Model) -> Any:
        """What a model in Python gives, of dbt it asks the tables of others alone."""
        module: dict[str, Any] = {}
        exec(model.anew, module)
        relations = {one.name: one.relation.replace('"', "") for one in self.models}
        dbt = SimpleNamespace(
            ref=lambda name: self.connection.table(relations.get(name, f"reference.{name}")),
            config=lambda **_: None,
        )
        return module["model"](dbt, self.connection)

    def rows(self, statement: str) -> list[tuple]:
        return self.connection.execute(statement).fetchall()

    def tables(self) -> Mapping[str, list[tuple]]:
        """The rows of each table in one order, but of those that are about this build alone."""
        return {
            model.name: sorted(self.rows(f"from {model.relation}"), key=repr)
            for model in self.models
            if model.kind != "view" and not model.is_of_a_build
        }


# a recall sample and a limit of links that are reached by a few crimes, and no spellings of layouts that none of them has
SMALL = (
    "update reference.recall_samples set crimes = 1",
    "update reference.link_limits set crimes = 4",
    "delete from reference.layouts where layout not in ('national', 'athena')",
)


def seeds_of(folder: Path, parsed: Path, updates: Iterable[str] = SMALL) -> Path:
    """A database that holds the seeds, changed by `updates`."""
    home = Home(folder)
    run_dbt(home, parsed, "seed")
    with duckdb.connect(str(home.warehouse)) as connection:
        connection.execute("drop schema if exists control cascade")
        for update in updates:
            connection.execute(update)
    return home.warehouse
