"""What readers' agreement does to the figures: the split by criterion is published, has a caveat, or is withheld."""

import shutil

import duckdb
import pytest
from test_figures import rows

JUDGED = "pairing = 'readers' and category = 'all' and slice_type = 'all'"


@pytest.fixture
def figures_when(built, tmp_path):
    """`figures_when("update …")`: the figures made anew after these statements on the marts."""
    file = shutil.copy(built[0], tmp_path / built[0].name)
    sql = (built[1] / "models/marts/figures/figures.sql").read_text()
    connection = duckdb.connect(str(file))

    def made(*statements: str):
        for statement in statements:
            connection.execute(statement)
        connection.execute(f"create or replace table marts.figures as {sql}")
        return connection

    yield made
    connection.close()


def verdict(word: str, period: str, question: str = "criterion") -> str:
    return (
        f"update marts.reading_agreement set verdict = '{word}' "
        f"where {JUDGED} and period = '{period}' and question = '{question}'"
    )


def statuses(connection, where: str) -> set[str]:
    return {
        status for (status,) in rows(connection, f"select distinct status from marts.figures where {where}")
    }


def test_readers_who_agree_publish_everything(marts):
    found = rows(
        marts, f"select question, verdict from marts.reading_agreement where {JUDGED} and period = '2023'"
    )
    assert ("criterion", "reliable") in found and ("criterion_2024", "reliable") in found
    assert statuses(marts, "true") == {"published"}


def test_too_little_agreement_withholds_what_stands_on_the_criterion_and_nothing_else(figures_when):
    marts = figures_when(verdict("unreliable", "2023-Q2"))
    of_it = "(breakdown = 'criterion' or criterion in ('cse', 'familial', 'other', 'committed_by_children'))"
    here = "period in ('2023-Q2', '2023-04', '2023-05', '2023-06') and scheme = '2023'"
    assert statuses(marts, f"{here} and {of_it}") == {"withheld"}
    assert statuses(
        marts, f"{here} and not {of_it} and criterion in ('all', 'committed_by_children_any')"
    ) == {"published"}
    assert statuses(marts, "period in ('2023', '2023-Q1', '2023-Q3', '2023-01', '2023-07')") == {"published"}
    # no number is left of what is withheld, at any place, and the total stands
    assert rows(marts, "select count(numerator), count(denominator), count(percent) from marts.figures "
                       "where status = 'withheld'") == [(0, 0, 0)]  # fmt: skip
    assert rows(marts, "select numerator is not null from marts.figures where place_type = 'national' "
                       "and period = '2023-Q2' and figure_id = 'scale.cocad_of_cpai'") == [(True,)]  # fmt: skip


def test_each_scheme_is_judged_by_its_own_answers(figures_when):
    marts = figures_when(verdict("unreliable", "2023", "criterion_2024"))
    assert statuses(marts, "breakdown = 'criterion' and period = '2023' and scheme = '2024'") == {"withheld"}
    assert statuses(marts, "breakdown = 'criterion' and period = '2023' and scheme = '2023'") == {"published"}


@pytest.mark.parametrize("word", ["tentative", "not_measured"])
def test_tolerable_or_unknown_agreement_gives_a_caveat_and_the_numbers(figures_when, word):
    marts = figures_when(verdict(word, "2023"))
    assert rows(marts, "select status, numerator from marts.figures where figure_id = 'criterion.cse' "
                       "and place_type = 'national' and period = '2023'") == [("caveat", 717)]  # fmt: skip


def test_nothing_read_twice_is_a_caveat(figures_when):
    marts = figures_when("delete from marts.reading_agreement")
    assert statuses(marts, "breakdown = 'criterion'") == {"caveat"}
    assert statuses(marts, "criterion = 'all' and breakdown <> 'criterion'") == {"published"}


def test_the_data_tests_hold_on_withheld_figures(built, figures_when):
    marts = figures_when(verdict("unreliable", "2023-Q2"), verdict("unreliable", "2023", "criterion_2024"))
    for test in (built[1] / "tests" / "marts").glob("figures_*.sql"):
        assert not rows(marts, test.read_text()), test.stem


def test_the_crosswalk_moves_children_and_is_withheld_with_the_split(built, figures_when):
    moved = (
        "select sum(crimes) from marts.crosswalks where crosswalk = 'criterion' and from_category = 'other' "
    )
    marts = figures_when()
    assert rows(marts, moved + "and to_category = 'committed_by_children'") == [(704,)]
    assert rows(marts, moved) == [(1636,)]
    sql = (built[1] / "models/marts/agreement/crosswalks.sql").read_text()
    marts.execute(verdict("unreliable", "2023-Q2"))
    marts.execute(f"create or replace table marts.crosswalks as {sql}")
    assert rows(marts, "select distinct quarter, crosswalk from marts.crosswalks where crimes is null") == [
        ("2023-Q2", "criterion")
    ]
    assert rows(marts, "select sum(crimes) from marts.crosswalks where crosswalk = 'group_based'") == [
        (4228,)
    ]
