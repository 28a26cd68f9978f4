{#
    Each record of a type, used or held out, beside the rule that it can be used: no other rule sees a record that is
    held out. Held-out records are listed one by one, used ones as the crimes or persons they are of. `reasons`: code -> the word for it.
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
    from {{ ref('int_rejected_records') }}
    where record_type = '{{ record_type }}' and {{ in_reach() }}
),

records as (
    select force, quarter, submission, crime_reference, 'ok' as found
    from {{ ref('int_' ~ record_type) }}
    where {{ in_reach() }}
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

{#
    Each staged person, a victim or a suspect, beside two rules: `merged`, that the reference identifies one person, and
    `unreadable`, that ages and dates can be read.
#}
{% macro checked_persons(person, merged, unreadable) -%}
with

persons as (
    select * from {{ ref('int_' ~ person ~ 's') }}
    where {{ in_reach() }}
),

duplicates as (
    select * from {{ ref('int_duplicate_' ~ person ~ 's') }}
)

select
    persons.force,
    persons.quarter,
    persons.submission,
    '{{ person }}' as record_type,
    persons.crime_reference,
    persons.{{ person }}_reference as person_reference,

    case
        when duplicates.disagreement is not null then duplicates.disagreement
        when duplicates.differs_elsewhere then 'merged_records_differ'
        when persons.is_placeholder then 'placeholder_reference'
        when {{ is_token('persons.' ~ person ~ '_reference') }} then 'text_for_a_reference'
        {%- if person == 'suspect' %}
        when {{ is_token('persons.victim_reference') }} then 'text_for_a_reference'
        {%- endif %}
        else 'ok'
    end as {{ merged }},

    -- systems fill in 999 and 1 January 1900 for not recorded: these are only reported
    case
        when persons.has_unreadable_number then 'unreadable_age'
        when persons.has_unreadable_date then 'unreadable_date'
        when persons.age_doubt is not null then persons.age_doubt
        else 'ok'
    end as {{ unreadable }}
from persons
left join duplicates
    on {{ same_key('duplicates', 'persons', ['force', 'quarter', 'crime_reference']) }}
    and coalesce(persons.reference_as_sent, persons.{{ person }}_reference) = duplicates.{{ person }}_reference
{%- endmacro %}

{# Whether a row of `quality.returns` counts as returned; `receipts.RETURNED` is the same list. #}
{% macro is_returned() -%}
    status in ('accepted', 'accepted_with_rejections', 'nil')
{%- endmacro %}
