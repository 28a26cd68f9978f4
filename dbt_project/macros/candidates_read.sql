{# CTE `candidates`: a reference sent in two quarters is one crime, and was read as one. #}
{% macro candidates_read() -%}
candidates as (
    select
        force,
        crime_reference,
        min(quarter) as quarter
    from {{ ref('cocad_candidates') }}
    group by force, crime_reference
)
{%- endmacro %}
