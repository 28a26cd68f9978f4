{{ config(
    materialized='incremental',
    pre_hook=["{{ forget(in_changed_return()) }}", join_sides('as_written')],
    post_hook=join_sides('by_estimate')
) }}
{%- set key = ['force', 'quarter', 'crime_reference', 'suspect_reference'] -%}
with

rejected as (
    select * from {{ ref('int_rejected_records') }} where record_type = 'suspects'
),

crimes as (
    select force, quarter, crime_reference, committed_from, committed_to, recorded_on
    from {{ ref('int_crimes') }}
),

{{ merge_records(
    ref('int_suspect_records'), ref('int_duplicate_suspects'), key, person_columns('suspect'),
    rejected='rejected', apart='suspect_reference'
) }},

{{ dated_persons() }},

final as (
    select
        dated.force,
        dated.quarter,
        dated.crime_reference,
        {{ reference_apart('dated.suspect_reference', 'dated') }} as suspect_reference,
        case
            when dated.number_apart is not null or {{ matches('dated.suspect_reference', '.*#[0-9]+') }}
                then dated.suspect_reference
        end as reference_as_sent,
        {{ names_nobody('dated') }} as names_nobody,
        placeholders.spelling is not null as is_placeholder,
        dated.submission,
        dated.file,
        dated.sheet,
        dated.record_number,
        dated.place_in_row,
        {{ code_of('identified_codes', 'identified', 'dated') }} as identified,
        {{ code_of('role_codes', 'role', 'dated') }} as role,
        {{ code_of('deceased_codes', 'deceased', 'dated') }} as deceased,
        {{ code_of('gender_codes', 'gender', 'dated') }} as gender,
        {{ ages('dated') }},
        {{ code_of('sde_codes', 'self_defined_ethnicity', 'dated') }} as self_defined_ethnicity,
        {{ code_of('observed_codes', 'observed_ethnicity', 'dated') }} as observed_ethnicity,
        {{ code_of('disability_codes', 'disability', 'dated') }} as disability,
        {%- for flag in counted_flags('suspect') %}
        {{ code_of(flag ~ '_codes', flag, 'dated') }} as {{ flag }},
        {%- endfor %}
        {{ code_of('nationality_codes', 'nationality', 'dated') }} as nationality,
        {{ person_token('dated.surname', 'dated.forenames', birth_date('dated.date_of_birth')) }} as person_token,
        dated.surname is not null or dated.forenames is not null as is_named,
        dated.victim_reference,
        {{ code_of('relationship_codes', 'relationship', 'dated') }} as relationship,
        {{ iso_date('dated.arrested_on') }} as arrested_on,
        coalesce(dated.date_of_birth <> '1900-01-01' and dated.born_first is null, false)
        or (dated.arrested_on is not null and {{ iso_date('dated.arrested_on') }} is null) as has_unreadable_date,
        dated.age_at_offence is not null and dated.age_least is null as has_unreadable_number
    from dated
    {{ names_nobody_joins('dated.suspect_reference') }}
    {{ code_join('identified_codes', 'flag', 'identified', 'dated') }}
    {{ code_join('role_codes', 'role', 'role', 'dated') }}
    {{ code_join('deceased_codes', 'flag', 'deceased', 'dated') }}
    {{ code_join('gender_codes', 'gender', 'gender', 'dated') }}
    {{ code_join('sde_codes', 'self_defined_ethnicity', 'self_defined_ethnicity', 'dated') }}
    {{ code_join('observed_codes', 'observed_ethnicity', 'observed_ethnicity', 'dated') }}
    {{ code_join('disability_codes', 'flag', 'disability', 'dated') }}
    {{ code_join('nationality_codes', 'nationality', 'nationality', 'dated') }}
    {%- for flag in counted_flags('suspect') %}
    {{ code_join(flag ~ '_codes', 'flag', flag, 'dated') }}
    {%- endfor %}
    {{ code_join('relationship_codes', 'relationship', 'relationship', 'dated') }}
    where {{ in_changed_return('dated') }}
)

select * from final
