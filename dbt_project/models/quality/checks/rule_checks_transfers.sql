{{ config(materialized='ephemeral', contract={'enforced': false}) }}
-- Each crime cancelled as transferred beside the rule about it. How to read the column: macros/rule_checks.sql.

with

crimes as (
    select * from {{ ref('int_crimes') }}
),

forces as (
    select * from {{ ref('forces') }}
),

submissions as (
    select * from {{ ref('int_submissions') }}
    where is_current
),

-- quarters counted from year 0, so that two quarters later is a number two higher
answered as (
    select force, max({{ quarter_number('quarter') }}) as last_quarter
    from submissions
    group by force
),

transferred as (
    select
        *,
        split_part(linked_crime_reference, ':', 1) as receiving_force,
        substr(linked_crime_reference, length(split_part(linked_crime_reference, ':', 1)) + 2) as reference_there
    from crimes
    where cancellation_code = 'C1'
),

there as (
    select distinct transferred.receiving_force as force, transferred.reference_there as crime_reference
    from transferred
    inner join crimes
        on transferred.receiving_force = crimes.force
        and transferred.reference_there = crimes.crime_reference
),

described as (
    select
        transferred.*,
        forces.force is not null as names_a_force,
        there.force is not null as is_there,
        answered.last_quarter - {{ quarter_number('transferred.quarter') }} as quarters_since
    from transferred
    left join forces
        on transferred.receiving_force = forces.force
    left join there
        on transferred.receiving_force = there.force
        and transferred.reference_there = there.crime_reference
    left join answered
        on transferred.receiving_force = answered.force
)

select
    force,
    quarter,
    submission,
    'crime' as record_type,
    crime_reference,
    cast(null as varchar) as person_reference,

    -- the other force has two more quarters to record it
    case
        when linked_crime_reference is null or not names_a_force then 'no_receiving_force'
        when is_there then 'ok'
        when quarters_since >= 2 then 'not_at_the_receiving_force'
    end as cr27
from described
