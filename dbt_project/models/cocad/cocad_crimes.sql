{{ config(materialized='incremental', pre_hook="{{ forget(in_quarter_in_reach()) }}") }}
with

cpai_crimes as (
    select * from {{ ref('cpai_crimes') }}
    where {{ in_quarter_in_reach() }}
),

settled_readings as (
    select * from {{ ref('cocad_settled_readings') }}
    where group_based = 'yes' and {{ in_quarter_in_reach() }}
),

scheme_of_2024 as (
    select * from {{ ref('cocad_scheme_criteria') }}
    where scheme = '2024'
),

collected as (
    select min(children_collected_from) as collected_from from {{ ref('criteria') }}
),

confirmed as (
    select
        cpai_crimes.*,
        settled_readings.criterion,
        -- committed by children was not collected before 2023-Q2, whatever a reader wrote
        case
            when cpai_crimes.quarter < collected.collected_from then 'not_collected'
            else coalesce(settled_readings.committed_by_children, 'not_collected')
        end as committed_by_children,
        settled_readings.network_definition,
        settled_readings.offenders_read,
        greatest(
            cpai_crimes.suspect_rows,
            coalesce(cpai_crimes.offenders_stated, 0),
            coalesce(settled_readings.offenders_read, 0)
        ) as offenders
    from cpai_crimes
    inner join settled_readings
        on {{ same_key('settled_readings', 'cpai_crimes', ['force', 'quarter', 'crime_reference']) }}
    cross join collected
),

final as (
    select
        confirmed.*,
        -- a criterion in no list stays as it was read, and breaks CR50
        coalesce(scheme_of_2024.criterion, confirmed.criterion) as criterion_2024
    from confirmed
    left join scheme_of_2024
        on confirmed.criterion = scheme_of_2024.criterion_read
        and (confirmed.committed_by_children = 'yes') = scheme_of_2024.by_children
)

select * from final
