"""A small home as publishing finds it: receipts, readings, a built warehouse, dbt's manifest."""

import json
from dataclasses import dataclass, field
from pathlib import Path

import duckdb

from orchestration.home import DBT_PROJECT, Home
from orchestration.ledger import snapshots
from orchestration.ledger.chain import add_readings
from orchestration.ledger.opening import open_ledger
from orchestration.ledger.receipts import record_submission
from orchestration.releases import figures, views
from orchestration.warehouse import compiled

QUARTERS = [f"2023-Q{number}" for number in range(1, 5)]
KENT = "figure_id = 'criterion.cse' and place = 'kent' and period = '2023-Q1'"
FORCES = {"kent": "South East", "norfolk": "East of England", "durham": "North East"}

MARTS = """
create schema marts; create schema quality; create schema cocad; create schema cpai;

create table marts.dim_force as select *, '2023-Q1' as from_quarter, null::varchar as to_quarter from (values
    ('kent', 'Kent Police', 'South East'), ('norfolk', 'Norfolk Constabulary', 'East of England'),
    ('durham', 'Durham Constabulary', 'North East')) as v(force, name, region);

create table marts.dim_quarter as
select '2023-Q' || n as quarter, '2023' as year, n::integer as quarter_number,
    make_date(2023, 3 * n::integer - 2, 1) as first_day, last_day(make_date(2023, 3 * n::integer, 1)) as last_day
from range(1, 5) as v(n);

-- two figures by force, region and nation, for each month, quarter and the year
create table marts.figures as
select
    f.figure_id, 'crime' as unit, f.population, 'all' as criterion, f.breakdown, f.category,
    p.place_type, p.place, t.period_type, t.period,
    (f.many * p.share * t.share)::bigint as numerator,
    case when f.breakdown <> 'total' then (4228 * p.share * t.share)::bigint end as denominator,
    case when f.breakdown <> 'total' then round(f.many / 42.28)::decimal(4, 1) end as percent,
    case when f.breakdown <> 'total' then 'largest_remainder' end as percent_rounding,
    '2023' as scheme,
    'published' as status
from (values
    ('scale.cpai', 'cpai', 'total', 'all', 115488), ('scale.contact', 'contact', 'total', 'all', 78078),
    ('criterion.familial', 'cocad', 'criterion', 'familial', 1128),
    ('criterion.cse', 'cocad', 'criterion', 'cse', 720)
) as f(figure_id, population, breakdown, category, many)
cross join (
    select 'national' as place_type, 'England and Wales' as place, 3 as share
    union all select 'force', force, 1 from marts.dim_force
    union all select 'region', region, 1 from marts.dim_force) as p
cross join (
    select 'year' as period_type, '2023' as period, 12 as share
    union all select 'quarter', '2023-Q' || range, 3 from range(1, 5)
    union all select 'month', '2023-' || lpad(range::varchar, 2, '0'), 1 from range(1, 13)) as t;

create table marts.fct_crimes as
select force, quarter, quarter || '/' || n as crime_reference, '19D' as offence_class, n % 2 = 0 as is_cocad,
    '2023-' || lpad((3 * right(quarter, 1)::integer - 2)::varchar, 2, '0') as month,
    '19/8' as offence_code, 'rape_of_a_child' as offence_group, 'recent' as recency, true as is_contact,
    n % 2 = 0 as is_candidate, case when n % 2 = 0 then 'two_suspects' end as candidate_reason,
    case when n % 2 = 0 then 'familial' end as criterion, null::varchar as committed_by_children,
    2::integer as offenders, 2::integer as offenders_stated, 2::integer as suspect_rows, 1::integer as victim_rows,
    'Y' as csa_flag, ['Y', 'N', null, 'N'][n + 1] as cse_flag, 'N' as online_flag, null::varchar as children_flag,
    'child_victim' as inclusion_rule, case when n % 2 = 0 then 'suspect_rows' end as candidate_reasons,
    'victim_home' as location_type, '16' as outcome_code, '5 to 12' as weeks_to_outcome, true as is_12_weeks_old
from (select unnest(['kent', 'norfolk', 'durham']) as force),
    (select unnest(['2023-Q1', '2023-Q2', '2023-Q3', '2023-Q4']) as quarter), range(4) as r(n);

create table marts.fct_victims as
select force, quarter, crime_reference, 1::integer as victim_number, 'female' as gender, '10_to_13' as age_band,
    'white' as ethnicity_group, 'N' as disability, 'GBR' as nationality
from marts.fct_crimes;
create table marts.fct_suspects as
select force, quarter, crime_reference, 1::integer as suspect_number, 'male' as gender, '18_to_29' as age_band,
    'white' as ethnicity_group, null::varchar as disability, 'FRA' as nationality, 'suspect' as role,
    'Y' as identified, 'N' as deceased, 'stranger' as relationship_group, 'up to 4' as weeks_to_arrest
from marts.fct_crimes;

create table marts.fct_counted_flags (
    force varchar, quarter varchar, crime_reference varchar, unit varchar, person_number integer, flag varchar,
    answer varchar);

create table marts.crimes_by_local_authority as
select 'cpai' as population, force, 'quarter' as period_type, quarter as period, 'E07000106' as local_authority,
    count(*) as crimes
from marts.fct_crimes group by all;

create table marts.replication_2023 as select * from (values
    ('scale.cpai', 12, 115488, null, null::decimal(4, 1), 115488, null, null::decimal(4, 1), null, true, null,
        'printed', 'agrees', null),
    ('criterion.familial', 13, 1125, 4228, 26, 1125, 4228, 26, 'largest_remainder', true, true, 'printed',
        'agrees, publication erratum', '26.61% alone rounds to 27; printed 26 because the split sums to 100'),
    ('suspect.age.10_to_17', 22, null, 4768, 48, 2289, 4768, 48, 'half_up', null, true, 'printed',
        'percent only', 'only the percentage is printed')
) as v(figure_id, page, published_numerator, published_denominator, printed_percent, numerator, denominator,
    percent, percent_rounding, counts_agree, percent_agrees_with_print, certainty, status, explanation);

create table marts.recall_estimates as
select quarter, 1000::bigint as crimes, 200::bigint as drawn, 200::bigint as read, 1::bigint as group_based,
    4::bigint as missed, 1::bigint as missed_low, 22::bigint as missed_high
from marts.dim_quarter;

create table quality.returns as
select force, quarter, 1::integer as submission, 'accepted' as status,
    '2023-05-01T00:00:00+00:00' as received_at,
    4::bigint as crimes, 4::bigint as victims, 5::bigint as suspects, '[]' as reasons
from (select unnest(['kent', 'norfolk', 'durham']) as force),
    (select unnest(['2023-Q1', '2023-Q2', '2023-Q3', '2023-Q4']) as quarter);
create table quality.balance as
select force, quarter, 'crimes' as record_type, 4::bigint as received, 4::bigint as accepted,
    0::bigint as rejected,
    0::bigint as duplicate, 0::bigint as superseded from quality.returns;
create table quality.exclusions as
select force, quarter, 'cancelled' as reason, 1::bigint as crimes, 'CR25' as rule from quality.returns;
create table quality.rule_results as
select 'CR15' as rule, force, quarter, 4::bigint as tested, 0::bigint as failed, 0::bigint as also_reported,
    0::bigint as waived, 0::double as rate, 'pass' as verdict from quality.returns;
create table quality.rule_changes as
select 'CR15' as rule, force, quarter, 4::bigint as tested, 1::bigint as failed, 'within_tolerance' as verdict,
    null::bigint as tested_before, null::bigint as failed_before, null::varchar as verdict_before,
    'other_forces' as usual_from, 0.0::decimal(4, 1) as usual_percent, 1.0::decimal(6, 1) as unusual
from quality.returns;
create table quality.rule_result_history (
    rule varchar, force varchar, quarter varchar, kept_at varchar, replaced_at varchar, tested bigint,
    failed bigint, also_reported bigint, waived bigint, rate double, verdict varchar);
create table quality.release_history
    (release varchar, period varchar, published_at varchar, results_kept_at varchar);
create table quality.restatements as
select force, quarter, 1::integer as first_submission, 1::integer as submission, cause, effect, rule, v.crimes
from quality.returns, (values ('first_received', 1, null, 5::bigint), ('cancelled_later', -1, 'CR29', 1))
    as v(cause, effect, rule, crimes);
create table quality.field_completeness as
select force, quarter, record_type, field, field <> 'disability' as is_collected, 5::bigint as records,
    case when field <> 'disability' then 3::bigint end as known,
    case when field <> 'disability' then 60.0::decimal(4, 1) end as percent,
    case when field <> 'disability' then 23.1::decimal(4, 1) end as percent_low,
    case when field <> 'disability' then 88.2::decimal(4, 1) end as percent_high,
    case when field <> 'disability' and quarter > '2023-Q1' then 0.0::decimal(5, 1) end as change_in_points,
    case when field <> 'disability' and quarter > '2023-Q1' then 'no_clear_change' end as trend
from quality.returns, (values ('suspects', 'self_defined_ethnicity'), ('suspects', 'nationality'),
    ('suspects', 'disability'), ('crimes', 'csa_flag')) as v(record_type, field);
create table quality.force_profile as
select force, quarter, 'Niche RMS' as crime_system, 'niche' as layout, 'accepted' as status,
    1::bigint as submissions, 0::bigint as refused, received_at,
    31::integer as days_after_quarter, 4::bigint as crimes, 0::bigint as held_out, 4::bigint as in_cpai,
    5::bigint as first_in_cpai, 0::bigint as came_in, 1::bigint as left_out, 4::bigint as crimes_with_report,
    0.0::double as median_days_to_record, 2.0::double as ninth_decile_days_to_record,
    0::bigint as completeness_findings, 0::bigint as consistency_findings, 0::bigint as validity_findings,
    0::bigint as uniqueness_findings, 0::bigint as timeliness_findings, 0::bigint as accuracy_findings,
    0::bigint as rules_failing, 0::bigint as rules_waived
from quality.returns;
create table quality.waiver_verdicts as
select 'CR15' as rule, 'kent' as force, '2023-Q2' as quarter, 'ages agreed with the force' as reason,
    'A Person' as signed_by, '2023-08-01' as signed_on, '2099-12-31' as expires, 'counts' as verdict
union all
select 'CR15', 'durham', null, 'all quarters', 'A Person', '2023-08-01', '2099-12-31',
    'wider_than_one_force_and_quarter';

-- those counted, and one of each force and quarter that is not
create table cpai.cpai_classified_crimes as
select force, quarter, crime_reference, 1::integer as submission, 'recorded' as status,
    null::varchar as exclusion_reason, null::varchar as exclusion_reason_as_sent
from marts.fct_crimes
union all
select distinct force, quarter, quarter || '/out', 1, 'cancelled', 'cancelled', 'cancelled' from marts.fct_crimes;

-- of each force and quarter two candidates: familial to both readers, and to one reader, who was alone
create schema intermediate;
create table intermediate.int_readings as
select 1::bigint as reading_id, force, crime_reference, 'v1' as version, role, 'yes' as group_based,
    'familial' as criterion, null::varchar as committed_by_children, 'high' as confidence, true as is_standing
from marts.fct_crimes, (values ('first'), ('second')) as v(role)
where is_cocad and (role = 'first' or crime_reference like '%/0');
create table intermediate.int_police_recorded_crime as
select '2023-10-19' as published_on, 'recorded.csv' as file, repeat('ab', 32) as file_sha256,
    '2023-Q1' as quarter, 'kent' as force;

-- everything is made again
create table cocad.cocad_reach as select quarter from marts.dim_quarter;
create table cocad.cocad_candidates as
select force, quarter, crime_reference from marts.fct_crimes where is_cocad;
create table cocad.cocad_settled_readings as
select force, quarter, crime_reference, 'v1' as version, 'yes' as group_based, 'familial' as criterion,
    null::varchar as committed_by_children, if(crime_reference like '%/0', 'agreement', 'only') as settled_by
from cocad.cocad_candidates;
create table cocad.cocad_scheme_criteria as
select scheme, scheme_number, 'familial' as criterion_read, by_children,
    if(scheme = '2024' and by_children, 'committed_by_children', 'familial') as criterion,
    scheme = '2023' as has_own_figures
from (values ('2023', 1), ('2024', 2)) as schemes (scheme, scheme_number)
cross join (values (true), (false)) as asked (by_children);
"""


# made by dbt's own SQL over the tables above
OF_DBT = (
    *("dim_outcome", "dim_cpai_reason", "dim_known_break", "settled_answers"),
    *("dim_criterion", "dim_breakdown", "dim_age_band", "dim_scheme_criterion"),
    *("figure_revisions", "expectation_results", "singling_out"),
    *sorted(file.stem for file in (DBT_PROJECT / "models" / "release").glob("*.sql")),
)
SEEDS_OF_DBT = {
    *("outcomes", "known_breaks", "forces", "reading_policy", "criteria"),
    *("breakdowns", "age_bands", "cpai_reasons"),
}


def make_tables(connection, changed: str = "") -> None:
    """The small warehouse as the database `warehouse` of the connection, its tables `changed` before they have views."""
    connection.execute(
        f"{MARTS} create schema reference; create schema {views.SCHEMA}; set search_path = 'marts,release'"
    )
    steps = [step for step in compiled.steps(OF_DBT) if step.name in {*OF_DBT, *SEEDS_OF_DBT}]
    for step in steps:
        if step.schema != views.SCHEMA:
            compiled.make(connection, step)
    name_figures(connection)
    if changed:
        connection.execute(changed)
    for step in steps:
        if step.schema == views.SCHEMA:
            compiled.make(connection, step)


def name_figures(connection) -> None:
    """`dim_figure`, of the figures that there are."""
    cursor = connection.execute("select distinct * from marts.figures where place_type = 'national'")
    names = [column[0] for column in cursor.description]
    found = [figures.described(dict(zip(names, row, strict=True))) for row in cursor.fetchall()]
    words = sorted({tuple(row.values()) for row in found}, key=str)
    connection.execute(
        "create or replace table marts.dim_figure "
        "(figure_id varchar, scheme varchar, counts varchar, base varchar, definition varchar, repeats varchar)"
    )
    connection.executemany("insert into marts.dim_figure values (?, ?, ?, ?, ?, ?)", words)


@dataclass
class Expectation:
    """As the expectation suites give their results."""

    suite: str = "cpai"
    rule: str = "CR43"
    table: str = "cpai.cpai_crimes"
    expectation: str = "no rows"
    severity: str = "blocks"
    dimension: str = "consistency"
    success: bool = True
    tested: int = 48
    failed: int = 0
    error: str | None = None
    failing_keys: list = field(default_factory=list)
    statement: str = "No image or grooming crime counts as contact"
    what_to_do: str = "Ours to correct: see cpai_crimes."


@dataclass
class Gate:
    open: bool = True
    results: list = field(default_factory=lambda: [Expectation(), Expectation("marts", "CR59")])
    reasons: list = field(default_factory=list)


def describe_models(home: Home) -> None:
    """A manifest of dbt's shape: every table of the small warehouse, every column described."""
    nodes = {}
    with duckdb.connect(str(home.warehouse), read_only=True) as warehouse:
        found = warehouse.execute(
            "select schema_name, table_name, column_name from duckdb_columns() "
            "where schema_name in ('marts', 'quality', 'release') order by all"
        ).fetchall()
    # publishing adds it to the figures
    for schema, table, column in [*found, ("release", "release_figures", "release")]:
        node = nodes.setdefault(
            f"model.cpai.{table}",
            {
                "resource_type": "model",
                "name": table,
                "alias": table,
                "schema": schema,
                "description": f"What a row of {table} is.",
                "config": {"materialized": "table"},
                "original_file_path": f"models/{schema}/{table}.sql",
                "compiled_path": str(home.dbt / "target" / "compiled" / f"{table}.sql"),
                "created_at": 1700000000.5,
                "columns": {},
                "unique_id": f"model.cpai.{table}",
                "constraints": [],
                "depends_on": {"nodes": []},
            },
        )
        node["columns"][column] = {"name": column, "description": f"Meaning of {column}."}
    key = {"type": "primary_key", "columns": ["figure_id", "place_type", "place", "period"]}
    nodes["model.cpai.figures"]["constraints"] = [key]
    if "model.cpai.fct_crimes" in nodes:
        nodes["test.cpai.key_of_crimes"] = {
            "resource_type": "test",
            "name": "key_of_crimes",
            "schema": "tests",
            "attached_node": "model.cpai.fct_crimes",
            "test_metadata": {
                "name": "sound_rows",
                "kwargs": {"unique_key": ["force", "quarter", "crime_reference"]},
            },
        }
    nodes["model.cpai.figures"]["depends_on"] = {"nodes": ["model.cpai.fct_crimes"]}
    document = {"metadata": {"invocation_id": "x", "generated_at": "now"}, "nodes": nodes, "sources": {}}
    (home.dbt / "target").mkdir(parents=True, exist_ok=True)
    (home.dbt / "target" / "manifest.json").write_text(json.dumps(document))


def make_home(root: Path) -> Home:
    home = Home(root)
    engine = open_ledger(home)
    with engine.begin() as connection:
        for force in FORCES:
            for quarter in QUARTERS:
                row = {
                    "force": force,
                    "quarter": quarter,
                    "submission": 1,
                    "delivered_as": force,
                    "layout": "national",
                    "status": "accepted",
                    "received_at": "2023-05-01T00:00:00+00:00",
                    "fingerprint": f"{force}{quarter}",
                    "crimes": 4,
                    "victims": 4,
                    "suspects": 5,
                    "reasons": [],
                }
                files = [("crimes.csv", f"{force}{quarter}".encode().hex().ljust(64, "0"), 10)]
                record_submission(connection, row, files)
    home.raw.mkdir()
    engine.dispose()
    add_reading(home, "kent", "2023-Q1/0")
    with duckdb.connect(str(home.warehouse)) as warehouse:
        make_tables(warehouse)
    describe_models(home)
    return home


def add_reading(home: Home, force: str, crime_reference: str) -> None:
    engine = open_ledger(home)
    row = {"force": force, "crime_reference": crime_reference, "version": "v1", "role": "first"}
    add_readings(engine, [row | {"group_based": "yes", "imported_at": "2023-06-01T00:00:00+00:00"}])
    snapshots.write(engine, home)
    engine.dispose()


def change(home: Home, sql: str) -> None:
    """Write to the small warehouse, as a later build would."""
    with duckdb.connect(str(home.warehouse)) as warehouse:
        warehouse.execute(sql)


def add(seeds, name: str, row: str) -> None:
    with (seeds / "publication" / f"{name}.csv").open("a") as file:
        file.write(row + "\n")


def revisions(home, where: str = "true") -> list[tuple]:
    file = home.releases / "current" / "marts.duckdb"
    with duckdb.connect(str(file), read_only=True) as marts:
        return marts.execute(
            "select release, revision, numerator_before, numerator, cause from quality.figure_revisions "
            f"where {where} order by place, period, revision"
        ).fetchall()


def resubmit(home, force: str, quarter: str) -> None:
    row = {"force": force, "quarter": quarter, "submission": 2, "delivered_as": force, "layout": "national"}
    row |= {"status": "accepted", "received_at": "2023-09-01T00:00:00+00:00", "fingerprint": "again"}
    row |= {"crimes": 4, "victims": 4, "suspects": 5, "reasons": []}
    engine = open_ledger(home)
    with engine.begin() as connection:
        record_submission(connection, row, [("crimes.csv", "f" * 64, 10)])
    engine.dispose()
    change(
        home, f"update quality.returns set submission = 2 where force = '{force}' and quarter = '{quarter}'"
    )


def cancel_later(home, force: str, quarter: str, by_quarter: str) -> None:
    """The return of a later quarter cancels a crime of this one, as a later build has it."""
    change(
        home,
        "insert into cpai.cpai_classified_crimes by name select * from (values "
        f"('{force}', '{quarter}', 'cancelled', 1, 'recorded', 'cancelled', null), "
        f"('{force}', '{by_quarter}', 'cancelled', 1, 'cancelled', 'cancelled', 'cancelled')) "
        "as v(force, quarter, crime_reference, submission, status, exclusion_reason, exclusion_reason_as_sent)",
    )


def arrive(home, force: str, quarter: str, status: str = "accepted") -> None:
    """A return of a quarter beside the period."""
    row = {"force": force, "quarter": quarter, "submission": 1, "delivered_as": force, "layout": "national"}
    row |= {"status": status, "received_at": "2024-05-01T00:00:00+00:00", "fingerprint": quarter}
    row |= {"crimes": 4, "victims": 4, "suspects": 5, "reasons": []}
    engine = open_ledger(home)
    with engine.begin() as connection:
        record_submission(connection, row, [("crimes.csv", "e" * 64, 10)])
    engine.dispose()
