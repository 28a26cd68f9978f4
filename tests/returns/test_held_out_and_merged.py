"""What is held out, merged or misread of a return: each record is counted, or found by a rule that has a tolerance.

Made-up returns in `sent/`, each as a force's folder; received and checked by the models of `cpai check`, in memory.
"""

import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import duckdb
import pytest

from orchestration.returns.check import MODELS
from orchestration.returns.intake import receive
from orchestration.returns.layouts import all_layouts
from orchestration.returns.pack.gathering import gather
from orchestration.warehouse import compiled

SENT = Path(__file__).parent / "sent"

Rows = Callable[..., list[tuple]]


@pytest.fixture
def judged(home, monkeypatch) -> Callable[..., Rows]:
    """`judged(name, force, quarter)` receives a folder of `sent/` and gives `rows(sql)` on what became of it.

    By the force's own layout, or by the one named.
    """

    def receive_and_judge(name: str, force: str, quarter: str, layout: str | None = None) -> Rows:
        shutil.copytree(SENT / name, home.landing / quarter / force)
        if layout:
            monkeypatch.setattr("orchestration.returns.arrivals.layout_for", lambda *_: all_layouts()[layout])
        assert {receipt.status for receipt in receive(home, quarter, force)} == {"accepted"}
        connection = duckdb.connect()
        compiled.build(connection, compiled.steps(MODELS), home.raw)
        for table, asked in (("findings", "found"), ("rule_results", "tested")):
            connection.execute(
                f"create view quality.{table} as from rule_checks.rule_checks_in_a_return where {asked} is not null"
            )

        def rows(sql: str, **parameters: Any) -> list[tuple]:
            return connection.execute(sql, parameters or None).fetchall()

        rows.pack = lambda: gather(connection, quarter, home.raw)[force]
        return rows

    return receive_and_judge


def found(rows: Rows, rule: str) -> dict[str, int]:
    return dict(
        rows(
            "select coalesce(found, 'tested'), coalesce(sum(tested), count(*))::integer "
            "from rule_checks.rule_checks_in_a_return where rule = $rule group by 1",
            rule=rule,
        )
    )


def test_two_crimes_under_one_reference_are_never_mixed(judged):
    rows = judged("two_crimes_under_one_reference", "avon-and-somerset", "2023-Q1")
    held = rows(
        "select record_type, rule, count(*) from intermediate.int_rejected_records group by all order by all"
    )
    assert held == [("crimes", "RE05", 2), ("suspects", "RE04", 2), ("victims", "RE04", 2)]
    assert rows("select count(*) from intermediate.int_crimes where crime_reference = '52230001000'") == [
        (0,)
    ]
    assert found(rows, "HO01") == {"tested": 6, "two_crimes_under_one_reference": 2}
    (told,) = [each for each in rows.pack()["findings"] if each["code"] == "RE05"]
    assert {(row["crime_reference"], row["row"]) for row in told["failing"]} == {
        ("52230001000", 2),
        ("52230001000", 3),
    }


def test_an_offence_that_ends_after_it_was_recorded_makes_no_child_an_adult(judged):
    rows = judged("offence_ends_after_it_was_recorded", "cheshire", "2023-Q1")
    assert rows("select count(*) from cpai.cpai_exclusions") == [(0,)]
    assert found(rows, "CR11")["recorded_before_offence_ended"] == 4
    ages = rows(
        "select crime_reference, age_from_birth from intermediate.int_victims where age_from_birth is not null"
    )
    assert dict(ages) == {f"5223000100{number}": 12 for number in (0, 1, 2, 4, 5, 6)} | {"52230001003": 17}


def test_an_age_is_understood_or_found(judged):
    rows = judged("ages_in_words", "derbyshire", "2023-Q1")
    ages = dict(rows("select victim_reference, (age_sent, age_bound) from intermediate.int_victims"))
    assert ages == {
        "PV6000": (17, 17),
        "PV6001": (0, 0),
        "PV6002": (None, 14),
        "PV6003": (None, None),
        "PV6004": (14, 14),
        "PV6005": (None, None),
        "PV6006": (15, 15),
        "PV6007": (15, 15),
        "PV6008": (14, 14),
    }
    left_out = {reference for (reference,) in rows("select crime_reference from cpai.cpai_exclusions")}
    told = {
        reference for (reference,) in rows("select crime_reference from quality.findings where rule = 'UR02'")
    }
    assert left_out == told == {"52230001003", "52230001005"}


def test_suspects_under_a_placeholder_are_several(judged):
    rows = judged("suspects_under_unknown", "dorset", "2023-Q1")
    assert rows("select distinct suspect_rows from cpai.cpai_crimes") == [(2,)]
    assert rows(
        "select distinct suspect_reference, reference_as_sent from intermediate.int_suspects order by all"
    ) == [
        ("UNKNOWN#1", "UNKNOWN"),
        ("UNKNOWN#2", "UNKNOWN"),
    ]
    assert found(rows, "ME03") == {"tested": 10, "placeholder_reference": 10}
    # it links no crimes either
    assert rows("select count(*) from cocad.cocad_linked_crimes") == [(0,)]
    (told,) = [each for each in rows.pack()["findings"] if each["code"] == "ME03"]
    assert {row["person_reference"] for row in told["failing"]} == {"UNKNOWN"}


def test_one_reference_for_all_suspects_loses_none_of_them(judged):
    rows = judged("one_reference_for_all_suspects", "merseyside", "2024-Q1", "national")
    assert rows(
        "select received, accepted, rejected, duplicate from quality.balance where record_type = 'suspects'"
    ) == [(56, 56, 0, 0)]
    of_several = "select count(*) from cpai.cpai_classified_crimes where suspect_rows >= 2"
    assert rows(of_several) == [(13,)]
    assert rows("select count(*) from cocad.cocad_candidates where reasons like '%suspect_rows%'") == [(6,)]
    assert sum(number for word, number in found(rows, "ME03").items() if word != "tested") > 0


@pytest.mark.parametrize(
    ("name", "force", "quarter", "rule", "lost"),
    [
        ("every_second_status_blank", "kent", "2024-Q2", "HO01", (17, 35)),
        ("suspects_without_reference", "merseyside", "2024-Q1", "HO03", (25, 56)),
    ],
)
def test_what_is_held_out_beyond_tolerance_holds_the_release(judged, name, force, quarter, rule, lost):
    rows = judged(name, force, quarter, "national")
    words = found(rows, rule)
    assert (sum(words.values()) - words["tested"], words["tested"]) == lost
    assert [each["holds"] for each in rows.pack()["findings"] if each["code"] == rule] == [True]


def test_every_record_received_is_accepted_held_out_or_a_copy(judged):
    for name, force, quarter in (
        ("two_crimes_under_one_reference", "avon-and-somerset", "2023-Q1"),
        ("suspects_under_unknown", "dorset", "2023-Q1"),
    ):
        rows = judged(name, force, quarter)
        assert (
            rows(
                "select * from quality.balance where received <> accepted + rejected + duplicate + superseded"
            )
            == []
        )
