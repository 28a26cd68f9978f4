{# One row per key out of records that may repeat it: flat files and workbooks with several sheets do by nature. #}

{% macro same_key(left, right, key) -%}
    {%- for column in key -%}
        {{ left }}.{{ column }} = {{ right }}.{{ column }}{{ ' and ' if not loop.last }}
    {%- endfor -%}
{%- endmacro %}

{#
    CTEs `sent_once`, `repeated`, `merged` and `complete`. A key sent once passes straight through; a key in
    `duplicates` takes, column by column, its first non-blank value in record order. `rejected` names a CTE of
    records to leave out, beyond those whose own `rule` says so.
    Absence is a left join, not `not exists`: DuckDB first groups the keys of every record for the latter, which
    was a third of the time at five million crimes.
#}
{% macro merge_records(records, duplicates, key, columns, rejected=none) %}
{%- set place = ['submission', 'layout', 'file', 'sheet', 'record_number', 'place_in_row'] -%}
sent_once as (
    select
        {%- for column in key + place + columns %}
        records.{{ column }}{{ ',' if not loop.last }}
        {%- endfor %}
    from {{ records }} as records
    left join {{ duplicates }} as duplicates
        on {{ same_key('duplicates', 'records', key) }}
    {%- if rejected %}
    left join {{ rejected }} on {{ same_record(rejected, 'records') }}
    {%- endif %}
    where records.rule is null
        and duplicates.force is null
        {%- if rejected %}
        and {{ rejected }}.force is null
        {%- endif %}
),

repeated as (
    select
        {%- for column in key + place + columns %}
        records.{{ column }},
        {%- endfor %}
        row_number() over (
            partition by {% for column in key %}records.{{ column }}{{ ', ' if not loop.last }}{% endfor %}
            order by records.record_number, records.file, records.sheet, records.place_in_row
        ) as record_order
    from {{ records }} as records
    inner join {{ duplicates }} as duplicates
        on {{ same_key('duplicates', 'records', key) }}
    {%- if rejected %}
    left join {{ rejected }} on {{ same_record(rejected, 'records') }}
    {%- endif %}
    where records.rule is null
        {%- if rejected %}
        and {{ rejected }}.force is null
        {%- endif %}
),

merged as (
    select
        {{ key | join(', ') }},
        {%- for column in place %}
        min_by({{ column }}, record_order) as {{ column }},
        {%- endfor %}
        {%- for column in columns %}
        min_by({{ column }}, record_order) filter (where {{ column }} is not null) as {{ column }}
        {{- ',' if not loop.last }}
        {%- endfor %}
    from repeated
    group by {{ key | join(', ') }}
),

complete as (
    select * from sent_once
    union all
    select * from merged
)
{% endmacro %}

{#
    How `codes` reads one coded column: the left join, and in the select list the code. A spelling in no list is
    `unmapped`, never null: a null would be lost from every count without a trace.
#}
{% macro code_join(alias, field, text, records='complete') %}
    left join {{ ref('stg_code_spellings') }} as {{ alias }}
        on {{ alias }}.field = '{{ field }}'
        and {{ alias }}.layout = {{ records }}.layout
        and {{ alias }}.spelling = lower({{ records }}.{{ text }})
{% endmacro %}

{% macro code_of(alias, text, records='complete') -%}
    case when {{ records }}.{{ text }} is not null then coalesce({{ alias }}.code, 'unmapped') end
{%- endmacro %}

{# The same submitted record: force, quarter and submission, then its place in what was delivered. #}
{% macro same_record(left, right) -%}
    {{ same_key(left, right, ['force', 'quarter', 'submission', 'file', 'record_number']) }}
    and coalesce({{ left }}.sheet, '') = coalesce({{ right }}.sheet, '')
    and coalesce({{ left }}.place_in_row, 1) = coalesce({{ right }}.place_in_row, 1)
{%- endmacro %}

{# The keys that more than one accepted record of `person`, a victim or a suspect, claims, and how many claim each. #}
{% macro duplicate_persons(person) -%}
{%- set key = ['force', 'quarter', 'crime_reference', person ~ '_reference'] -%}
{%- set records = ref('stg_' ~ person ~ '_records') -%}
with

rejected as (
    select * from {{ ref('stg_rejected_records') }} where record_type = '{{ person }}s'
),

suspected as {{ inlined() }} (
    select * from {{ records }} where {{ may_repeat(key, records) }}
),

accepted as (
    select suspected.*
    from suspected
    left join rejected on {{ same_record('rejected', 'suspected') }}
    where rejected.force is null
),

final as (
    select {{ key | join(', ') }}, count(*) as records
    from accepted
    group by {{ key | join(', ') }}
    having count(*) > 1
)

select * from final
{%- endmacro %}
