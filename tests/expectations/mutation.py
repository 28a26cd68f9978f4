"""Faults put into the rules one at a time: the exemplars and rule_cases must notice.

    PYTHONPATH=.:tests python tests/expectations/mutation.py [VIEW ...]    prints who survived, and a line for each view

The tests run the same over every view (`test_mutation.py`, with `-m proof`) and hold the survivors against
`surviving_mutants.csv`, where each has its reason.
"""

import csv
import sys
from collections.abc import Iterable, Iterator
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, field
from multiprocessing import get_context
from pathlib import Path
from tempfile import TemporaryDirectory

import duckdb
from exemplar_home import build
from mutants import Mutant, Query
from mutants_of_seeds import changed_seeds, problems, seeds
from rule_cases import RuleCase
from rule_checks import (
    COUNTS,
    RESULTS,
    changed,
    copied,
    judge,
    keys_of,
    rule_cases_of,
    rules_by_view,
    sql_of,
    wrong_as_built,
    wrong_in_rule_case,
    wrong_together,
)

from orchestration.home import Home

SUBJECTS = {**rules_by_view(), RESULTS: COUNTS}
LARGEST = ("rule_checks_linked_crimes", RESULTS, "rule_checks_cpai_crimes", "rule_checks_crimes")
SURVIVING_MUTANTS = Path(__file__).with_name("surviving_mutants.csv")


@dataclass
class Outcome:
    """Mutants by what became of them; what is no SQL is no mutant."""

    killed: list[Mutant] = field(default_factory=list)
    survived: list[Mutant] = field(default_factory=list)

    def __add__(self, other: "Outcome") -> "Outcome":
        return Outcome(self.killed + other.killed, self.survived + other.survived)


def try_views(home: Home, views: Iterable[str]) -> Iterator[tuple[str, Outcome]]:
    """(view, what became of its mutants), in two processes: the largest begin first, so that both end together."""
    views = sorted(views, key=lambda view: view not in LARGEST)
    with ProcessPoolExecutor(2, get_context("spawn")) as processes:
        yield from zip(views, processes.map(try_view, [home] * len(views), views), strict=True)


def try_view(home: Home, view: str) -> Outcome:
    """Every mutant of the view against the exemplars, then those left against the rule_cases of its rules.

    Scenes apart are asked all at once: one query instead of a hundred for each mutant.
    """
    rules, outcome = SUBJECTS[view], Outcome()
    query = Query(sql_of(home, view), keys_of(view))
    rule_cases = rule_cases_of(rules)
    together = [rule_case for rule_case in rule_cases if rule_case.apart]
    stages = [[]] if view != RESULTS else []
    stages += [together] if together else []
    stages += [[rule_case] for rule_case in rule_cases if not rule_case.apart]
    left = list(query.mutants())
    with TemporaryDirectory() as folder, copied(home, Path(folder)) as connection:
        connection.execute("set threads = 1")
        for stage in stages:
            waiting, left = left, []
            while waiting:
                with changed(connection, *stage):
                    query.prepare(connection)
                    end = query.end_with(stage[0].rule.lower()) if len(stage) == 1 else query.end_text
                    if fault := _wrong(connection, view, rules, stage, end):
                        raise AssertionError(f"without any mutant, {fault}")
                    _try(connection, view, rules, stage, end, waiting, left, outcome.killed)
    outcome.survived.extend(left)
    return outcome


def _try(
    connection,
    view: str,
    rules: list[str],
    stage: list[RuleCase],
    end: str,
    waiting: list[Mutant],
    left: list[Mutant],
    killed: list[Mutant],
) -> None:
    """Move what waits to those left or killed, until a mutant fails as it runs: that ends the transaction."""
    while waiting:
        mutant = waiting.pop()
        asked = [rule for rule in rules if mutant.column in (None, rule.lower())]
        looking = [rule_case for rule_case in stage if rule_case.rule in asked]
        if stage and not looking:
            left.append(mutant)
            continue
        try:
            sql = f"{mutant.tables} {end}" if mutant.table else mutant.sql
            is_wrong = _wrong(connection, view, asked, looking, sql)
        except (duckdb.BinderException, duckdb.ParserException):
            continue  # no SQL, so no mutant
        except duckdb.Error:  # it stops the build
            killed.append(mutant)
            return
        (killed if is_wrong else left).append(mutant)


def _wrong(connection, view: str, rules: list[str], stage: list[RuleCase], sql: str) -> str | None:
    if not stage:
        return wrong_as_built(view, rules, judge(connection, sql))
    if stage[0].apart:
        return wrong_together(view, stage, judge(connection, sql))
    return wrong_in_rule_case(view, stage[0], judge(connection, sql, f"where {stage[0].where}"))


def reasons() -> dict[tuple[str, str], str]:
    """(view, change) -> why no test can notice it, or why none need."""
    with SURVIVING_MUTANTS.open(newline="", encoding="utf-8") as file:
        return {(row["view"], row["change"]): row["reason"] for row in csv.DictReader(file)}


def report(views: Iterable[str], home: Home) -> Outcome:
    known, everything = reasons(), Outcome()
    for view, outcome in try_views(home, views):
        for mutant in outcome.survived:
            print(f"{'  listed' if (view, mutant.change) in known else 'SURVIVED'} {view}: {mutant.change}")
        tried = len(outcome.killed) + len(outcome.survived)
        print(f"{view}: {len(outcome.killed)} of {tried} killed", flush=True)
        everything += outcome
    return everything


def report_seeds() -> None:
    for name, rows in seeds().items():
        said = [bool(problems(name, changed)) for _, changed in changed_seeds(name, rows)]
        print(f"seeds/{name}.csv: {sum(said)} of {len(said)} noticed")


if __name__ == "__main__":
    with TemporaryDirectory() as place:
        built = Home(Path(place))
        build(built)
        total = report(sys.argv[1:] or SUBJECTS, built)
        tried = len(total.killed) + len(total.survived)
        print(f"{len(total.killed)} of {tried} killed: {len(total.killed) / tried:.1%}")
        if not sys.argv[1:]:
            report_seeds()
