"""Column lineage is what the SQL says: of queries written for the test, and of columns of models checked by hand."""

import duckdb
import pytest

from orchestration.releases.lineage import dbt_manifest
from orchestration.warehouse import columns
from orchestration.warehouse.columns import trace

OF_THE_PROJECT = pytest.mark.xdist_group("year")
UPSTREAM = {"crimes": ["force", "quarter", "status", "recorded_on"], "forces": ["force", "region"]}


def traced(sql: str) -> columns.Traced:
    """A model over two seeds whose columns are known, and a source whose are not."""
    dbt = {
        "sources": {
            "source.raw": {
                "resource_type": "source",
                "schema": "raw",
                "name": "sent",
                "columns": {},
                "relation_name": "read_parquet('sent/*.parquet')",
            }
        },
        "nodes": {
            name: {
                "resource_type": "seed",
                "schema": "reference",
                "name": name,
                "config": {"column_types": dict.fromkeys(names, "varchar")},
                "columns": {},
            }
            for name, names in UPSTREAM.items()
        },
    }
    dbt["nodes"]["model"] = {
        "resource_type": "model",
        "schema": "marts",
        "name": "model",
        "config": {"materialized": "table"},
        "columns": {},
        "compiled_code": sql,
        "depends_on": {"nodes": [*UPSTREAM, "source.raw"]},
    }
    return trace(dbt)["model"]


CRIMES, FORCES = '"warehouse"."reference"."crimes"', '"warehouse"."reference"."forces"'


@pytest.mark.parametrize(
    ("sql", "of"),
    [
        (f"select force from {CRIMES}", [("reference.crimes", "force")]),
        (f"select 'kent' as force from {CRIMES}", []),
        (
            f"with all_of_it as (select * from {CRIMES}) select status || force as both from all_of_it",
            [("reference.crimes", "force"), ("reference.crimes", "status")],
        ),
        # of which rows there are is not what a value is made from
        (
            f"select c.quarter from {CRIMES} as c inner join {FORCES} as f on c.force = f.force where f.region = 'x'",
            [("reference.crimes", "quarter")],
        ),
        (
            f"select count(*) filter (where status = 'C1') as n from {CRIMES}",
            [("reference.crimes", "*"), ("reference.crimes", "status")],
        ),
        (
            f"select force from {CRIMES} union all select region from {FORCES}",
            [("reference.crimes", "force"), ("reference.forces", "region")],
        ),
        (
            f"select (select max(f.region) from {FORCES} as f where f.force = c.force) as region from {CRIMES} as c",
            [("reference.forces", "region")],
        ),
        (
            f"select max(status) over (partition by force) as last from {CRIMES}",
            [("reference.crimes", "force"), ("reference.crimes", "status")],
        ),
        # a name is a column before it is another column of the same select
        (
            f"select 'x' as status, status as as_sent from {CRIMES}",
            [("reference.crimes", "status")],
        ),
        ("select whatever from read_parquet('sent/*.parquet')", [("raw.sent", "whatever")]),
        (
            "with sent as (select * from read_parquet('sent/*.parquet')) select whatever from sent",
            [("raw.sent", "whatever")],
        ),
        ("select unnest as month from unnest(range(1, 13))", []),
    ],
)
def test_a_column_is_made_from_what_its_expression_names(sql, of):
    found = traced(sql)
    assert found.why_not == ""
    assert list(found.columns.values())[-1] == of


def test_what_is_not_clear_is_named_and_not_guessed():
    read = f"from read_parquet('sent/*.parquet') as sent inner join {FORCES} as f on true"
    found = traced(
        f"select something, region {read}, (select 1 as one) as a, read_parquet('other.parquet') as b"
    )
    assert not found.columns and "something" in found.why_not
    assert traced("select * from read_parquet('sent/*.parquet')").why_not


@pytest.fixture(scope="module")
def every(year):
    nodes = dbt_manifest(year.home)["nodes"]
    return {nodes[key]["alias"]: one for key, one in columns.kept(year.home).items()}


@OF_THE_PROJECT
@pytest.mark.parametrize(
    ("model", "column", "of"),
    [
        ("fct_crimes", "offence_code", {("cpai.cpai_crimes", "offence_code")}),
        ("dim_force", "region", {("reference.forces", "region")}),
        ("exclusions", "crimes", {("cpai.cpai_exclusions", "*")}),
        ("figures", "scheme", {("cocad.cocad_scheme_criteria", "scheme")}),
        (
            "recorded_crime_comparison",
            "difference",
            {("cpai.cpai_crimes", "*"), ("intermediate.int_police_recorded_crime", "crimes")},
        ),
        (
            "cpai_classified_crimes",
            "female_suspects",
            {("intermediate.int_suspects", "*"), ("intermediate.int_suspects", "gender")},
        ),
        ("stg_intake_findings", "field", {("raw.intake_findings", "column")}),
    ],
)
def test_columns_checked_by_hand(every, model, column, of):
    assert set(every[model].columns[column]) == of


@OF_THE_PROJECT
def test_only_what_sql_does_not_say_is_not_traced(every):
    assert len(every) > 150
    assert {name: one.why_not.partition(" ")[0] for name, one in every.items() if one.why_not} == {
        "dim_figure": "made",
        "measured_agreement": "made",
        "stg_submissions": "it",
    }


@OF_THE_PROJECT
def test_every_column_of_every_published_table_is_made_from_something_or_here(year, every):
    release = (year.home.releases / "current").resolve()
    with duckdb.connect(str(release / "marts.duckdb"), read_only=True) as marts:
        published = marts.execute(
            "select table_name, column_name from duckdb_columns() where not internal and database_name = current_database()"
        ).fetchall()
    missing = [
        (table, column)
        for table, column in published
        if not every[table].why_not and column not in every[table].columns
    ]
    # publishing adds the release's name
    assert set(missing) == {("figures", "release"), ("release_figures", "release")}
    assert len(published) > 500


@OF_THE_PROJECT
def test_what_is_traced_is_there_in_the_warehouse(year, every):
    from orchestration.warehouse.dbt import query

    there = {
        (f"{row['schema_name']}.{row['table_name']}", row["column_name"])
        for row in query(
            year.home,
            "select schema_name, table_name, column_name from duckdb_columns() where not internal",
        )
    }
    tables = {table for table, _ in there}
    named = {pair for one in every.values() for of in one.columns.values() for pair in of}
    known = {(table, column) for table, column in named if table in tables and column != columns.EVERY}
    assert len(known) > 500 and known <= there
