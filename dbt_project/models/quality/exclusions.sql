with

exclusions as (
    select * from {{ ref('cpai_exclusions') }}
),

reasons as (
    select * from {{ ref('cpai_reasons') }}
),

counted as (
    select force, quarter, reason, count(*) as crimes
    from exclusions
    group by force, quarter, reason
),

final as (
    select
        counted.force,
        counted.quarter,
        counted.reason,
        counted.crimes,
        reasons.rule
    from counted
    left join reasons
        on counted.reason = reasons.reason
)

select * from final
