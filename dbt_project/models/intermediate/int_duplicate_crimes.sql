{{ config(materialized='incremental', pre_hook="{{ forget(in_changed_return()) }}") }}
{%- set key = ['force', 'quarter', 'crime_reference'] -%}
{#- beyond the columns that decide whether they are one crime: rows that differ here are merged, and marked -#}
{%- set elsewhere = [
    'incident_reference', 'reported_on', 'committed_from', 'committed_to', 'cancellation_code', 'cancelled_on',
    'linked_crime_reference', 'csa_flag', 'cse_flag', 'online_flag', 'children_flag', 'offenders_stated',
    'location_type', 'local_authority', 'outcome_code', 'outcome_on', 'summary',
] -%}
with

records as {{ inlined() }} (
    select * from {{ ref('int_crime_records') }} where rule is null and {{ in_changed_return() }}
),

repeated as (
    select * from records where {{ may_repeat(key, 'records') }}
),

offence_spellings as (
    select * from {{ ref('int_offence_spellings') }}
),

-- codes by their meaning: a workbook may write one crime in two ways on two sheets
described as (
    select
        repeated.*,
        coalesce(offence_spellings.offence_code, repeated.offence_code) as offence,
        {{ code_of('status_codes', 'status', 'repeated') }} as status_meant
    from repeated
    left join offence_spellings on offence_spellings.spelling = repeated.offence_code
    {{ code_join('status_codes', 'status', 'status', 'repeated') }}
),

final as (
    select
        {{ key | join(', ') }},
        count(*) as records,
        case
            when {{ differs('offence') }} then 'offence_code'
            when {{ differs('recorded_on') }} then 'recorded_on'
            when {{ differs('status_meant') }} then 'status'
        end as disagreement,
        {% for column in elsewhere -%}
        {{ differs(column) }}{{ ' or ' if not loop.last }}
        {%- endfor %} as differs_elsewhere
    from described
    group by {{ key | join(', ') }}
    having count(*) > 1
)

select * from final
