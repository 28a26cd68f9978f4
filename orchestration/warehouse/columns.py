"""Which columns each column of a model is made from, read out of the SQL that dbt compiles of all models.

What counts is what a value is made from: columns inside the expression, through every common table, to the tables and sources
that the model reads. Conditions of joins and filters decide which rows there are, and are not among them. Compiled and traced
once for each version of models and seeds (about 5 s), into the same cache as `compiled.py`.
"""

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from graphlib import TopologicalSorter
from pathlib import Path
from tempfile import TemporaryDirectory
from types import MappingProxyType

from sqlglot import exp, parse_one
from sqlglot.errors import SqlglotError
from sqlglot.optimizer.qualify import qualify
from sqlglot.optimizer.scope import Scope, build_scope

from orchestration.home import Home
from orchestration.warehouse import cache
from orchestration.warehouse.compiled import DATABASE
from orchestration.warehouse.dbt import invoke, saved_parse, source_hash

Column = tuple[str, str]  # `cocad.cocad_crimes` and its column
NONE: Mapping[str, set[Column]] = MappingProxyType({})
EVERY = "*"  # of a table: its rows are counted, or all its columns handed on


@dataclass(frozen=True)
class Traced:
    """One model: its SQL as dbt compiled it, by column what that is made from, and `why_not` where SQL does not say.

    A column made from nothing is made here: a constant.
    """

    sql: str = ""
    columns: dict[str, list[Column]] = field(default_factory=dict)
    why_not: str = ""


def kept(home: Home) -> dict[str, Traced]:
    """`Traced` by dbt's id of each model, as the models of this home are; from the cache, else compiled and traced.

    Empty in a home whose manifest dbt did not write for these models. Raises BuildFailed when they cannot be compiled.
    """
    version = source_hash()
    stamp = home.dbt / "target" / "manifest.sha256"
    if not stamp.exists() or stamp.read_text(encoding="utf-8").partition(" ")[0] != version:
        return {}
    file = cache.place("columns", version)
    if found := cache.read(file, version):
        return _from_json(found)
    made = trace(_compiled(home))
    cache.write_if_it_can(file, version, {key: vars(one) for key, one in made.items()})
    return made


def _from_json(models: dict[str, dict]) -> dict[str, Traced]:
    return {
        key: Traced(
            one["sql"],
            {name: [(table, column) for table, column in of] for name, of in one["columns"].items()},
            one["why_not"],
        )
        for key, one in models.items()
    }


def _compiled(home: Home) -> dict:
    """dbt's manifest with the compiled SQL of every model, as a build of everything would run it: in a home without returns."""
    models = saved_parse(home)
    with TemporaryDirectory() as place:
        empty = Home(Path(place))
        empty.raw.mkdir(parents=True)
        invoke(
            empty,
            ["compile", "--select", "path:models", "--threads", "1"],
            models,
            heard=lambda event: None,
        )
        return json.loads((empty.dbt / "target" / "manifest.json").read_text(encoding="utf-8"))


def parsed(sql: str) -> exp.Expr:
    """DuckDB's SQL as a tree; `force` is a word of sqlglot's own, and is quoted first."""
    return parse_one(re.sub(r"(?<!['\w\"])force\b(?!['\"])", '"force"', sql), dialect="duckdb")


def trace(dbt: dict) -> dict[str, Traced]:
    """`Traced` by dbt's id of each model of a manifest with compiled SQL."""
    models = {key: node for key, node in dbt["nodes"].items() if node["resource_type"] == "model"}
    known: dict[str, list[str]] = {}  # by id, the columns of what a model may read
    for key, node in {**dbt["sources"], **dbt["nodes"]}.items():
        types = node.get("config", {}).get("column_types") if node["resource_type"] == "seed" else {}
        known[key] = list(types or node.get("columns", {}))
    needs = {
        key: [parent for parent in node["depends_on"]["nodes"] if parent in models]
        for key, node in models.items()
    }
    found = {}
    for key in TopologicalSorter(needs).static_order():
        found[key] = _traced(dbt, models[key], known)
        known[key] = list(found[key].columns) or known[key]
    return found


def _traced(dbt: dict, node: dict, known: Mapping[str, list[str]]) -> Traced:
    sql = node.get("compiled_code") or ""
    if node.get("language", "sql") != "sql":
        return Traced(sql, why_not="made in Python")
    every = {**dbt["sources"], **dbt["nodes"]}
    schema: dict[str, dict[str, dict[str, str]]] = {}
    for parent in _read_by(dbt, node):
        if columns := known[parent]:
            of = schema.setdefault(every[parent]["schema"], {})
            of[every[parent].get("alias") or every[parent]["name"]] = dict.fromkeys(columns, "varchar")
    named = sql
    for source in dbt["sources"].values():
        table = f'"{DATABASE}"."{source["schema"]}"."{source["name"]}"'
        named = named.replace(source["relation_name"], table)
    try:
        tree = qualify(
            parsed(named),
            dialect="duckdb",
            schema={DATABASE: schema} if schema else None,
            # in DuckDB a name is a column of the tables before it is another column of the same select
            expand_alias_refs=False,
            validate_qualify_columns=False,
        )
        made = _Made(tree)
        columns = {name: sorted(of) for name, of in made.columns(made.scope).items() if name != EVERY}
        if EVERY in made.columns(made.scope):  # all of a table whose columns no file names
            tables = {table for table, _ in made.columns(made.scope)[EVERY]}
            if len(tables) > 1:
                raise Unclear(
                    f"all columns of {', '.join(sorted(tables))} are handed on, and no file names them"
                )
            columns = {name: [(table, name)] for table in tables for name in node["columns"]} | columns
            if not columns:
                raise Unclear(f"it hands on all columns of {', '.join(tables)}, and no file names them")
    except (SqlglotError, Unclear, RecursionError) as problem:
        return Traced(sql, why_not=str(problem).splitlines()[0])
    return Traced(sql, columns)


def _read_by(dbt: dict, node: dict) -> Iterator[str]:
    """What a model reads, and in place of a step that is no table what that reads: its SQL is in the model's."""
    for parent in node["depends_on"]["nodes"]:
        of = dbt["nodes"].get(parent)
        if of and of["config"].get("materialized") == "ephemeral":
            yield from _read_by(dbt, of)
        elif of or parent in dbt["sources"]:
            yield parent


class Unclear(ValueError):
    """A column that could be of several tables."""


class _Made:
    """What each select of a query is made from, down to the tables that it names."""

    def __init__(self, tree: exp.Expr) -> None:
        scope = build_scope(tree)
        if not scope:
            raise Unclear("it is no select")
        self.scope = scope
        self._known: dict[int, dict[str, set[Column]]] = {}

    def columns(self, scope: Scope) -> dict[str, set[Column]]:
        """By column of a select what it is made from; EVERY stands for all columns of a table of which none is known."""
        if id(scope) not in self._known:
            self._known[id(scope)] = {}  # a common table that reads itself adds nothing to what it began with
            self._known[id(scope)] = self._of(scope)
        return self._known[id(scope)]

    def _of(self, scope: Scope) -> dict[str, set[Column]]:
        expression = scope.expression
        if isinstance(expression, exp.SetOperation):
            left, right = (self.columns(one) for one in scope.set_operation_scopes)
            both = dict(left)
            for name, of in zip(left, right.values(), strict=False):
                both[name] = left[name] | of
            return both
        if isinstance(expression, exp.Values | exp.Unnest | exp.Table | exp.Lateral):
            # what a row is taken apart from; of constants nothing
            return {EVERY: self._inside(expression, scope.parent or scope)}
        if not isinstance(expression, exp.Query):
            raise Unclear(f"a {type(expression).__name__} is no select")
        found: dict[str, set[Column]] = {}
        for one in expression.selects:
            name = EVERY if one.is_star else one.alias_or_name
            found[name] = self._inside(one, scope, found)
        return found

    def _inside(self, node: exp.Expr, scope: Scope, beside: Mapping[str, set[Column]] = NONE) -> set[Column]:
        """The columns that an expression is made from; `beside` are those of its select that stand before it."""
        found: set[Column] = set()
        waiting = [node]
        while waiting:
            one = waiting.pop()
            if isinstance(one, exp.Column):
                found |= self._column(one, scope, beside)
            elif isinstance(one, exp.Query) and one is not scope.expression:
                for inner in scope.subquery_scopes:
                    if inner.expression is one or inner.expression is one.unnest():
                        found |= set().union(*self.columns(inner).values())
            elif isinstance(one, exp.Star):
                # count(*): rows of what the select reads
                for name in scope.selected_sources:
                    found |= self._rows(scope.sources[name])
            else:
                waiting += [part for part in one.iter_expressions()]
        return found

    def _rows(self, source: exp.Expr | Scope) -> set[Column]:
        """The tables whose rows a source has, each as its EVERY."""
        if not isinstance(source, Scope):
            return {(_named(source), EVERY)} if isinstance(source, exp.Table) and source.db else set()
        if isinstance(source.expression, exp.SetOperation):
            return set().union(*map(self._rows, source.set_operation_scopes))
        inner = [source.sources[name] for name in source.selected_sources]
        return set().union(*(self._rows(one) for one in inner if one is not source))

    def _column(self, column: exp.Column, scope: Scope, beside: Mapping[str, set[Column]]) -> set[Column]:
        name, table = column.name, column.table
        at: Scope | None = scope
        while at and table and table not in at.sources:
            at = at.parent  # of a query around this one
        if not table or not at:
            if name in beside:
                return beside[name]
            if len(scope.selected_sources) != 1:
                raise Unclear(f"{name} could be of several tables")
            at, table = scope, next(iter(scope.selected_sources))
        source = at.sources[table]
        if isinstance(source, exp.Table):
            if not source.db:  # rows of a function: range, unnest
                return self._inside(source.this, at)
            return {(_named(source), EVERY if column.is_star else name)}
        of = self.columns(source)
        if name in of:
            return of[name]
        # handed on with all the others
        return {(table, name if one == EVERY else one) for table, one in of.get(EVERY, set())}


def _named(table: exp.Table) -> str:
    return f"{table.db}.{table.name}"
