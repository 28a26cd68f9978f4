"""What stood before is read with every spelling that it was sent in, not with those of today's submissions."""

import shutil

import duckdb
import pytest
from test_intake import land
from written import crime, suspect, victim

from orchestration.home import Home
from orchestration.returns import intake
from orchestration.returns.intake import receive
from orchestration.warehouse.dbt import build

pytestmark = pytest.mark.xdist_group("refreshes")

FORCE = "metropolitan"
FIRST, SECOND, THIRD = (f"2023-0{month}-20T09:00:00+00:00" for month in (4, 5, 6))
A, B, C, D, E, LATER = (f"CR{2000 + number}" for number in range(6))


def records(*crimes: dict, **of_persons: str) -> dict:
    return {
        "crimes": list(crimes),
        "victims": [victim(one, **of_persons) for one in crimes],
        "suspects": [suspect(one) for one in crimes],
    }


def a_crime(reference: str, code: str, **cells: str) -> dict:
    return crime(0, reference, offence_code=code, csa_flag="Y", **cells)


@pytest.fixture(scope="module")
def home(tmp_path_factory, parsed):
    """Five digits first; then two of four with a stroke, one reclassified, one gone; then one more of them gone.

    One more of the first is cancelled by the return of the next quarter.
    """
    home = Home(tmp_path_factory.mktemp("spelled") / "home")
    shutil.copytree(parsed, home.dbt / "target")
    deliveries = [
        (FIRST, records(*(a_crime(reference, "02330") for reference in (A, B, C, D, LATER)), a_crime(E, "02004"), gender="F")),
        (SECOND, records(a_crime(A, "23/30"), a_crime(B, "23/30"), a_crime(C, "73/15"), a_crime(E, "020/4"), gender="Female")),
        (THIRD, records(a_crime(A, "23/30"), a_crime(B, "23/30"), a_crime(C, "73/15"), gender="female")),
    ]  # fmt: skip
    with pytest.MonkeyPatch.context() as patch:
        patch.delenv("CPAI_LEDGER_URL", raising=False)
        for number, (moment, sent) in enumerate(deliveries, start=1):
            patch.setattr(intake, "now", lambda moment=moment: moment)
            land(home, FORCE, sent, delivery=f"{number}")
            receive(home, "2023-Q1")
        cancelled = a_crime(LATER, "23/30", status="cancelled", cancellation_code="C2")
        counted = a_crime("CR3000", "23/30", recorded_on="2023-05-01")
        land(home, FORCE, records(cancelled, counted), quarter="2023-Q2")
        receive(home, "2023-Q2")
        build(home)
        yield home


def rows(home, sql):
    with duckdb.connect(str(home.warehouse), read_only=True) as connection:
        return connection.execute(sql).fetchall()


def test_every_spelling_ever_sent_is_resolved(home):
    spellings = dict(rows(home, "select spelling, offence_code from intermediate.int_offence_spellings"))
    assert spellings == {
        "02330": "23/30",
        "23/30": "23/30",
        "73/15": "73/15",
        "02004": "20/4",
        "020/4": "20/4",
    }


def test_what_was_first_received_counts_in_the_spelling_it_came_in(home):
    restated = dict(rows(home, "select cause, crimes from quality.restatements where quarter = '2023-Q1'"))
    assert restated == {"first_received": 6, "reclassified_within": 1, "gone": 2, "cancelled_later": 1}


def test_a_crime_that_vanished_two_submissions_ago_is_still_gone(home):
    found = rows(
        home, "select crime_reference, submission from quality.findings where rule = 'EQ01' order by 1"
    )
    assert found == [(D, 3), (E, 3)]
    assert rows(
        home,
        "select crime_reference, replaced_submission, is_reclassified from intermediate.int_replaced_crimes order by 1",
    ) == [(A, 2, False), (B, 2, False), (C, 2, False), (D, 1, False), (E, 2, False), (LATER, 1, False)]


def test_another_spelling_of_a_code_is_no_change(home):
    changes = rows(home, "select record_type, change, records from quality.refreshes order by 1, 2")
    assert changes == [("crimes", "gone", 1), ("suspects", "gone", 1), ("victims", "gone", 1)]


def test_a_cancellation_of_an_earlier_quarter_is_excluded_as_cancelled_and_no_finding(home):
    where = f"where crime_reference = '{LATER}'"
    assert rows(home, f"select quarter, reason from cpai.cpai_exclusions {where}") == [
        ("2023-Q2", "cancelled")
    ]
    assert rows(home, f"select rule from quality.findings {where}") == []
    assert rows(home, "select tested, verdict from quality.rule_results where rule = 'CR09' and quarter = '2023-Q2' and "
                      f"force = '{FORCE}'") == [(1, "pass")]  # fmt: skip


def test_a_layout_that_was_taken_out_of_the_seeds_is_named(home, tmp_path):
    """The codes of what came in it, replaced submissions included, would be in no list any more."""
    tests = home.dbt / "target" / "compiled" / "cpai" / "tests"
    sql = (tests / "layouts_of_received_records_are_known.sql").read_text(encoding="utf-8")
    shutil.copy(home.warehouse, tmp_path / "warehouse.duckdb")
    with duckdb.connect(str(tmp_path / "warehouse.duckdb")) as warehouse:
        warehouse.execute(f"set file_search_path = '{home.raw}'")
        assert warehouse.execute(sql).fetchall() == []
        (layout,) = warehouse.execute("select distinct layout from intermediate.int_crimes").fetchone()
        warehouse.execute("delete from reference.layouts where layout = ?", [layout])
        assert warehouse.execute(sql).fetchall() == [(layout,)]
