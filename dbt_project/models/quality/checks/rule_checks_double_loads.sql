{{ config(materialized='ephemeral', contract={'enforced': false}) }}
-- Each crime of a return in two layouts beside the rule about it. How to read the column: macros/rule_checks.sql.
-- A force that changes its crime system inside a quarter writes one return in both, and may have moved crimes across.

with

in_two_layouts as (
    select force, quarter
    from {{ ref('int_crimes') }}
    where status is distinct from 'cancelled' and {{ in_reach() }}
    group by force, quarter
    having min(layout) < max(layout)
),

-- only of the few returns in two layouts
crimes as {{ materialized_cte() }} (
    select * from {{ ref('int_crimes') }}
    where status is distinct from 'cancelled' and (force, quarter) in (select force, quarter from in_two_layouts)
),

victims as (
    select * from {{ ref('int_victims') }}
    where is_person and {{ in_reach() }}
),

-- references and person numbers are new in the new system: only the offence and the victim stay the same
described as (
    select
        crimes.*,
        min(crimes.layout) over twins < max(crimes.layout) over twins as is_in_both
    from crimes
    inner join victims
        on crimes.force = victims.force
        and crimes.quarter = victims.quarter
        and crimes.crime_reference = victims.crime_reference
    where crimes.offence_code is not null and coalesce(crimes.committed_to, crimes.committed_from) is not null
    window twins as (
        partition by
            crimes.force,
            crimes.quarter,
            crimes.offence_code,
            crimes.committed_from,
            crimes.committed_to,
            crimes.reported_on,
            victims.gender,
            coalesce(victims.age_sent, victims.age_from_birth)
    )
)

select
    force,
    quarter,
    submission,
    'crime' as record_type,
    crime_reference,
    cast(null as varchar) as person_reference,

    case when bool_or(is_in_both) then 'in_both_systems' else 'ok' end as cr60
from described
group by force, quarter, submission, crime_reference
