"""The views of a release for analysts: they show what the records and figures hold, and the example queries run."""

from collections import Counter

import duckdb
import pytest

from orchestration.home import DBT_PROJECT, seed_rows
from orchestration.releases import lineage, singling_out, views

pytestmark = pytest.mark.xdist_group("year")  # one worker builds the year once

QUERIES = sorted((DBT_PROJECT / "analyses" / "release").glob("*.sql"))


@pytest.fixture(scope="module")
def release(year):
    file = year.home.releases / "current" / "marts.duckdb"
    with duckdb.connect() as connection:
        connection.execute(f"attach '{year.home.warehouse}' as warehouse (read_only)")
        connection.execute(f"attach '{file}' as marts (read_only); use marts")
        # records of a release have no day: the warehouse they were made from has
        connection.execute(
            "create temp view days as select force, quarter, crime_reference, recorded_on, outcome_on, local_authority "
            "from warehouse.cpai.cpai_crimes"
        )
        connection.execute("create temp view days_of_suspects as from warehouse.cpai.cpai_suspects")
        yield connection


def rows(connection, sql: str) -> list[tuple]:
    return connection.execute(sql).fetchall()


@pytest.mark.parametrize("query", QUERIES, ids=lambda path: path.stem)
def test_example_queries_give_rows(release, query):
    assert rows(release, query.read_text())


def test_every_count_is_a_whole_number_in_pandas(year, release):
    """DuckDB sums whole numbers into 128 bits, which pandas and Parquet take for fractions: cast them to bigint."""
    wide = "select table_schema, table_name, column_name from information_schema.columns where data_type like '%HUGEINT'"
    assert rows(release, wide) == []
    with duckdb.connect(str(year.home.warehouse), read_only=True) as warehouse:
        assert rows(warehouse, wide) == []


def test_there_is_a_query_for_every_question():
    every = " ".join(query.read_text() for query in QUERIES)
    assert len(QUERIES) >= 10
    assert [row["wide_view"] for row in views.wide_views() if f"marts.{row['wide_view']}" not in every] == []


@pytest.mark.parametrize(
    ("view", "counted"),
    [
        (
            "exploitation",
            "select count(*) filter (where cse_flag = 'Y'), count(*) from fct_crimes where {of}",
        ),
        (
            "location",
            "select count(*) filter (where location_type = 'hotel'), count(*) from fct_crimes where {of}",
        ),
        (
            "outcome_at_12_weeks",
            "select count(*) filter (where outcome_code in ('1', '1A') and outcome_on <= recorded_on + 84), count(*) "
            "from fct_crimes inner join days using (force, quarter, crime_reference) where {of}",
        ),
        (
            "arrest_at_12_weeks",
            "select count(*) filter (where arrested_on <= recorded_on + 84), count(*) from days_of_suspects "
            "inner join fct_crimes using (force, quarter, crime_reference) "
            "inner join days using (force, quarter, crime_reference) where {of}",
        ),
        (
            "nationality",
            "select count(*) filter (where nationality = 'GBR'), count(*) from fct_suspects "
            "inner join fct_crimes using (force, quarter, crime_reference) where {of}",
        ),
        (
            "disability",
            "select count(*) filter (where disability = 'Y'), count(*) from fct_suspects "
            "inner join fct_crimes using (force, quarter, crime_reference) where {of}",
        ),
    ],
)
def test_a_wide_view_counts_what_the_records_say(release, view, counted):
    """The year's returns arrived long after their quarters: 12 weeks had passed for every crime."""
    first = {"location": "hotel", "nationality": "british"}.get(view) or next(
        row["category"]
        for row in seed_rows("publication/wide_view_categories.csv")
        if row["wide_view"] == view
    )
    for of, where in (
        ("is_contact", "population = 'contact' and place_type = 'national' and period_type = 'year'"),
        ("fct_crimes.force = 'kent'", "population = 'cpai' and place = 'kent' and period_type = 'year'"),
        (
            "is_cocad and fct_crimes.quarter <= '2023-Q2'",
            "population = 'cocad' and place_type = 'national' "
            "and period_type = 'year_to_date' and period = '2023-Q2'",
        ),
    ):
        wanted = rows(release, counted.format(of=of))
        seen = rows(release, f"select {first}, records from {view} where {where} and unit <> 'victim'")
        assert seen == wanted, (view, where)


def test_local_authorities_are_counted_and_few_crimes_merged(release):
    """As the records of the warehouse say; who has fewer crimes than the policy's k is `other`."""
    k = singling_out.smallest_allowed()
    of = {"cpai": "true", "contact": "is_contact", "cocad": "is_cocad"}
    hidden = 0
    for population, where in of.items():
        counted = rows(
            release,
            "select force, coalesce(nullif(local_authority, 'unmapped'), ''), count(*) from fct_crimes "
            f"inner join days using (force, quarter, crime_reference) where {where} group by all",
        )
        wanted = Counter()
        for force, authority, many in counted:
            is_few = bool(authority) and many < k
            hidden += is_few
            wanted[force, singling_out.OTHER if is_few else authority] += many
        seen = rows(
            release,
            "select place, coalesce(local_authority, ''), crimes from local_authorities "
            f"where population = '{population}' and place_type = 'force' and period_type = 'year'",
        )
        assert {(place, authority): crimes for place, authority, crimes in seen} == wanted
        ((nation,),) = rows(
            release,
            "select sum(crimes)::bigint from local_authorities where place_type = 'national' "
            f"and population = '{population}' and period_type = 'year'",
        )
        assert nation == wanted.total()
    assert hidden
    assert rows(release, "select distinct period_type from local_authorities order by all") == [
        ("quarter",),
        ("year",),
    ]


def test_bounds_hold_the_share_of_those_known(release):
    assert rows(
        release,
        "select count(*) from disability where known > 0 and not (percent_disabled_low <= percent_disabled "
        "and percent_disabled <= percent_disabled_high)",
    ) == [(0,)]
    assert rows(
        release, "select count(*) from disability where known + not_recorded + not_collected <> records"
    ) == [(0,)]


def test_the_last_year_to_date_is_the_year(release):
    assert (
        rows(
            release,
            """
        select count(*), count(*) filter (where year.numerator is distinct from reached.numerator
            or year.denominator is distinct from reached.denominator)
        from figures as year
        left join figures_year_to_date as reached
            on year.figure_id = reached.figure_id and year.scheme = reached.scheme
            and year.place_type = reached.place_type and year.place = reached.place and reached.period = '2023-Q4'
        where year.period_type = 'year' and year.breakdown not in ('quarter', 'month') and year.numerator <> 0
        """,
        )[0][1]
        == 0
    )


def test_every_figure_has_one_row_with_what_must_be_said(release):
    ((figures, given, without),) = rows(
        release,
        "select (select count(*) from figures), count(*), count(*) filter (where counts is null "
        "or (percent_rounding is not null) <> (base is not null) or is_complete is null) from release_figures",
    )
    assert figures == given and without == 0
    assert rows(
        release,
        "select count(*) from release_figures where denominator > 0 "
        "and round(100.0 * numerator / denominator, 1) not between percent_low and percent_high",
    ) == [(0,)]


def test_without_breaks_and_missing_returns_the_matched_series_is_the_raw_one(release):
    assert rows(release, "select count(*) from comparable_forces where is_comparable") == [(44,)]
    assert rows(
        release,
        "select count(*) from figures_matched where numerator is distinct from matched_numerator "
        "or denominator is distinct from matched_denominator",
    ) == [(0,)]


def test_every_column_of_a_view_is_described(year, release):
    described = views.described(lineage.dbt_manifest(year.home))
    made = rows(
        release,
        "select table_name, column_name from duckdb_columns() inner join duckdb_views() "
        "on table_name = view_name and duckdb_columns.database_name = duckdb_views.database_name "
        "where not duckdb_views.internal and duckdb_views.database_name = current_database()",
    )
    assert {view for view, _ in made} == set(described)
    assert [(view, column) for view, column in made if not described[view]["columns"].get(column)] == []
