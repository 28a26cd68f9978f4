{{ config(materialized='ephemeral') }}
{%- set key = ['force', 'quarter', 'crime_reference'] -%}
with

first_submissions as (
    select force, quarter, min(submission) as submission
    from {{ ref('int_submissions') }}
    where is_superseded
    group by force, quarter
),

-- a flat file repeats a crime, with the same values each time; a record held out, or two crimes under one reference, do
-- not count as received
crimes as (
    select
        records.force,
        records.quarter,
        records.submission,
        records.crime_reference,
        max(records.offence_code) as offence_code,
        max(records.offence_class) as offence_class,
        max(records.recorded_on) as recorded_on,
        max(records.committed_from) as committed_from,
        max(records.committed_to) as committed_to,
        bool_or(records.status = 'cancelled') as is_cancelled,
        bool_or(coalesce(records.csa_flag = 'Y', false)) as is_csa_flagged,
        bool_or(coalesce(records.cse_flag = 'Y', false)) as is_cse_flagged
    from {{ ref('int_superseded_crimes') }} as records
    inner join first_submissions
        on {{ same_key('first_submissions', 'records', ['force', 'quarter', 'submission']) }}
    where records.rule is null
    group by records.force, records.quarter, records.submission, records.crime_reference
    having
        not {{ differs('coalesce(records.offence_code, records.offence_code_sent)') }}
        and not {{ differs('records.recorded_on') }}
        and not {{ differs('records.status') }}
),

complete as (
    select victims.*
    from {{ ref('stg_victims') }} as victims
    inner join first_submissions
        on {{ same_key('first_submissions', 'victims', ['force', 'quarter', 'submission']) }}
    where upper(victims.victim_reference) <> 'STATE'
),

{{ dated_persons() }},

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

final as (
    select
        crimes.*,
        victim_ages.youngest_victim
    from crimes
    left join victim_ages
        on {{ same_key('victim_ages', 'crimes', key) }}
)

select * from final
