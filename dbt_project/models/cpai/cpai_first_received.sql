{{ config(materialized='ephemeral', contract={'enforced': false}) }}
{%- set place = ['force', 'quarter'] -%}
{%- set key = place + ['crime_reference'] -%}
-- Each crime of a return that was replaced, as its first submission had it: would it have been in the CPAI?

with

first_submissions as (
    select force, quarter, min(submission) as submission
    from {{ ref('stg_submissions') }}
    where is_superseded
    group by force, quarter
),

offences as (
    select * from {{ ref('offences') }}
),

-- a flat file repeats a crime, with the same values each time
crimes as (
    select
        records.force,
        records.quarter,
        records.crime_reference,
        max(offence_spellings.offence_code) as offence_code,
        max(offence_spellings.offence_class) as offence_class,
        max({{ iso_date('records.recorded_on') }}) as recorded_on,
        max({{ iso_date('records.committed_from') }}) as committed_from,
        max({{ iso_date('records.committed_to') }}) as committed_to,
        bool_or(coalesce(status_codes.code = 'cancelled', false)) as is_cancelled,
        bool_or(coalesce(csa_codes.code = 'Y', false)) as is_csa_flagged,
        bool_or(coalesce(cse_codes.code = 'Y', false)) as is_cse_flagged
    from {{ source('raw', 'crimes') }} as records
    inner join first_submissions
        on {{ same_key('first_submissions', 'records', place + ['submission']) }}
    left join {{ ref('stg_offence_spellings') }} as offence_spellings
        on offence_spellings.spelling = records.offence_code
    {{ code_join('status_codes', 'status', 'status', 'records') }}
    {{ code_join('csa_codes', 'flag', 'csa_flag', 'records') }}
    {{ code_join('cse_codes', 'flag', 'cse_flag', 'records') }}
    {{ placeholder_join('placeholders', 'records.crime_reference') }}
    -- what staging holds out was never received
    where
        records.crime_reference is not null
        and placeholders.spelling is null
        and records.offence_code is not null
        and records.status is not null
        and {{ iso_date('records.recorded_on') }} is not null
    group by records.force, records.quarter, records.crime_reference
    -- nor were two crimes under one reference
    having
        not {{ differs('coalesce(offence_spellings.offence_code, records.offence_code)') }}
        and not {{ differs('records.recorded_on') }}
        and not {{ differs('status_codes.code') }}
),

dated as (
    select
        records.force,
        records.quarter,
        records.crime_reference,
        records.date_of_birth,
        crimes.recorded_on,
        {{ offence_day('first') }} as day_first,
        {{ offence_day('last') }} as day_last,
        {{ born('records.date_of_birth', 'first') }} as born_first,
        {{ born('records.date_of_birth', 'last') }} as born_last,
        {{ age_of_text('records.age_at_offence', 'least') }} as age_least,
        {{ age_of_text('records.age_at_offence', 'greatest') }} as age_greatest
    from {{ source('raw', 'victims') }} as records
    inner join first_submissions
        on {{ same_key('first_submissions', 'records', place + ['submission']) }}
    inner join crimes
        on {{ same_key('crimes', 'records', key) }}
    where upper(records.victim_reference) <> 'STATE'
),

aged as (
    select
        dated.force,
        dated.quarter,
        dated.crime_reference,
        {{ ages('dated') }}
    from dated
),

victim_ages as (
    select
        force,
        quarter,
        crime_reference,
        min({{ age_or_bound() }}) as youngest_victim
    from aged
    group by force, quarter, crime_reference
),

described as (
    select
        crimes.*,
        offences.offence_group,
        offences.names_a_child,
        offences.image,
        offences.counts_only_when_flagged,
        victim_ages.youngest_victim
    from crimes
    left join offences on offences.offence_code = crimes.offence_code
    left join victim_ages
        on {{ same_key('victim_ages', 'crimes', key) }}
)

select
    force,
    quarter,
    crime_reference,
    offence_class,
    {{ exclusion_reason('is_cancelled') }} as exclusion_reason
from described
