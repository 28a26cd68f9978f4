{{ config(
    materialized='incremental',
    pre_hook=["{{ forget(in_changed_return()) }}", join_sides('as_written')],
    post_hook=join_sides('by_estimate')
) }}
{%- set key = ['force', 'quarter', 'crime_reference', 'victim_reference'] -%}
with

rejected as (
    select * from {{ ref('int_rejected_records') }} where record_type = 'victims'
),

crimes as (
    select force, quarter, crime_reference, committed_from, committed_to, recorded_on
    from {{ ref('int_crimes') }}
),

{{ merge_records(
    ref('int_victim_records'), ref('int_duplicate_victims'), key, person_columns('victim'),
    rejected='rejected', apart='victim_reference'
) }},

{{ dated_persons() }},

final as (
    select
        dated.force,
        dated.quarter,
        dated.crime_reference,
        {{ reference_apart('dated.victim_reference', 'dated') }} as victim_reference,
        case
            when dated.number_apart is not null or {{ matches('dated.victim_reference', '.*#[0-9]+') }}
                then dated.victim_reference
        end as reference_as_sent,
        {{ names_nobody('dated') }} as names_nobody,
        placeholders.spelling is not null as is_placeholder,
        dated.submission,
        dated.file,
        dated.sheet,
        dated.record_number,
        dated.place_in_row,
        upper(dated.victim_reference) <> 'STATE' as is_person,
        {{ code_of('gender_codes', 'gender', 'dated') }} as gender,
        {{ ages('dated') }},
        {{ code_of('sde_codes', 'self_defined_ethnicity', 'dated') }} as self_defined_ethnicity,
        {{ code_of('observed_codes', 'observed_ethnicity', 'dated') }} as observed_ethnicity,
        {{ code_of('disability_codes', 'disability', 'dated') }} as disability,
        {%- for flag in counted_flags('victim') %}
        {{ code_of(flag ~ '_codes', flag, 'dated') }} as {{ flag }},
        {%- endfor %}
        {{ code_of('nationality_codes', 'nationality', 'dated') }} as nationality,
        {{ person_token('dated.surname', 'dated.forenames', birth_date('dated.date_of_birth')) }} as person_token,
        dated.surname is not null or dated.forenames is not null as is_named,
        coalesce(dated.date_of_birth <> '1900-01-01' and dated.born_first is null, false) as has_unreadable_date,
        dated.age_at_offence is not null and dated.age_least is null as has_unreadable_number
    from dated
    {{ names_nobody_joins('dated.victim_reference') }}
    {{ code_join('gender_codes', 'gender', 'gender', 'dated') }}
    {{ code_join('sde_codes', 'self_defined_ethnicity', 'self_defined_ethnicity', 'dated') }}
    {{ code_join('observed_codes', 'observed_ethnicity', 'observed_ethnicity', 'dated') }}
    {{ code_join('disability_codes', 'flag', 'disability', 'dated') }}
    {{ code_join('nationality_codes', 'nationality', 'nationality', 'dated') }}
    {%- for flag in counted_flags('victim') %}
    {{ code_join(flag ~ '_codes', 'flag', flag, 'dated') }}
    {%- endfor %}
    where {{ in_changed_return('dated') }}
)

select * from final
