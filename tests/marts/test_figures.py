"""The marts over a hand-made year whose counts are the published ones: every print, every data test."""

import shutil

import duckdb
import pytest
from hand_made_year import FORCES, RELEASES, SEEDS
from some import some

from expectations.marts import expected

pytestmark = pytest.mark.xdist_group("marts")  # one worker builds the year by hand once

NATION = "place_type = 'national' and period = '2023'"
SPLITS = {  # what the publication prints, in the order of its categories (unit, breakdown)
    ("crime", "criterion"): [17, 26, 9, 0, 39, 9],
    ("crime", "offence_group"): [40, 28, 26, 6],
    ("crime", "recency"): [58, 35, 7],
    ("victim", "age_band"): [25, 29, 28, 14, 4],
    ("victim", "sde"): [85, 3, 4, 4, 4],
    ("suspect", "sde"): [83, 7, 5, 3, 2],
}


def rows(connection, sql: str, *parameters) -> list[tuple]:
    return connection.execute(sql, list(parameters)).fetchall()


def asked_of_figures(*rules: str) -> list[str]:
    """SQL of the suite about figures, each for what fails, by these rules."""
    return [
        expectation.failing.format(batch="marts.figures")
        for expectation in expected("2023", [f"2023-Q{n}" for n in range(1, 5)])
        if expectation.table.name == "marts.figures" and expectation.failing and expectation.rule in rules
    ]


def test_every_published_count_is_reached(marts):
    found = rows(marts, "select figure_id, status from marts.replication_2023")
    assert {i for i, status in found if status == "differs"} == set()
    assert {i for i, status in found if status == "percent only"} == {"suspect.age.10_to_17"}
    assert {i for i, status in found if "erratum" in status} == {
        "criterion.familial",
        "offence.other",
        "cse.suspect.male",
        "cse.suspect.18_to_29.p21",
    }
    assert rows(marts, "select count(*), count(*) filter (counts_agree) from marts.replication_2023") == [
        (75, 74)
    ]


@pytest.mark.parametrize(("unit", "breakdown"), SPLITS)
def test_printed_splits(marts, unit, breakdown):
    percents = rows(
        marts,
        """
        select figures.percent
        from marts.figures
        inner join reference.breakdown_categories using (scheme, unit, breakdown, category)
        where unit = ? and breakdown = ? and population = 'cocad' and criterion = 'all' and scheme = '2023'
            and place_type = 'national' and period = '2023'
        order by sort_order
        """,
        unit,
        breakdown,
    )
    assert [int(percent) for (percent,) in percents] == SPLITS[unit, breakdown]


@pytest.mark.parametrize(
    ("figure_id", "percent", "rounding"),
    [
        ("cse.suspect.male", 89, "half_up"),
        ("cse.suspect.18_to_29", 39, "half_up"),
        ("cse.suspect.18_to_29.p21", 39, "half_up"),
        ("scale.cocad_of_cpai", 3.7, "half_up_one_decimal"),
        ("scale.cocad_of_contact", 5.4, "half_up_one_decimal"),
        ("scale.cpai", None, None),
    ],
)
def test_shares_that_stand_alone(marts, figure_id, percent, rounding):
    found = rows(
        marts,
        "select cast(percent as double), percent_rounding from marts.figures "
        "where figure_id = ? and place_type = 'national' and period = '2023'",
        figure_id,
    )
    assert found == [(percent, rounding)]


def test_a_zero_is_a_row_wherever_there_is_a_base(marts):
    found = rows(
        marts,
        "select place_type, period_type, count(*), sum(numerator) from marts.figures "
        "where figure_id = 'criterion.ritualistic' group by all",
    )
    assert {(place, period): n for place, period, n, _ in found} == {
        (place, period): places * periods
        for place, places in (("national", 1), ("region", 11), ("force", 44))
        for period, periods in (("month", 12), ("quarter", 4), ("year", 1))
    }
    assert all(total == 0 for *_, total in found)


def test_children_are_counted_from_april(marts):
    """Of 4,228 crimes 3,222 since it is collected; 2023-Q1 has no such figure."""
    found = rows(
        marts,
        "select period, numerator, denominator from marts.figures where breakdown = 'committed_by_children' "
        "and criterion = 'all' and category = 'yes' and place_type = 'national' and period_type <> 'month'",
    )
    assert {period for period, *_ in found} == {"2023", "2023-Q2", "2023-Q3", "2023-Q4"}
    assert {row[1:] for row in found if row[0] == "2023"} == {(83 + 128 + 146 + 704, 3222)}


def test_both_readings_of_committed_by_children(marts):
    found = rows(
        marts,
        "select criterion, numerator from marts.figures where unit = 'crime' and breakdown = 'total' "
        "and criterion like 'committed%' and place_type = 'national' and period = '2023'",
    )
    assert dict(found) == {"committed_by_children": 704, "committed_by_children_any": 1061}


def test_children_come_first_in_the_scheme_of_2024(marts):
    found = rows(
        marts,
        "select category, numerator, figure_id from marts.figures "
        "where scheme = '2024' and place_type = 'national' and period = '2023'",
    )
    assert {category: n for category, n, _ in found} == {
        "committed_by_children": 1061,
        "cse": 717 - 83,
        "familial": 1125 - 128,
        "institutional": 366 - 146,
        "ritualistic": 0,
        "other": 1636 - 704,
        "unknown": 384,
    }
    assert all(figure_id.startswith("cocad.all.crime.criterion.") for *_, figure_id in found)


def test_a_repeated_print_is_in_no_split(marts):
    """945 stands on one bar that may be either of two bands; the band itself is counted once."""
    found = rows(
        marts,
        f"select figure_id, breakdown, numerator from marts.figures where {NATION} "
        "and figure_id in ('suspect.age.bar_945', 'cocad.all.suspect.age_band.14_to_15') order by figure_id",
    )
    assert found == [
        ("cocad.all.suspect.age_band.14_to_15", "age_band", 945),
        ("suspect.age.bar_945", "age_band_wide", 945),
    ]


def test_every_definition_of_the_seed_has_its_figure(marts):
    assert not rows(
        marts,
        "select figure_id from reference.figure_definitions where figure_id not in "
        "(select figure_id from marts.figures where place = 'England and Wales' and period = '2023')",
    )


def test_the_star_holds_no_personal_data(marts):
    columns = {
        name
        for (name,) in rows(marts, "select column_name from duckdb_columns() where schema_name = 'marts'")
    }
    assert not {c for c in columns if "token" in c or "birth" in c or c in ("summary", "age_at_offence")}
    assert not columns & {"victim_reference", "suspect_reference", "incident_reference"}


def test_every_force_of_the_seed_has_its_figures(marts):
    found = rows(marts, "select distinct place from marts.figures where place_type = 'force'")
    assert {place for (place,) in found} == set(FORCES)


@pytest.mark.parametrize(
    "name", sorted(path.stem for path in (SEEDS.parent / "dbt_project/analyses").glob("*.sql"))
)
def test_analyses_give_rows(built, marts, name):
    sql = (built[1] / "analyses" / f"{name}.sql").read_text()
    assert rows(marts, sql)


def test_a_release_is_shown_with_the_results_it_was_made_from(built, marts):
    sql = (built[1] / "analyses" / "rules_across_releases.sql").read_text()
    found = [
        (release, verdict) for _, _, quarter, release, *_, verdict in rows(marts, sql) if quarter == "2023-Q4"
    ]
    assert found == RELEASES
    assert len(rows(marts, sql)) == 2 * 4
    assert marts.execute("select count(*) from quality.rule_result_history").fetchone() == (4 + 1,)


BREAKS = {
    "quarter_summary_adds_up": ["update marts.quarter_summary set unread = 1 where quarter = '2023-Q1'"],
    "breakdown_categories_are_those_of_the_seeds": [
        "delete from reference.breakdown_categories where category = '60_and_over'",
        "insert into reference.criteria by name select '2024' as scheme, 'new' as criterion, 8 as sort_order",
    ],
    "first_scheme_is_that_of_the_seed": [
        "update cocad.cocad_scheme_criteria set scheme_number = 3 - scheme_number where scheme_number < 3",
    ],
    "fct_crimes_are_the_crimes_of_the_cpai": [
        "insert into cocad.cocad_candidates select * from cocad.cocad_candidates limit 1",
    ],
}


@pytest.fixture(scope="module")
def breakable(built, tmp_path_factory):
    """A copy of the warehouse that may be written."""
    copy = tmp_path_factory.mktemp("broken") / built[0].name
    shutil.copy(built[0], copy)
    with duckdb.connect(str(copy)) as connection:
        yield connection


@pytest.mark.parametrize(
    ("test", "damage"), [(test, damage) for test, damages in BREAKS.items() for damage in damages]
)
def test_each_data_test_finds_what_it_is_for(built, breakable, test, damage):
    sql = (built[1] / "tests" / "marts" / f"{test}.sql").read_text()
    assert not rows(breakable, sql)
    breakable.begin()
    try:
        breakable.execute(damage)
        assert rows(breakable, sql)
    finally:
        breakable.rollback()


# (rule of the suite about figures, what breaks it)
SLIPS = [
    # a category of the data that the seed does not list
    ("MT01", f"delete from marts.figures where figure_id = 'victim.ethnicity.other' and {NATION}"),
    (
        "MT01",
        f"update marts.figures set percent = percent + 1 where figure_id = 'recency.recent' and {NATION}",
    ),
    (
        "MT02",
        "update marts.figures set denominator = denominator + 1 where figure_id = 'cse.rape' "
        "and place_type = 'national' and period = '2023-Q2'",
    ),
    (
        "MT03",
        "update marts.figures set numerator = numerator - 1 where figure_id = 'cse.rape' and place = 'kent' "
        "and period = '2023'",
    ),
    (
        "MT03",
        "delete from marts.figures where figure_id = 'victim.gender.female' and place = 'London' "
        "and period = '2023-01'",
    ),
    ("MT05", f"update marts.figures set percent = null where figure_id = 'cse.rape' and {NATION}"),
    ("MT05", "update marts.figures set percent_rounding = 'half_up' where figure_id = 'criterion.cse'"),
    (
        "MT05",
        "update marts.figures set percent_rounding = null, percent = null "
        f"where unit = 'victim' and breakdown = 'sde' and {NATION}",
    ),
    (
        "MT06",
        f"update marts.figures set percent = 38 where figure_id = 'cse.suspect.18_to_29.p21' and {NATION}",
    ),
    (
        "MT07",
        f"update marts.figures set numerator = denominator + 1 where figure_id = 'cse.rape' and {NATION}",
    ),
    ("TB01", f"update marts.figures set status = 'withheld' where figure_id = 'cse.rape' and {NATION}"),
    ("TB01", f"update marts.figures set numerator = null where figure_id = 'scale.cpai' and {NATION}"),
    ("TB01", f"update marts.figures set period_type = 'week' where figure_id = 'scale.cpai' and {NATION}"),
]


@pytest.mark.parametrize(("rule", "damage"), SLIPS)
def test_the_suite_about_figures_finds_each_slip(breakable, rule, damage):
    asked = some(asked_of_figures(rule))
    assert not any(rows(breakable, sql) for sql in asked)
    breakable.begin()
    try:
        breakable.execute(damage)
        assert any(rows(breakable, sql) for sql in asked)
    finally:
        breakable.rollback()


def test_a_national_year_has_its_rows_before_anything_is_received(built, breakable):
    sql = (built[1] / "models/marts/figures/figures.sql").read_text()
    breakable.begin()
    try:
        for (table,) in rows(
            breakable,
            "select schema_name || '.' || table_name from duckdb_tables() "
            "where schema_name in ('cpai', 'cocad') and table_name not in ('cocad_scheme_criteria', 'cocad_reach') "
            "or table_name = 'int_submissions'",
        ):
            breakable.execute(f"delete from {table}")
        found = breakable.execute(
            f"select place, period, numerator, percent, denominator from ({sql})"
        ).fetchall()
    finally:
        breakable.rollback()
    assert {row[:4] for row in found} == {("England and Wales", "2023", 0, None)}


def test_each_data_test_is_broken_here(built):
    assert {path.stem for path in (built[1] / "tests" / "marts").glob("*.sql")} == set(BREAKS)
