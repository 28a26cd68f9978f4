{{ config(materialized='incremental', pre_hook="{{ forget(in_year_in_reach('period')) }}") }}
{#-
    Records have no local authority in a release: it is counted here. An authority with fewer crimes than the public
    tier shows in a cell is merged with the others of its force.
-#}
{%- set smallest = seed_value('disclosure_policy.csv', 'threshold', named_in='rule') -%}

with

cpai_crimes as (
    select
        force,
        quarter,
        crime_reference,
        is_contact,
        nullif(local_authority, 'unmapped') as local_authority
    from {{ ref('cpai_crimes') }}
    where {{ in_year_in_reach('quarter') }}
),

cocad_crimes as (
    select force, quarter, crime_reference from {{ ref('cocad_crimes') }}
    where {{ in_year_in_reach('quarter') }}
),

by_quarter as (
    select
        cpai_crimes.force,
        cpai_crimes.quarter,
        cpai_crimes.local_authority,
        cpai_crimes.is_contact,
        cocad_crimes.crime_reference is not null as is_cocad,
        count(*) as crimes
    from cpai_crimes
    left join cocad_crimes
        on {{ same_key('cocad_crimes', 'cpai_crimes', ['force', 'quarter', 'crime_reference']) }}
    group by
        cpai_crimes.force, cpai_crimes.quarter, cpai_crimes.local_authority, cpai_crimes.is_contact,
        cocad_crimes.crime_reference is not null
),

by_period as (
    select *, 'quarter' as period_type, quarter as period from by_quarter
    union all
    select *, 'year' as period_type, substr(quarter, 1, 4) as period from by_quarter
),

counted as (
    select
        populations.population,
        by_period.force,
        by_period.period_type,
        by_period.period,
        by_period.local_authority,
        sum(by_period.crimes) as crimes
    from by_period
    inner join (values ('cpai', false, false), ('contact', true, false), ('cocad', false, true))
        as populations (population, contact_only, cocad_only)
        on (by_period.is_contact or not populations.contact_only)
        and (by_period.is_cocad or not populations.cocad_only)
    group by
        populations.population, by_period.force, by_period.period_type, by_period.period, by_period.local_authority
),

merged as (
    select
        population,
        force,
        period_type,
        period,
        case when crimes < {{ smallest }} and local_authority is not null then 'other' else local_authority end
            as local_authority,
        crimes
    from counted
)

select
    population,
    force,
    period_type,
    period,
    local_authority,
    cast(sum(crimes) as bigint) as crimes
from merged
group by population, force, period_type, period, local_authority
