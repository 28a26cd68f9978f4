{{ config(materialized='incremental', pre_hook="{{ forget(in_quarter_in_reach()) }}") }}
{#- `counted_flags` of dbt_project.yml: columns of the return that figures count and no other model names. -#}

with

cocad_crimes as (
    select force, quarter, crime_reference from {{ ref('cocad_crimes') }}
    where {{ in_quarter_in_reach() }}
),

{% for person in ['victim', 'suspect'] if counted_flags(person) -%}
{{ person }}s as (
    select persons.*
    from {{ ref('int_' ~ person ~ 's') }} as persons
    inner join cocad_crimes
        on {{ same_key('cocad_crimes', 'persons', ['force', 'quarter', 'crime_reference']) }}
    {%- if person == 'victim' %}
    where persons.is_person
    {%- endif %}
),

{% endfor -%}
flags as (
    {%- for person in ['victim', 'suspect'] %}
    {%- for flag in counted_flags(person) %}
    select
        force, quarter, crime_reference, {{ person }}_reference as person_reference,
        '{{ person }}' as unit, '{{ flag }}' as flag, {{ flag }} as value
    from {{ person }}s
    union all
    {%- endfor %}
    {%- endfor %}
    -- none is named
    select
        force, quarter, crime_reference, cast(null as varchar) as person_reference,
        cast(null as varchar) as unit, cast(null as varchar) as flag, cast(null as varchar) as value
    from cocad_crimes
    where false
)

select
    force,
    quarter,
    crime_reference,
    unit,
    person_reference,
    flag,
    case value when 'Y' then 'yes' when 'N' then 'no' end as answer
from flags
