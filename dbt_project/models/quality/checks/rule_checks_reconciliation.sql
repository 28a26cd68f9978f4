{{ config(materialized='ephemeral', contract={'enforced': false}) }}
-- Each return beside police recorded crime. How to read the column: macros/rule_checks.sql.

with

reconciliation as (
    select * from {{ ref('reconciliation') }}
),

submissions as (
    select * from {{ ref('int_submissions') }}
    where is_current
)

select
    reconciliation.force,
    reconciliation.quarter,
    submissions.submission,
    'return' as record_type,
    cast(null as varchar) as crime_reference,
    cast(null as varchar) as person_reference,

    case
        when reconciliation.within_tolerance then 'ok'
        when reconciliation.difference > 0 then 'more_than_recorded_crime'
        else 'fewer_than_recorded_crime'
    end as rc01
from reconciliation
left join submissions
    on reconciliation.force = submissions.force
    and reconciliation.quarter = submissions.quarter
