{#
    Each record of a type, used or held out, beside the rule that it can be used: what is held out no other rule sees. Held
    out records are told one by one, used ones as the crimes or persons they are of.
#}
{% macro received_records(record_type, rule) -%}
with

held_out as (
    select
        force,
        quarter,
        submission,
        crime_reference,
        case rule
            when 'RE01' then 'no_reference'
            when 'RE02' then 'no_code_date_or_status'
            when 'RE03' then 'unreadable_recorded_date'
            when 'RE04' then 'crime_not_in_return'
            when 'RE05' then 'two_crimes_under_one_reference'
        end as found
    from {{ ref('stg_rejected_records') }}
    where record_type = '{{ record_type }}'
),

records as (
    select force, quarter, submission, crime_reference, 'ok' as found
    from {{ ref('stg_' ~ record_type) }}
    union all
    select force, quarter, submission, crime_reference, found
    from held_out
)

select
    force,
    quarter,
    submission,
    '{{ record_type[:-1] }}' as record_type,
    crime_reference,
    cast(null as varchar) as person_reference,

    found as {{ rule }}
from records
{%- endmacro %}
