{{ config(materialized='ephemeral', contract={'enforced': false}) }}
-- Each suspect of a crime in the CPAI beside the rules about them. How to read a rule's column: macros/rule_checks.sql.

with

suspects as (
    select * from {{ ref('cpai_suspects') }}
    where {{ in_reach() }}
),

submissions as (
    select * from {{ ref('int_submissions') }}
    where is_current
),

described as (
    select
        suspects.*,
        {{ sent_flags('suspect') }}
        submissions.submission
    from suspects
    left join submissions
        on suspects.force = submissions.force
        and suspects.quarter = submissions.quarter
    {{ sent_flags_join('suspect') }}
)

select
    force,
    quarter,
    submission,
    'suspect' as record_type,
    crime_reference,
    suspect_reference as person_reference,

    case
        when gender = 'unmapped' then 'unmapped_gender'
        when self_defined_ethnicity = 'unmapped' then 'unmapped_self_defined_ethnicity'
        when observed_ethnicity = 'unmapped' then 'unmapped_observed_ethnicity'
        when disability = 'unmapped' then 'unmapped_disability'
        {%- for flag in counted_flags('suspect') %}
        when {{ flag }} = 'unmapped' then 'unmapped_{{ flag }}'
        {%- endfor %}
        when relationship = 'unmapped' then 'unmapped_relationship'
        when role = 'unmapped' then 'unmapped_role'
        when identified = 'unmapped' then 'unmapped_identified'
        when deceased = 'unmapped' then 'unmapped_deceased'
        when nationality = 'unmapped' then 'unmapped_nationality'
        else 'ok'
    end as um03
from described
