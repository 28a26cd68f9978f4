{{ config(materialized='ephemeral', contract={'enforced': false}) }}
-- The number of crimes of each return beside the rule about it. How to read the column: macros/rule_checks.sql.

with

submissions as (
    select * from {{ ref('int_submissions') }}
    where is_current
),

crimes as (
    select force, quarter, count(*) as crimes
    from {{ ref('cpai_crimes') }}
    group by force, quarter
),

counted as (
    select
        submissions.force,
        submissions.quarter,
        submissions.submission,
        coalesce(crimes.crimes, 0) as crimes,
        {{ quarter_number('submissions.quarter') }} as quarter_number
    from submissions
    left join crimes
        on submissions.force = crimes.force
        and submissions.quarter = crimes.quarter
),

described as (
    select
        *,
        avg(crimes) over before as mean_before,
        -- four returns, and no quarter between them without one
        count(*) over before = 4 and min(quarter_number) over before = quarter_number - 4 as has_four_before
    from counted
    window before as (partition by force order by quarter_number rows between 4 preceding and 1 preceding)
)

select
    force,
    quarter,
    submission,
    'return' as record_type,
    cast(null as varchar) as crime_reference,
    cast(null as varchar) as person_reference,

    -- recorded crime of 42 forces over 8 quarters: 95 of 100 are within -17% and +31%, 99 within -22% and +39%;
    -- below 25 crimes a quarter, chance alone moves it further
    case when has_four_before and mean_before >= 25 then
        case
            when crimes < 0.6 * mean_before or crimes > 1.6 * mean_before then 'implausible_volume'
            when crimes < 0.8 * mean_before or crimes > 1.35 * mean_before then 'unusual_volume'
            else 'ok'
        end
    end as cr56
from described
