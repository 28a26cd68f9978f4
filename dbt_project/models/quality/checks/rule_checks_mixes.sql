{{ config(materialized='ephemeral', contract={'enforced': false}) }}
-- Each offence group's share of a return beside the rule about it. How to read the column: macros/rule_checks.sql.

with

submissions as (
    select * from {{ ref('int_submissions') }}
    where is_current
),

offence_groups as (
    select distinct offence_group
    from {{ ref('offences') }}
    where offence_group <> 'out_of_scope'
),

crimes as (
    select force, quarter, offence_group, count(*) as crimes
    from {{ ref('cpai_crimes') }}
    group by force, quarter, offence_group
),

counted as (
    select
        submissions.force,
        submissions.quarter,
        submissions.submission,
        offence_groups.offence_group,
        coalesce(crimes.crimes, 0) as crimes,
        sum(crimes.crimes) over (partition by submissions.force, submissions.quarter) as all_crimes,
        {{ quarter_number('submissions.quarter') }} as quarter_number
    from submissions
    cross join offence_groups
    left join crimes
        on submissions.force = crimes.force
        and submissions.quarter = crimes.quarter
        and offence_groups.offence_group = crimes.offence_group
),

described as (
    select
        *,
        sum(crimes) over before as crimes_before,
        sum(all_crimes) over before as all_crimes_before,
        count(*) over before = 4 and min(quarter_number) over before = quarter_number - 4 as has_four_before
    from counted
    window before as (
        partition by force, offence_group order by quarter_number rows between 4 preceding and 1 preceding
    )
)

select
    force,
    quarter,
    submission,
    'return' as record_type,
    cast(null as varchar) as crime_reference,
    cast(null as varchar) as person_reference,

    -- with fewer than 100 crimes, a share moves by 8 points by chance more than one time in twenty
    case when has_four_before and all_crimes >= 100 and all_crimes_before >= 100 then
        case
            when abs(1.0 * crimes / all_crimes - 1.0 * crimes_before / all_crimes_before) > 0.08
                then offence_group || '_share_moved'
            else 'ok'
        end
    end as cr57
from described
