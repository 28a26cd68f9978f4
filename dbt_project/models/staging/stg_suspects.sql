{{ config(pre_hook=join_sides('as_written'), post_hook=join_sides('by_estimate')) }}
{%- set key = ['force', 'quarter', 'crime_reference', 'suspect_reference'] -%}
{%- set columns = [
    'identified', 'role', 'deceased', 'gender', 'age_at_offence', 'date_of_birth', 'self_defined_ethnicity',
    'observed_ethnicity', 'disability', 'nationality', 'surname', 'forenames', 'victim_reference', 'relationship',
    'arrested_on',
] -%}
with

rejected as (
    select * from {{ ref('stg_rejected_records') }} where record_type = 'suspects'
),

crimes as (
    select force, quarter, crime_reference, coalesce(committed_to, committed_from) as last_day_of_offence
    from {{ ref('stg_crimes') }}
),

{{ merge_records(
    ref('stg_suspect_records'), ref('stg_duplicate_suspects'), key, columns,
    rejected='rejected'
) }},

final as (
    select
        complete.force,
        complete.quarter,
        complete.crime_reference,
        complete.suspect_reference,
        complete.submission,
        complete.file,
        complete.sheet,
        complete.record_number,
        complete.place_in_row,
        {{ code_of('identified_codes', 'identified') }} as identified,
        {{ code_of('role_codes', 'role') }} as role,
        {{ code_of('deceased_codes', 'deceased') }} as deceased,
        {{ code_of('gender_codes', 'gender') }} as gender,
        {{ age_sent('complete.age_at_offence') }} as age_sent,
        {{ age_on(birth_date('complete.date_of_birth'), 'crimes.last_day_of_offence') }} as age_from_birth,
        {{ code_of('sde_codes', 'self_defined_ethnicity') }} as self_defined_ethnicity,
        {{ code_of('observed_codes', 'observed_ethnicity') }} as observed_ethnicity,
        {{ code_of('disability_codes', 'disability') }} as disability,
        upper(complete.nationality) as nationality,
        {{ person_token('complete.surname', 'complete.forenames', birth_date('complete.date_of_birth')) }}
            as person_token,
        complete.surname is not null or complete.forenames is not null as is_named,
        complete.victim_reference,
        {{ code_of('relationship_codes', 'relationship') }} as relationship,
        {{ iso_date('complete.arrested_on') }} as arrested_on,
        (complete.date_of_birth is not null and {{ iso_date('complete.date_of_birth') }} is null)
        or (complete.arrested_on is not null and {{ iso_date('complete.arrested_on') }} is null)
            as has_unreadable_date,
        complete.age_at_offence is not null
        and {{ whole_number('complete.age_at_offence', 3) }} is null as has_unreadable_number
    from complete
    inner join crimes on {{ same_key('crimes', 'complete', ['force', 'quarter', 'crime_reference']) }}
    {{ code_join('identified_codes', 'flag', 'identified') }}
    {{ code_join('role_codes', 'role', 'role') }}
    {{ code_join('deceased_codes', 'flag', 'deceased') }}
    {{ code_join('gender_codes', 'gender', 'gender') }}
    {{ code_join('sde_codes', 'self_defined_ethnicity', 'self_defined_ethnicity') }}
    {{ code_join('observed_codes', 'observed_ethnicity', 'observed_ethnicity') }}
    {{ code_join('disability_codes', 'flag', 'disability') }}
    {{ code_join('relationship_codes', 'relationship', 'relationship') }}
)

select * from final
