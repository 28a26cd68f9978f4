{{ config(materialized='incremental', pre_hook="{{ forget(in_changed_return()) }}") }}
{%- set key = ['force', 'quarter', 'crime_reference'] -%}
{%- set columns = [
    'incident_reference', 'offence_code', 'recorded_on', 'reported_on', 'committed_from', 'committed_to', 'status',
    'cancellation_code', 'cancelled_on', 'linked_crime_reference', 'csa_flag', 'cse_flag', 'online_flag',
    'children_flag', 'offenders_stated', 'location_type', 'local_authority', 'outcome_code', 'outcome_on',
] -%}
{%- set dates = ['reported_on', 'committed_from', 'committed_to', 'cancelled_on', 'outcome_on'] -%}
with

{{ merge_records(ref('int_crime_records'), ref('int_duplicate_crimes'), key, columns) }},

offence_spellings as (
    select * from {{ ref('int_offence_spellings') }}
),

final as (
    select
        complete.force,
        complete.quarter,
        complete.crime_reference,
        complete.submission,
        complete.layout,
        complete.file,
        complete.sheet,
        complete.record_number,
        complete.place_in_row,
        case when placeholders.spelling is null then complete.incident_reference end as incident_reference,
        placeholders.spelling is not null as has_placeholder_incident,
        -- what is in no list is told apart from what is blank, and a text that cannot be a code is not kept
        case
            when offence_spellings.offence_class is not null or {{ of_shape('complete.offence_code', 'offence_code') }}
                then complete.offence_code
            when complete.offence_code is not null then 'unmapped'
        end as offence_code_sent,
        offence_spellings.offence_code,
        offence_spellings.offence_class,
        coalesce(offence_spellings.repaired, false) as offence_code_repaired,
        {{ iso_date('complete.recorded_on') }} as recorded_on,
        {% for column in dates -%}
        {{ iso_date('complete.' ~ column) }} as {{ column }},
        {% endfor -%}
        {{ code_of('status_codes', 'status') }} as status,
        {{ code_of('cancellation_codes', 'cancellation_code') }} as cancellation_code,
        complete.linked_crime_reference,
        {% for flag in ['csa', 'cse', 'online', 'children'] -%}
        {{ code_of(flag ~ '_codes', flag ~ '_flag') }} as {{ flag }}_flag,
        {% endfor -%}
        {{ whole_number('complete.offenders_stated', 4) }} as offenders_stated,
        {{ code_of('location_codes', 'location_type') }} as location_type,
        {{ code_of('authority_codes', 'local_authority') }} as local_authority,
        {{ code_of('outcome_codes', 'outcome_code') }} as outcome_code,
        {% for column in dates -%}
        (complete.{{ column }} is not null and {{ iso_date('complete.' ~ column) }} is null)
        {{ 'or ' if not loop.last }}
        {%- endfor %} as has_unreadable_date,
        complete.offenders_stated is not null
        and {{ whole_number('complete.offenders_stated', 4) }} is null as has_unreadable_number
    from complete
    left join offence_spellings on offence_spellings.spelling = complete.offence_code
    {{ placeholder_join('placeholders', 'complete.incident_reference') }}
    {{ code_join('status_codes', 'status', 'status') }}
    {{ code_join('cancellation_codes', 'cancellation_code', 'cancellation_code') }}
    {% for flag in ['csa', 'cse', 'online', 'children'] -%}
    {{ code_join(flag ~ '_codes', 'flag', flag ~ '_flag') }}
    {% endfor -%}
    {{ code_join('location_codes', 'location_type', 'location_type') }}
    {{ code_join('authority_codes', 'local_authority', 'local_authority') }}
    {{ code_join('outcome_codes', 'outcome_code', 'outcome_code') }}
    where {{ in_changed_return('complete') }}
)

select * from final
