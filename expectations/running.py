"""Runs the suites on a warehouse: one data source, one engine, one validation per table.

An expectation that could not run is an error: never a failure of the data, never a pass.
"""

# ruff: noqa: S608 -- SQL is put together from this package's own words, never from data

import importlib
import logging
import os
import warnings
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from functools import cache
from itertools import groupby
from pathlib import Path
from typing import TYPE_CHECKING, Any

from expectations.expected import Expected
from expectations.rulebook import rulebook
from orchestration.progress import over
from orchestration.quarters import in_period

if TYPE_CHECKING:  # it comes with Great Expectations, which is imported where it is used
    from sqlalchemy import Connection

SUITES = ("returns", "cpai", "cocad", "marts", "release")
KEYS_SHOWN = 20


@dataclass(frozen=True)
class Result:
    """What one expectation found. `tested` and `failed` count rows of the table it reads.

    `failing_keys` are at most 20 keys as dictionaries, never values. With `error` set it did not run.
    """

    suite: str
    rule: str
    table: str
    expectation: str
    severity: str
    dimension: str
    success: bool
    tested: int
    failed: int
    error: str | None
    statement: str
    what_to_do: str
    failing_keys: list[dict] = field(default_factory=list)


def run_suites(warehouse: Path, suites: list[str] | None = None, period: str | None = None) -> list[Result]:
    """Every expectation of `suites` (default: all five) about `period` (`2023`, `2023-Q1`; default: all).

    A fault of the warehouse does not raise: a missing file, table or column is a Result with `error`. Raises ValueError
    for a period that is not one.
    """
    quarters = in_period(period) if period else None
    results = []
    asked: list[tuple[str, Expected]] = []
    for suite in suites or SUITES:
        try:
            expected = importlib.import_module(f"expectations.{suite}").expected(period, quarters)
            asked += [(suite, each) for each in expected]
            if not expected:
                raise LookupError("it expects nothing")
        except Exception as problem:  # a suite that cannot be loaded must shut the gate, whatever the reason
            results.append(_suite_error(suite, f"suite {suite} is not there: {_without_values(problem)}"))
    if not Path(warehouse).is_file():
        problem = f"no warehouse at {warehouse}: build it first (cpai run)"
        return results + [_result(suite, each, error=problem) for suite, each in asked]
    try:
        with _engine(Path(warehouse)) as (source, connection):
            return results + _run(source, connection, asked, quarters)
    except Exception as problem:
        problem = f"the warehouse could not be checked: {_without_values(problem)}"
        return results + [_result(suite, each, error=problem) for suite, each in asked]


def _run(
    source: Any, connection: "Connection", asked: list[tuple[str, Expected]], quarters: list[str] | None
) -> list[Result]:
    import great_expectations as gx
    from great_expectations.datasource.fluent.sql_datasource import QueryAsset

    there = _tables(connection)
    results = []
    by_table = sorted(asked, key=lambda item: item[1].table.name)
    groups = [(name, list(group)) for name, group in groupby(by_table, key=lambda item: item[1].table.name)]
    for name, group in over("checking tables", groups, name=lambda one: one[0]):
        missing = sorted(
            {column for _, each in group for column in each.table.columns} - there.get(name, set())
        )
        if missing:
            problem = f"column {', '.join(missing)} is not in {name}" if name in there else f"no table {name}"
            problem += " in the warehouse: build it again (cpai run)"
            results += [_result(suite, each, error=problem) for suite, each in group]
            continue
        query = _batch([each for _, each in group], quarters)
        try:
            suite = gx.ExpectationSuite(
                name=name, expectations=[_built(*item, i) for i, item in enumerate(group)]
            )
            # adding it by the source's own method, or a batch definition, writes all assets to YAML: 0.1 s a table
            asset = QueryAsset(name=name, query=query)
            asset._datasource = source
            source.assets.append(asset)
            batch = asset.get_batch(asset.build_batch_request())
            # BASIC without a list: counts, and no value
            validated = batch.validate(
                suite, result_format={"result_format": "BASIC", "partial_unexpected_count": 0}
            )
            found = {
                one.expectation_config.meta["number"]: one
                for one in validated.results
                if one.expectation_config and one.expectation_config.meta
            }
        except Exception as problem:
            problem = f"{name} could not be validated: {_without_values(problem)}"
            results += [_result(suite, each, error=problem) for suite, each in group]
            continue

        @cache  # most expectations of a table count the same rows as tested
        def selected(sql: str, batch: str = f"({query}) as batch") -> Sequence:
            return connection.exec_driver_sql(sql.format(batch=batch)).fetchall()

        results += [
            _checked(suite, each, found.get(number), selected) for number, (suite, each) in enumerate(group)
        ]
    order = {suite: place for place, suite in enumerate(SUITES)}
    return sorted(results, key=lambda result: (order[result.suite], result.rule, result.table))


def _batch(group: list[Expected], quarters: list[str] | None) -> str:
    """The rows of one table, with every column that one of `group` reads."""
    columns = tuple(dict.fromkeys(column for each in group for column in each.table.columns))
    return replace(group[0].table, columns=columns).query(_periods(group[0], quarters))


def _built(suite: str, each: Expected, number: int) -> Any:
    import great_expectations.expectations as gxe

    # it is made of one of theirs, and brings them all with it
    from expectations.unexpected_rows import CountedRowsExpectation

    kinds = {"UnexpectedRowsExpectation": CountedRowsExpectation}
    rule = rulebook()[each.rule]
    meta = {
        "number": number,
        "suite": suite,
        "rule": rule.rule,
        "dimension": rule.dimension,
        "severity": rule.severity,
        "statement": rule.statement,
    }
    kind = kinds.get(each.kind) or getattr(gxe, each.kind)
    return kind(**each.arguments, meta=meta)


def _checked(suite: str, each: Expected, outcome: Any, selected: Callable[[str], Sequence]) -> Result:
    """The Result of one validated expectation; `selected` gives the rows of a query that reads `{batch}`."""
    if outcome is None:
        return _result(suite, each, error="Great Expectations gave no result for it")
    if problem := _raised(outcome):
        return _result(suite, each, error=problem)

    try:
        (tested,) = selected(each.tested)[0]
        if each.needs_rows and not tested:
            return _result(suite, each, error=f"nothing was tested: no row about {each.rule}")
        success = bool(outcome.success)
        failed, keys = 0, []
        if not success:
            failed = outcome.result.get("unexpected_count")
            if failed is None:
                failed = outcome.result.get("observed_value")
            if each.failing:
                found = selected(f"select distinct * from ({each.failing}) order by all limit {KEYS_SHOWN}")
                keys = [dict(zip(each.keys, row, strict=True)) for row in found]
            else:
                failed = 1
    except Exception as problem:
        return _result(suite, each, error=f"its failing rows could not be read: {_without_values(problem)}")
    return _result(suite, each, success=success, tested=tested, failed=int(failed), failing_keys=keys)


def _raised(outcome: Any) -> str | None:
    """Why an expectation raised. `exception_info` is flat, or has one entry for each metric that raised."""
    information = outcome.exception_info or {}
    raised = [information] if "raised_exception" in information else list(information.values())
    messages = [one["exception_message"] or "no message" for one in raised if one.get("raised_exception")]
    return f"it raised: {_without_values(messages[0])}" if messages else None


def _result(
    suite: str,
    each: Expected,
    success: bool = False,
    tested: int = 0,
    failed: int = 0,
    error: str | None = None,
    failing_keys: Iterable[dict] = (),
) -> Result:
    rule = rulebook().get(each.rule)
    if rule is None:
        success, error = False, f"rule {each.rule} is not in seeds/rules.csv: add its row"
    return Result(
        suite=suite,
        rule=each.rule,
        table=each.table.name,
        expectation=_named(each),
        severity=rule.severity if rule else "blocks",
        dimension=rule.dimension if rule else "validity",
        statement=rule.statement if rule else "",
        what_to_do=rule.what_to_do if rule else "",
        success=success,
        tested=tested,
        failed=failed,
        error=error,
        failing_keys=list(failing_keys),
    )


def _named(each: Expected) -> str:
    """The expectation's kind, with the column where there is one."""
    about = each.arguments.get("column") or "+".join(each.arguments.get("column_list", ()))
    return f"{each.kind}({about})" if about else each.kind


def _suite_error(suite: str, problem: str) -> Result:
    return Result(
        suite=suite,
        rule="TB01",
        table=f"expectations/{suite}.py",
        expectation="suite",
        severity="blocks",
        dimension="completeness",
        success=False,
        tested=0,
        failed=0,
        error=problem,
        statement="Every suite of expectations runs",
        what_to_do="Restore the suite's module; a gate without it cannot be opened.",
    )


def _periods(each: Expected, quarters: list[str] | None) -> list[str] | None:
    if quarters is None:
        return None
    if each.table.period == "period":
        return within(quarters)
    return quarters


def within(quarters: list[str]) -> list[str]:
    """Quarters, their months, and the year when all four of it are there."""
    years = {quarter[:4] for quarter in quarters}
    months = [f"{q[:4]}-{3 * int(q[-1]) - back:02d}" for q in quarters for back in (2, 1, 0)]
    return sorted(quarters + months + [year for year in years if set(in_period(year)) <= set(quarters)])


def _tables(connection: "Connection") -> dict[str, set[str]]:
    """Columns of every table and view, by `schema.table`."""
    columns = connection.exec_driver_sql(
        "select table_schema || '.' || table_name, column_name from information_schema.columns"
    )
    tables: dict[str, set[str]] = {}
    for table, column in columns.fetchall():
        tables.setdefault(table, set()).add(column)
    return tables


@contextmanager
def _engine(warehouse: Path) -> Iterator[tuple[Any, "Connection"]]:
    """A Great Expectations data source on the warehouse and a plain connection, closed afterwards."""
    os.environ["GX_ANALYTICS_ENABLED"] = "false"
    import great_expectations as gx
    from great_expectations.data_context.types.base import ProgressBarsConfig

    # the second has a level of its own, and tells of each folder that it makes
    for name in ("great_expectations", "great_expectations.data_context.types.base"):
        logging.getLogger(name).setLevel(logging.ERROR)
    from sqlalchemy import URL

    from expectations import dialect

    context = gx.get_context(mode="ephemeral")  # nothing is written to disk
    context.variables.progress_bars = ProgressBarsConfig(globally=False)
    # a temporary table would copy every batch
    # of parts; and Great Expectations takes what follows a `$` for the name of a variable
    address = URL.create(dialect.NAME.replace(".", "+"), database=str(warehouse)).render_as_string()
    address = address.replace("$", r"\$")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        source = context.data_sources.add_sql("warehouse", connection_string=address, create_temp_table=False)
        try:
            with source.get_engine().connect() as connection:
                yield source, connection
        finally:
            source.get_execution_engine().close()
            source.get_engine().dispose()


def _without_values(problem: object) -> str:
    """One line about what went wrong. DuckDB quotes the value it could not convert: that line is left out."""
    lines = [line.strip() for line in str(problem).splitlines() if line.strip()]
    line = lines[0] if lines else type(problem).__name__
    if any(word in line.lower() for word in ("convert", "cast", "invalid input", "out of range")):
        return f"{line.split(':')[0].strip(' (')}, a value could not be read as its type"
    return line[:300]
