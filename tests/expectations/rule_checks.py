"""What each view of rule checks must have of the exemplars, and of a warehouse that a rule_case has changed.

The same questions are put to the views as they are (`test_rule_checks.py`) and to views with a fault put into them
(`mutation.py`): a mutant is killed when the answer is another.
"""

import re
import shutil
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

import duckdb
from exemplars import ASKED_OF_K1, EXEMPLARS, NOT_ASKED
from rule_cases import RULE_CASES, VERDICTS, RuleCase

from orchestration.home import DBT_PROJECT, Home

Row = dict[str, object]
KEYS = ("force", "quarter", "submission", "record_type", "crime_reference", "person_reference")
# a split of the figures, a share or a month of a return, or a waiver is identified by more than force, quarter and reference
SEVERAL_OF_ONE_KEY = {
    "rule_checks_mixes",
    "rule_checks_months",
    "rule_checks_completeness",
    "rule_checks_sums",
    "rule_checks_waivers",
}
# and a record that is held out may have no key
SEVERAL_OF_ONE_KEY |= {
    "rule_checks_received_crimes",
    "rule_checks_received_victims",
    "rule_checks_received_suspects",
}
# what is made of the views of rule checks: no rule's column, but counts and the verdict
RESULTS = "rule_results"
COUNTS = ["tested", "failed", "also_reported", "waived", "rate", "verdict"]
WITHOUT_SUBMISSION = {"rule_checks_sums", "rule_checks_waivers", "rule_checks_returns"}


def rules_by_view() -> dict[str, list[str]]:
    """view -> its rules, as macros/rule_checks.sql lists them."""
    macro = (DBT_PROJECT / "macros" / "rule_checks.sql").read_text(encoding="utf-8")
    views = re.findall(r"'(rule_checks_\w+)': \{(.*?)\n        \}", macro, flags=re.DOTALL)
    return {view: re.findall(r"'([A-Z]{2}\d{2})':", columns) for view, columns in views}


def keys_of(view: str) -> tuple[str, ...]:
    return ("rule", "force", "quarter") if view == RESULTS else KEYS


# what a build makes again (macros/reach.sql): a rule is asked about every record, those that a rule_case puts in too
REACH = (
    r"(?:\((?:\w+\.)?force, (?:\w+\.)?quarter\) in \(select force, quarter"
    r"|(?:\w+\.)?(?:quarter|period) in \(select quarter)"
    r' from "warehouse"\."(?:intermediate|cocad)"\."\w+_reach"\)'
)


def of_every_record(sql: str) -> str:
    """Compiled SQL without the conditions of what is made again."""
    sql = re.sub(rf"where\s+{REACH}\s+and\s", "where ", sql)
    sql = re.sub(rf"\s+and\s+{REACH}", "", sql)
    return re.sub(rf"\s+where\s+{REACH}", "", sql)


def sql_of(home: Home, view: str) -> str:
    """The view as dbt compiled it for this home, of every record; the verdict on a waiver, a table in the warehouse, is made in
    it."""
    quality = home.dbt / "target" / "compiled" / "cpai" / "models" / "quality"
    folder = quality if view == RESULTS else quality / "checks"
    sql = of_every_record((folder / f"{view}.sql").read_text(encoding="utf-8"))
    if view == RESULTS:
        return sql
    verdicts = (quality / "waiver_verdicts.sql").read_text(encoding="utf-8")
    return sql.replace('"warehouse"."quality"."waiver_verdicts"', f"({verdicts})")


@contextmanager
def copied(home: Home, folder: Path) -> Iterator[duckdb.DuckDBPyConnection]:
    """A connection to a copy of the home's warehouse in `folder`; compiled SQL names the database after the file."""
    shutil.copy(home.warehouse, folder / "warehouse.duckdb")
    with duckdb.connect(str(folder / "warehouse.duckdb")) as connection:
        for statement in persons_counted(home):
            connection.execute(statement)
        yield connection


# what cpai_classified_crimes has of the persons on a crime, for the rules
FACTS_OF_PERSONS = (
    *("has_victim_row", "identifiable_victims", "identifiable_suspects", "named_suspects", "female_suspects"),
    *("youngest_victim", "youngest_suspect", "oldest_suspect"),
)
COUNT_PERSONS_ANEW = (
    "update cpai.cpai_classified_crimes as crimes set {} from facts_of_persons as anew where {}".format(
        ", ".join(f"{fact} = anew.{fact}" for fact in FACTS_OF_PERSONS),
        " and ".join(f"crimes.{key} = anew.{key}" for key in ("force", "quarter", "crime_reference")),
    )
)


MADE_OF_SEEDS = (
    *("offence_group", "names_a_child", "image", "contact", "counts_only_when_flagged", "victim_rows"),
    *("suspect_rows", "exclusion_reason_as_sent", "exclusion_reason", "inclusion_rule"),
)


def persons_counted(home: Home) -> list[str]:
    """Statements after which COUNT_PERSONS_ANEW can follow a change of staged persons, and no other column changes.

    The model as compiled, for the crimes that are classified: a rule_case puts its own among them.
    """
    models = home.dbt / "target" / "compiled" / "cpai" / "models"
    classified = of_every_record((models / "cpai" / "cpai_classified_crimes.sql").read_text(encoding="utf-8"))
    staged = (
        f"(select * exclude ({', '.join(MADE_OF_SEEDS + FACTS_OF_PERSONS)}) from cpai.cpai_classified_crimes)"
    )
    classified = classified.replace('"warehouse"."intermediate"."int_crimes"', staged)
    keys_and_facts = ", ".join(("force", "quarter", "crime_reference", *FACTS_OF_PERSONS))
    return [f"create or replace view facts_of_persons as select {keys_and_facts} from ({classified})"]


def changes_persons(statements: Iterable[str]) -> bool:
    return any(
        "intermediate.int_victims" in each or "intermediate.int_suspects" in each for each in statements
    )


@contextmanager
def changed(connection: duckdb.DuckDBPyConnection, *rule_cases: RuleCase) -> Iterator[None]:
    """The statements of the rule_cases, undone afterwards."""
    connection.begin()
    try:
        for statement in (statement for rule_case in rule_cases for statement in rule_case.statements):
            connection.execute(statement)
        if any(changes_persons(rule_case.statements) for rule_case in rule_cases):
            connection.execute(COUNT_PERSONS_ANEW)
        yield
    finally:
        connection.rollback()


def judge(connection: duckdb.DuckDBPyConnection, sql: str, more: str = "") -> list[Row]:
    """The rows of a view of rule checks, with its rules as columns; `more` is a where clause."""
    answer = connection.execute(f"select * from ({sql}) as checked {more}")
    columns = [column[0] for column in answer.description]
    return [dict(zip(columns, row, strict=True)) for row in answer.fetchall()]


def wrong_as_built(view: str, rules: list[str], rows: list[Row]) -> str | None:
    """The first thing that the view has of the exemplars and must not, or has not and must."""
    if fault := _misnamed(view, rows) or _judged_twice(view, rows):
        return fault
    if view not in WITHOUT_SUBMISSION and any(row["submission"] != 1 for row in rows):
        return "a record's submission is another"
    said: dict[tuple[str, str], set] = {}
    for row in rows:
        for rule in rules:
            said.setdefault((row["crime_reference"], rule), set()).add(row[rule.lower()])
    return next(_wrong_exemplars(rules, said), None)


RECORD_TYPES = {
    "rule_checks_received_victims": {"victim"},
    "rule_checks_received_suspects": {"suspect"},
    "rule_checks_staged_victims": {"victim"},
    "rule_checks_staged_suspects": {"suspect"},
    "rule_checks_victims": {"victim"},
    "rule_checks_suspects": {"suspect"},
    "rule_checks_completeness": {"victim", "suspect"},
    "rule_checks_returns": {"return"},
    "rule_checks_volumes": {"return"},
    "rule_checks_mixes": {"return"},
    "rule_checks_months": {"return"},
    "rule_checks_reconciliation": {"return"},
    "rule_checks_sums": {"figure"},
    "rule_checks_waivers": {"waiver"},
}


def _wrong_exemplars(rules: list[str], said: dict[tuple[str, str], set]) -> Iterator[str]:
    nothing = {None, "ok"}
    for number, exemplar in enumerate(EXEMPLARS):
        broken, near = f"B{number}", f"N{number}"
        for rule in rules:
            words = {
                name: said.get((name, rule), {None}) for name in (broken, near, f"{broken}T", f"{near}T")
            }
            if rule == exemplar.rule:
                if exemplar.found not in words[broken]:
                    yield f"{rule} does not find {exemplar.found} in {broken}"
                if (words[broken] | words[f"{broken}T"]) - nothing - {exemplar.found}:
                    yield f"{rule} finds more than {exemplar.found} in {broken}"
                if "ok" not in words[near] and exemplar.near_miss_asked:
                    yield f"{rule} is not asked of {near}"
                if "ok" in words[near] and not exemplar.near_miss_asked:
                    yield f"{rule} is asked of {near}"
            elif rule not in exemplar.also and (words[broken] | words[f"{broken}T"]) - nothing:
                yield f"{rule} finds something in {broken}"
            if (words[near] | words[f"{near}T"]) - nothing:
                yield f"{rule} finds something in {near}"
    for number, (rule, _) in enumerate(NOT_ASKED):
        if rule in rules and said.get((f"A{number}", rule), {None}) != {None}:
            yield f"{rule} is asked of A{number}"
    for rule in rules:
        if said.get(("K1", rule), {None}) != ({"ok"} if rule in ASKED_OF_K1 else {None}):
            yield f"{rule} has of K1 what it must not"


def _misnamed(view: str, rows: list[Row]) -> str | None:
    if view != RESULTS and {row["record_type"] for row in rows} - RECORD_TYPES.get(view, {"crime"}):
        return "a record is called something else"
    return None


def _judged_twice(view: str, rows: list[Row]) -> str | None:
    keys = {tuple(row[key] for key in keys_of(view)) for row in rows}
    return "a record is checked twice" if view not in SEVERAL_OF_ONE_KEY and len(keys) < len(rows) else None


def wrong_in_rule_case(view: str, rule_case: RuleCase, rows: list[Row]) -> str | None:
    """What the rule_case's rule has and must not; `rows` are those of its view that the rule_case is about."""
    if fault := _misnamed(view, rows) or (_judged_twice(view, rows) if rule_case.rows is None else None):
        return fault
    if rule_case.rows not in (None, len(rows)):
        return f"{len(rows)} rows are checked"
    if view != RESULTS and any(row["submission"] != rule_case.submission for row in rows):
        return "a record's submission is another"
    words = {row[rule_case.rule.lower()] for row in rows}
    return None if words == rule_case.says else f"{rule_case.rule} has {sorted(map(str, words))}"


def wrong_together(view: str, rule_cases: list[RuleCase], rows: list[Row]) -> str | None:
    """`wrong_in_rule_case` of the first of these rule_cases apart that has what it must not."""
    of_force: dict[str, list[Row]] = {}
    for row in rows:
        of_force.setdefault(row["force"].split("/")[0], []).append(row)
    told = (
        wrong_in_rule_case(view, rule_case, of_force.get(rule_case.apart, [])) for rule_case in rule_cases
    )
    return next((fault for fault in told if fault), None)


def rule_cases_of(rules: list[str]) -> list[RuleCase]:
    return [rule_case for rule_case in (*RULE_CASES, *VERDICTS) if rule_case.rule in rules]
