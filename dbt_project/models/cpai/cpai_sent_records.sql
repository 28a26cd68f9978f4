{{ config(materialized='view') }}
{%- set key = ['force', 'quarter', 'crime_reference'] -%}

-- For the home alone: persons under the numbers that a release has of them, and where in the return each record stands.
with

crimes as (
    select crimes.*
    from {{ ref('int_crimes') }} as crimes
    inner join {{ ref('cpai_crimes') }} as cpai_crimes
        on {{ same_key('cpai_crimes', 'crimes', key) }}
),

{% for person in ['victim', 'suspect'] -%}
numbered_{{ person }}s as (
    select
        force,
        quarter,
        crime_reference,
        {{ person }}_reference,
        {{ number_on_crime(person, 'persons') }} as person_number
    from {{ ref('cpai_' ~ person ~ 's') }} as persons
),

{{ person }}s as (
    select
        persons.*,
        crimes.layout,
        numbered.person_number
    from {{ ref('int_' ~ person ~ 's') }} as persons
    inner join numbered_{{ person }}s as numbered
        on {{ same_key('numbered', 'persons', key + [person ~ '_reference']) }}
    inner join crimes
        on {{ same_key('crimes', 'persons', key) }}
),

{% endfor -%}
final as (
    {%- for unit in ['crime', 'victim', 'suspect'] %}
    select
        '{{ unit }}' as unit,
        force,
        quarter,
        crime_reference,
        {{ 'cast(null as integer)' if unit == 'crime' else 'person_number' }} as person_number,
        submission,
        layout,
        file,
        sheet,
        record_number
    from {{ unit }}s
    {{ 'union all' if not loop.last }}
    {%- endfor %}
)

select * from final
