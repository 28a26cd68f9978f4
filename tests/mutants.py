"""Small faults put into a rule's SQL and into the rulebook, one at a time.

A mutant is one change: a comparison turned or moved by its end point, `and` for `or`, a negation or a `coalesce` left
out, a number or a day one further, a word changed, a branch, a listed value or a condition left out, another kind of
join, least for greatest.
"""

import datetime
import re
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass

from sqlglot import exp

from orchestration.warehouse.columns import parsed

TURNED = {
    exp.EQ: [exp.NEQ],
    exp.NEQ: [exp.EQ],
    exp.LT: [exp.LTE, exp.GTE],
    exp.LTE: [exp.LT, exp.GT],
    exp.GT: [exp.GTE, exp.LTE],
    exp.GTE: [exp.GT, exp.LT],
    exp.And: [exp.Or],
    exp.Or: [exp.And],
    exp.Add: [exp.Sub],
    exp.Sub: [exp.Add],
    exp.Mul: [exp.Div],
    exp.Min: [exp.Max],
    exp.Max: [exp.Min],
    exp.LogicalOr: [exp.LogicalAnd],
    exp.NullSafeEQ: [exp.EQ],
    exp.NullSafeNEQ: [exp.NEQ],
}
DAY = re.compile(r"\d{4}-\d\d-\d\d")


@dataclass(frozen=True)
class Mutant:
    """`change` is one line on what was changed and where; two mutants of one query never have the same.

    `tables` begins with the changed common table: those before it are looked for as tables (`Query.prepare`). A change
    in one `column` of the last select gives only it and the keys; one in a common `table` has the last select as it is.
    """

    change: str
    tables: str
    end: str
    column: str | None = None
    table: str | None = None

    @property
    def sql(self) -> str:
        return f"{self.tables} {self.end}"


class Query:
    """A query of common tables and a last select, taken apart so that a fault in a late one costs little to try."""

    def __init__(self, sql: str, keys: Iterable[str]):
        tree = parsed(sql)
        self.keys = set(keys)
        self.tables = tree.args["with_"].expressions
        self.texts = [table.sql("duckdb") for table in self.tables]
        tree.set("with_", None)
        self.end = tree
        self.end_text = tree.sql("duckdb")

    def prepare(self, connection) -> None:
        """Make every common table as a temporary one: what it holds now, for the mutants of those that read it."""
        for table in self.tables:
            connection.execute(f'create or replace temp table "{table.alias}" as {table.this.sql("duckdb")}')

    def end_with(self, column: str) -> str:
        """The last select with one column beside the keys: a scene looks at one rule only."""
        kept = [one for one in self.end.expressions if one.alias_or_name in {*self.keys, column}]
        narrow = self.end.copy()
        narrow.set("expressions", [one.copy() for one in kept])
        return narrow.sql("duckdb")

    def mutants(self) -> Iterator[Mutant]:
        """Every mutant. What was inlined from other models is left alone: it has tests of its own."""
        for at, table in enumerate(self.tables):
            if not table.alias.startswith("__dbt__cte__"):
                for change, text in _mutated(table):
                    tables = f"with {', '.join([text, *self.texts[at + 1 :]])}"
                    yield Mutant(change, tables, self.end_text, table=table.alias)
        kept = [column for column in self.end.expressions if column.alias_or_name in self.keys]
        others = [column for column in self.end.expressions if column.alias_or_name not in self.keys]
        for column in others:
            narrow = self.end.copy()
            narrow.set("expressions", [one.copy() for one in (*kept, column)])
            place = narrow.expressions[-1:]
            for change, text in _mutated(narrow, lambda node, place=place: _is_in(node, place)):
                yield Mutant(change, "", text, column.alias_or_name)
        for change, text in _mutated(self.end, lambda node: not _is_in(node, others)):
            yield Mutant(change, "", text)


def _is_in(node: exp.Expression | None, places: list[exp.Expression]) -> bool:
    """Whether the node stands in one of these, itself included; equal texts elsewhere are others."""
    while node:
        if any(node is place for place in places):
            return True
        node = node.parent
    return False


def _mutated(
    whole: exp.Expression, is_wanted: Callable[[exp.Expression], bool] = lambda node: True
) -> Iterator[tuple[str, str]]:
    """(what is changed, the SQL with this change), for nodes that are wanted."""
    seen: Counter[str] = Counter()
    as_it_is = whole.sql("duckdb")
    for number, node in enumerate(whole.walk(bfs=False)):
        if not is_wanted(node):
            continue
        for change, replace in _changes(node):
            copy = whole.copy()
            replace(next(place for at, place in enumerate(copy.walk(bfs=False)) if at == number))
            text = f"{_where(node)}: {change}"
            seen[text] += 1
            # what DuckDB's dialect has no word for is written as it was
            if (sql := copy.sql("duckdb")) != as_it_is:
                yield text + (f" ({seen[text]})" if seen[text] > 1 else ""), sql


def _where(node: exp.Expression) -> str:
    """The column or common table the node stands in."""
    cte = node.find_ancestor(exp.CTE)
    name = node.find_ancestor(exp.Alias)
    while name and not isinstance(name.parent, exp.Select):
        name = name.find_ancestor(exp.Alias)
    if name and cte and name.find_ancestor(exp.CTE) is not cte:
        name = None
    return ".".join(part for part in (cte and cte.alias, name and name.alias) if part) or "end"


def _sql(node: exp.Expression) -> str:
    text = re.sub(r"\s+", " ", node.sql("duckdb").replace('"', ""))
    return text if len(text) < 100 else f"{text[:60]} … {text[-36:]}"


def _changes(node: exp.Expression) -> Iterator[tuple]:
    """(what is changed, the function that changes the same node of a copy)"""
    for kind in TURNED.get(type(node), ()):

        def turn(place, kind=kind):
            place.replace(
                kind(**{name: value for name, value in place.args.items() if name in kind.arg_types})
            )

        yield f"{_sql(node)} → {kind.__name__.lower()}", turn
    if isinstance(node, exp.Not):
        yield f"{_sql(node)} → without not", lambda place: place.replace(place.this)
    if isinstance(node, exp.Is) and not isinstance(node.parent, exp.Not):
        yield f"{_sql(node)} → is not", lambda place: place.replace(exp.Not(this=place.copy()))
    if isinstance(node, exp.Coalesce):
        yield f"{_sql(node)} → its first alone", lambda place: place.replace(place.this)
    # the size of a type decides nothing: the model's contract has it
    if isinstance(node, exp.Literal) and not isinstance(node.parent, (exp.In, exp.DataTypeParam)):
        for value in _other_values(node):
            yield (
                f"{_sql(node)} in {_sql(node.parent)} → {_sql(value)}",
                lambda place, value=value: place.replace(value.copy()),
            )
    if isinstance(node, exp.If) and isinstance(node.parent, exp.Case) and len(node.parent.args["ifs"]) > 1:
        yield f"when {_sql(node.this)} → left out", lambda place: place.pop()
    if isinstance(node, exp.In) and len(node.expressions) > 1:
        for at, value in enumerate(node.expressions):
            yield f"{_sql(node)} → without {_sql(value)}", lambda place, at=at: place.expressions[at].pop()
    if isinstance(node, (exp.Where, exp.Having)) and not isinstance(node.parent, exp.Filter):
        yield f"{_sql(node)} → left out", lambda place: place.pop()
    if isinstance(node, exp.Filter):
        yield f"{_sql(node)} → without filter", lambda place: place.replace(place.this)
    if isinstance(node, exp.Distinct) and isinstance(node.parent, exp.Count):
        yield f"{_sql(node.parent)} → without distinct", lambda place: place.replace(place.expressions[0])
    if isinstance(node, exp.Join):
        if node.side == "LEFT":
            yield f"left join {_sql(node.this)} → inner", lambda place: place.set("side", "")
        elif node.kind == "INNER":
            yield (
                f"inner join {_sql(node.this)} → left",
                lambda place: (place.set("kind", ""), place.set("side", "LEFT")),
            )


def _other_values(literal: exp.Literal) -> Iterator[exp.Expression]:
    if not literal.is_string:
        if "." in literal.this:
            digits = len(literal.this.split(".")[1])
            step = 10.0**-digits
            yield from (
                exp.Literal.number(f"{float(literal.this) + step * way:.{digits}f}") for way in (1, -1)
            )
        else:
            yield from (exp.Literal.number(int(literal.this) + way) for way in (1, -1))
    elif DAY.fullmatch(literal.this):
        day = datetime.date.fromisoformat(literal.this)
        ways = (1, -1) if day < datetime.date.max else (-1,)
        yield from (exp.Literal.string(str(day + datetime.timedelta(days=way))) for way in ways)
    else:
        yield exp.Literal.string(literal.this + "?")
