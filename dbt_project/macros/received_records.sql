{#
    Each record of a type, used or held out, beside the rule that it can be used: what is held out no other rule sees. Held
    out records are told one by one, used ones as the crimes or persons they are of. `reasons`: code -> the word for it.
#}
{% macro received_records(record_type, rule, reasons) -%}
with

held_out as (
    select
        force,
        quarter,
        submission,
        crime_reference,
        case rule
            {%- for code, found in reasons.items() %}
            when '{{ code }}' then '{{ found }}'
            {%- endfor %}
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
