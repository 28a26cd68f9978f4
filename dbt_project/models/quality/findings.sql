-- One row per record and rule it breaks. Keys and code words only: no value of a record comes here.

{%- set judged = judged_rules() %}

with

rules as (
    select * from {{ ref('rules') }}
),

{% for view, columns in judged.items() -%}
-- one pass over the records; the rules are told apart among the few that break one
broken_{{ view }} as (
    select * from {{ ref(view) }}
    where
        {%- for rule in columns %}
        {{ 'or ' if not loop.first }}{{ rule | lower }} <> 'ok'
        {%- endfor %}
),

{% endfor -%}
broken as (
    {%- for view, columns in judged.items() %}
    {%- set last_view = loop.last %}
    {%- for rule, fields in columns.items() %}
    select
        '{{ rule }}' as rule,
        force,
        quarter,
        submission,
        record_type,
        crime_reference,
        person_reference,
        '{{ fields }}' as fields,
        {{ rule | lower }} as found
    from broken_{{ view }}
    where {{ rule | lower }} <> 'ok'
    {%- if not (last_view and loop.last) %}

    union all
    {%- endif %}
    {%- endfor %}
    {%- endfor %}
)

select
    cast(broken.rule as varchar) as rule,
    cast(
        case
            when '+' || coalesce(rules.only_reported, '') || '+' like '%+' || broken.found || '+%' then 'reported'
            else rules.severity
        end as varchar
    ) as severity,
    cast(broken.force as varchar) as force,
    cast(broken.quarter as varchar) as quarter,
    cast(broken.submission as integer) as submission,
    cast(broken.record_type as varchar) as record_type,
    cast(broken.crime_reference as varchar) as crime_reference,
    cast(broken.person_reference as varchar) as person_reference,
    cast(broken.fields as varchar) as fields,
    cast(broken.found as varchar) as found
from broken
left join rules
    on broken.rule = rules.rule
