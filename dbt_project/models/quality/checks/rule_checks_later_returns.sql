{{ config(materialized='ephemeral', contract={'enforced': false}) }}
-- Each crime that the return of a later quarter cancels beside the rule about it. How to read the column:
-- macros/rule_checks.sql.

with

crimes as (
    select * from {{ ref('cpai_classified_crimes') }}
),

-- a crime recorded in the quarter of that return is another crime under an old reference: CR02
later_cancellations as (
    select force, crime_reference, max(quarter) as last_quarter
    from crimes
    where status = 'cancelled' and {{ quarter_of('recorded_on') }} < quarter
    group by force, crime_reference
)

select
    crimes.force,
    crimes.quarter,
    crimes.submission,
    'crime' as record_type,
    crimes.crime_reference,
    cast(null as varchar) as person_reference,

    case when crimes.exclusion_reason is null then 'still_counted' else 'ok' end as cr29
from crimes
inner join later_cancellations
    on crimes.force = later_cancellations.force
    and crimes.crime_reference = later_cancellations.crime_reference
    and crimes.quarter < later_cancellations.last_quarter
