"""When a case is settled and by which answer: the desk, in Python, and the model, in SQL, on one table of cases."""

import csv
from pathlib import Path

import duckdb
import pytest
from small_desk import model_of

from orchestration.readings.policy import AGREED, due_reading, settled_answer

with Path(__file__).with_name("settled.csv").open(encoding="utf-8", newline="") as file:
    CASES = list(csv.DictReader(file))
ROLES = ("first", "second", "adjudicator")


def answers(case: dict[str, str]) -> dict[str, dict[str, str | None]]:
    """The readings of a case by role; what is not answered is null in the ledger."""
    return {
        role: dict(zip(AGREED, [said or None for said in case[role].split("/")], strict=True))
        for role in ROLES
        if case[role]
    }


@pytest.mark.parametrize("case", CASES, ids=[case["case"] for case in CASES])
def test_the_desk_settles_a_case(case):
    due = due_reading(answers(case), "draw" if case["by_two"] else None)
    assert (due or ("",))[0] == case["due"]
    if not due:
        assert "/".join(settled_answer(answers(case))[name] or "" for name in AGREED) == case["settled"]


@pytest.fixture(scope="module")
def settled():
    """case -> how the model settled it, and its answer."""
    sql = model_of(
        "cocad_settled_readings",
        ref=lambda name: name,
        config=lambda **_: "",
        # every quarter is made
        in_quarter_in_reach=lambda **_: "true",
    )
    key = "force, crime_reference, version"
    with duckdb.connect() as connection:
        connection.execute(
            f"create table int_readings ({key.replace(',', ' varchar,')} varchar, role varchar, round int, is_standing "
            f"boolean, offenders_read int, network_definition varchar, {' varchar, '.join(AGREED)} varchar)"
        )
        columns = f"{key}, role, round, is_standing, offenders_read, network_definition, {', '.join(AGREED)}"
        for case in CASES:
            for role, answer in answers(case).items():
                row = ["kent", case["case"], "v", role, 1, True, 2, "no", *(answer[name] for name in AGREED)]
                connection.execute(
                    f"insert into int_readings ({columns}) values ({', '.join('?' * len(row))})", row
                )
        connection.execute(
            "create table cocad_candidates as select distinct force, crime_reference, version, '2023-Q2' as quarter "
            "from int_readings"
        )
        connection.execute(
            "create table int_reading_slots as select force, crime_reference, version, 1 as round, 'second' as role "
            "from cocad_candidates where crime_reference in (select unnest(?))",
            [[case["case"] for case in CASES if case["by_two"]]],
        )
        found = connection.execute(f"select crime_reference, settled_by, {', '.join(AGREED)} from ({sql})")
        return {name: (by, "/".join(one or "" for one in said)) for name, by, *said in found.fetchall()}


@pytest.mark.parametrize("case", CASES, ids=[case["case"] for case in CASES])
def test_the_model_settles_it_so_too(case, settled):
    assert settled.get(case["case"], ("", "")) == (case["settled_by"], case["settled"])
