"""What a suite expects of a table: the columns it reads, and expectations with the SQL of their failing keys.

Great Expectations checks; the same condition as SQL finds the keys of the rows that fail, because its own
`unexpected_list` has values.
"""

# ruff: noqa: S608 -- SQL is put together from this package's own words, never from data

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

CRIME = ("force", "quarter", "crime_reference")
RETURN = ("force", "quarter")


@dataclass(frozen=True)
class Table:
    """A table of the warehouse and the columns that its expectations read.

    `period` is the column with the quarter (or period) of a row; None for a table without one.
    """

    name: str
    columns: tuple[str, ...]
    key: tuple[str, ...] = CRIME
    period: str | None = "quarter"

    def query(self, periods: list[str] | None) -> str:
        """The rows of `periods`, or all rows."""
        rows = f"select {', '.join(self.columns)} from {self.name}"
        if periods is None or self.period is None:
            return rows
        return f"{rows} where {self.period} in ({texts(periods)})"


@dataclass(frozen=True)
class Expected:
    """One expectation: the rule it enforces, the table, Great Expectations' name and arguments.

    `failing` selects the failing rows' keys and `tested` counts the rows tested; `{batch}` stands for the table's rows.
    `needs_rows`: it is an error if nothing was tested.
    """

    rule: str
    table: Table
    kind: str
    arguments: dict[str, Any]
    failing: str
    tested: str = "select count(*) from {batch}"
    needs_rows: bool = False
    keys: tuple[str, ...] = field(default=())


def texts(values: Iterable[object]) -> str:
    """`values` as a list of SQL texts."""
    return ", ".join("'" + str(value).replace("'", "''") + "'" for value in values)


def has_rows(table: Table, rule: str = "TB01") -> Expected:
    """The table has at least one row."""
    return Expected(rule, table, "ExpectTableRowCountToBeBetween", {"min_value": 1}, failing="")


def not_null(table: Table, column: str, rule: str = "TB01") -> Expected:
    return _column(rule, table, "ExpectColumnValuesToNotBeNull", column, f"{column} is null")


def in_set(table: Table, column: str, values: Iterable[Any], rule: str = "TB01") -> Expected:
    """A value that is there is one of `values`."""
    values = sorted(values)
    breaks = f"{column} not in ({texts(values)})"
    return _column(rule, table, "ExpectColumnValuesToBeInSet", column, breaks, value_set=values)


def between(table: Table, column: str, low: float | None, high: float | None, rule: str = "TB01") -> Expected:
    """A value that is there is between `low` and `high`, both included; None leaves a side open."""
    breaks = " or ".join(
        f"{column} {sign} {limit}" for sign, limit in (("<", low), (">", high)) if limit is not None
    )
    limits = {"min_value": low, "max_value": high}
    return _column(rule, table, "ExpectColumnValuesToBeBetween", column, breaks, **limits)


def unique(table: Table, columns: tuple[str, ...] | None = None, rule: str = "TB01") -> Expected:
    """No two rows share `columns`, by default the table's key."""
    columns = columns or table.key
    listed = ", ".join(columns)
    return Expected(
        rule,
        table,
        "ExpectCompoundColumnsToBeUnique",
        {"column_list": list(columns)},
        failing=f"select {listed} from {{batch}} group by {listed} having count(*) > 1",
        keys=columns,
    )


def rows(rule: str, table: Table, failing: str, keys: tuple[str, ...] = RETURN, **more: Any) -> Expected:
    """No row comes out of `failing`, a select of `keys` that reads `{batch}`."""
    return Expected(
        rule,
        table,
        "UnexpectedRowsExpectation",
        {"unexpected_rows_query": failing},
        failing,
        keys=keys,
        **more,
    )


RULE_RESULTS = Table(
    "quality.rule_results", ("rule", "force", "quarter", "tested", "failed", "verdict"), RETURN
)


def within_tolerance(rule: str) -> Expected:
    """No force and quarter exceeds the rule's tolerance without a waiver; the rows were counted in SQL."""
    return rows(
        rule,
        RULE_RESULTS,
        f"select force, quarter from {{batch}} where rule = '{rule}' and verdict = 'fails'",
        tested=f"select count(*) from {{batch}} where rule = '{rule}'",
        needs_rows=True,
    )


ALIKE = 1e-7
"""Chance at which two tables that equal each other cell for cell are one table printed twice.

A release compares about 200,000 pairs of tables, few of them of like size: less than one release in a thousand would be
blocked by accident. At scale 1 the most alike of them is one in 7,000.
"""


def by_chance(count: str, where: str = "true") -> str:
    """SQL of how unlikely it is that another table has the same cells (those of `where`), as a natural logarithm.

    Two counts drawn around one mean n (Poisson) are equal with a chance of about 1 / (2 * sqrt(pi * n)). Counts that
    all share a divisor are no more evidence than without it: a synthetic year of scale 50 is one year 50 times, and two pairs of
    its 220,170 figures' tables were taken for one table printed twice.
    """
    cells = f"filter (where {where})"
    divisor = f"list_reduce(list({count}) {cells}, lambda one, other: gcd(one, other))"
    return f"(sum(ln(2 * sqrt(pi() * {count}))) {cells} - count(*) {cells} * ln({divisor}) / 2)"


def _column(rule: str, table: Table, kind: str, column: str, breaks: str, **arguments: Any) -> Expected:
    return Expected(
        rule,
        table,
        kind,
        {"column": column, **arguments},
        failing=f"select {', '.join(table.key)} from {{batch}} where {breaks}",
        keys=table.key,
    )
