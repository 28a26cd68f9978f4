"""What dbt tests of the rows of every table: each check fails where it is broken, and what is wrong is said."""

import json
import os
import shutil
from collections.abc import Iterator
from pathlib import Path
from unittest import mock

import duckdb
import pytest
from by_hand import KEY, run_dbt
from some import some

from orchestration.home import Home
from orchestration.warehouse import dbt
from orchestration.warehouse.tested import Check, checks

pytestmark = pytest.mark.xdist_group("dbt")
# what a `where` of a test reads
BESIDE = {"is_standing": "true", "role": "'first'"}
ROWS = 3


@pytest.fixture(scope="module")
def tests(parsed, tmp_path_factory) -> list[dict]:
    """dbt's tests of rows, each as a node of its manifest with its SQL."""
    home = Home(tmp_path_factory.mktemp("compiled"))
    compiled = run_dbt(home, parsed, "compile", "--select", "test_type:generic")
    found = [result.node.to_dict() for result in compiled if result.node.resource_type == "test"]
    assert all(map(checks, found)), "every test of rows is told of by `checks`"
    return found


def other(check: Check, nodes: dict) -> tuple[str, str]:
    """The table that a column's values are found in, and its column."""
    (found,) = [one["relation_name"] for one in nodes.values() if f"ref('{one['name']}')" == check.of["to"]]
    return found, check.of["field"]


def sound(test: dict, nodes: dict) -> Iterator[str]:
    """Statements that make the table of a test, and those that it reads, with rows that are as they should be."""
    values: dict[str, list[str]] = {name: [value] * ROWS for name, value in BESIDE.items()}
    for check in checks(test):
        for column in check.columns:
            values.setdefault(column, [f"'{column} {number}'" for number in range(ROWS)])
    for check in checks(test):
        if check.name == "accepted_values":
            values[check.columns[0]] = [f"'{check.of[number % len(check.of)]}'" for number in range(ROWS)]
        elif check.name == "relationships":
            table, field = other(check, nodes)
            yield f"create or replace table {table} as select 'there' as {field} union all select null"
            values[check.columns[0]] = ["'there'"] * ROWS
        if check.name == "unique_key" and "role" in check.columns:
            values["role"] = [f"'role {number}'" for number in range(ROWS)]
    rows = ", ".join(f"({', '.join(of[number] for of in values.values())})" for number in range(ROWS))
    yield f"create table {nodes[test['attached_node']]['relation_name']} as from (values {rows}) as made({', '.join(values)})"


# what the columns of the first row become, and how many rows are wrong then
BREAKS = {
    "unique_key": ("(select {column} from {table} where rowid = 1)", 2),
    "not_null": ("null", 1),
    "accepted_values": ("'another'", 1),
    "relationships": ("'another'", 1),
}


def test_every_check_fails_where_it_is_broken_and_nowhere_else(tests, parsed):
    nodes = json.loads((parsed / "manifest.json").read_text(encoding="utf-8"))["nodes"]
    seen = set()
    for test in some(tests):
        table = nodes[test["attached_node"]]["relation_name"]
        not_null = {check.columns[0] for check in checks(test) if check.name == "not_null"}
        with duckdb.connect() as connection:
            connection.execute("attach ':memory:' as warehouse")
            for schema in {node["schema"] for node in nodes.values()}:
                connection.execute(f"create schema if not exists warehouse.{schema}")
            for statement in sound(test, nodes):
                connection.execute(statement)
            asked = test["compiled_code"]
            assert connection.execute(asked).fetchall() == [], test["name"]
            connection.execute(f"create table right_rows as from {table}")
            for check in checks(test):
                value, wrong = BREAKS[check.name]
                changed = [
                    f"{column} = {value.format(column=column, table=table)}" for column in check.columns
                ]
                connection.execute(f"update {table} set {', '.join(changed)} where rowid = 0")
                columns = ", ".join(check.columns)
                found = connection.execute(asked).fetchall()
                assert found == [(check.name, columns, wrong)], (test["name"], str(check))
                if check.name in {"accepted_values", "relationships"} and columns not in not_null:
                    connection.execute(f"update {table} set {columns} = null where rowid = 0")
                    assert connection.execute(asked).fetchall() == [], "a blank is no wrong value"
                connection.execute(f"create or replace table {table} as from right_rows")
                seen.add(check.name)
    assert seen == {*BREAKS}


def test_what_is_made_of_a_table_waits_for_its_tests(parsed):
    """dbt has a model wait for a test only where all that the test reads stands above the model: a test that looks up another
    table is one of its own, unless that table stands above everything made of the first."""
    nodes = json.loads((parsed / "manifest.json").read_text(encoding="utf-8"))["nodes"]

    def above(key: str) -> set[str]:
        parents = nodes[key]["depends_on"].get("nodes", []) if key in nodes else []
        return {*parents}.union(*map(above, parents))

    stands_above = {key: above(key) for key, node in nodes.items() if node["resource_type"] == "model"}
    waits_not = [
        (test["name"], key)
        for test in nodes.values()
        if {check.name for check in checks(test)} - {"relationships"}
        for key, read in stands_above.items()
        if test["attached_node"] in read and not {*test["depends_on"]["nodes"]} <= read
    ]
    assert waits_not == []


# a table that was built more than once has no row of number 0
SOME = "where rowid in (select rowid from {} order by rowid limit {})".format
# how a warehouse is broken, and the sentence that says so
BROKEN = {
    f"update intermediate.int_crimes set recorded_on = null {SOME('intermediate.int_crimes', 3)}": (
        "int_crimes has 3 rows whose recorded_on is missing: see models/intermediate/_intermediate.yml"
    ),
    f"update intermediate.int_crimes set status = 'lost' {SOME('intermediate.int_crimes', 1)}": (
        "int_crimes has 1 row whose status is none of recorded, cancelled, unmapped: "
        "see models/intermediate/_intermediate.yml"
    ),
    "insert into intermediate.int_suspects from intermediate.int_suspects limit 2": (
        "int_suspects has 4 rows whose force, quarter, crime_reference, suspect_reference is that of another: "
        "see models/intermediate/_intermediate.yml"
    ),
    f"update cpai.cpai_classified_crimes set inclusion_rule = 'none' {SOME('cpai.cpai_classified_crimes', 1)}": (
        "cpai_classified_crimes has 1 row whose inclusion_rule is no reason of cpai_reasons: see models/cpai/_cpai.yml"
    ),
}


@pytest.mark.usefixtures("first_build")
def test_what_is_wrong_is_said_by_table_column_and_number_of_rows(folder: Path, parsed, tmp_path):
    home = Home(tmp_path / "home")
    shutil.copytree(folder, home.root)
    with duckdb.connect(str(home.warehouse)) as connection:
        for statement in BROKEN:
            connection.execute(statement)
    built = dbt.Built()
    with mock.patch.dict(os.environ, {"CPAI_TOKEN_KEY": KEY}):
        words = ["test", "--select", "int_crimes", "int_suspects", "cpai_classified_crimes", "cpai_reasons"]
        words += ["--indirect-selection", "cautious"]
        outcome = dbt.invoke(home, words, dbt.saved_parse(home))
    dbt._take(home, built, outcome)
    assert {*built.problems} == {*BROKEN.values()}
    (crimes,) = [found for test, found in built.tests.items() if "sound_rows_int_crimes" in test]
    assert crimes == {
        "unique_key force, quarter, crime_reference": True,
        "not_null recorded_on": False,
        "accepted_values status": False,
    }
