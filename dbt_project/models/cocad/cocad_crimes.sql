with

cpai_crimes as (
    select * from {{ ref('cpai_crimes') }}
),

settled_readings as (
    select * from {{ ref('cocad_settled_readings') }}
    where group_based = 'yes'
),

collected as (
    select min(children_collected_from) as collected_from from {{ ref('criteria') }}
),

judged as (
    select
        cpai_crimes.*,
        settled_readings.criterion,
        -- who committed it was not asked before 2023-Q2, whatever a reader wrote
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
        *,
        -- the scheme of 2024: committed by children is a criterion of its own, and comes first
        case
            when committed_by_children = 'yes' then 'committed_by_children'
            else criterion
        end as criterion_2024
    from judged
)

select * from final
