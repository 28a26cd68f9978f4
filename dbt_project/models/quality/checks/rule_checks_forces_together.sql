{{ config(materialized='ephemeral', contract={'enforced': false}) }}
-- Each counted crime whose victim and days are known beside the rule about other forces. How to read the column:
-- macros/rule_checks.sql.

with

crimes as (
    select * from {{ ref('cpai_crimes') }}
    where committed_from is not null or committed_to is not null
),

-- the token is made of names and birth: victims born on one day share it where a force sends no names
victims as (
    select * from {{ ref('int_victims') }}
    where is_person and person_token is not null
),

submissions as (
    select * from {{ ref('int_submissions') }}
    where is_current
),

known as (
    select
        crimes.force,
        crimes.quarter,
        crimes.crime_reference,
        crimes.offence_code,
        crimes.committed_from,
        crimes.committed_to,
        victims.person_token,
        victims.gender
    from crimes
    inner join victims
        on crimes.force = victims.force
        and crimes.quarter = victims.quarter
        and crimes.crime_reference = victims.crime_reference
),

in_two_forces as (
    select person_token, gender, offence_code, committed_from, committed_to
    from known
    group by person_token, gender, offence_code, committed_from, committed_to
    having min(force) < max(force)
),

described as (
    select
        known.force,
        known.quarter,
        known.crime_reference,
        bool_or(in_two_forces.person_token is not null) as is_in_two_forces
    from known
    left join in_two_forces
        on known.person_token = in_two_forces.person_token
        and known.offence_code = in_two_forces.offence_code
        and known.gender is not distinct from in_two_forces.gender
        and known.committed_from is not distinct from in_two_forces.committed_from
        and known.committed_to is not distinct from in_two_forces.committed_to
    group by known.force, known.quarter, known.crime_reference
)

select
    described.force,
    described.quarter,
    submissions.submission,
    'crime' as record_type,
    described.crime_reference,
    cast(null as varchar) as person_reference,

    case when described.is_in_two_forces then 'counted_by_another_force' else 'ok' end as cr33
from described
left join submissions
    on described.force = submissions.force
    and described.quarter = submissions.quarter
