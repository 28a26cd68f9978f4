-- names, dates of birth and free text are in no table above intermediate; its tables have only the summary, kept apart
{% set above = ['cpai_crimes', 'cpai_victims', 'cpai_suspects', 'cocad_crimes', 'cocad_victims', 'cocad_suspects'] -%}
{% set packs = ['pack_returns', 'pack_counts', 'pack_completeness', 'pack_ages'] -%}
{% set others = ['returns', 'balance', 'exclusions', 'unmapped_codes', 'int_summaries', 'int_victims'] -%}
{% for model in above + packs + others -%}
-- depends_on: {{ ref(model) }}
{% endfor %}
with

personal as (
    select "column" as column_name from {{ ref('return_columns') }} where personal = 'Y'
    union all
    select 'person_token' as column_name
)

select columns.table_schema, columns.table_name, columns.column_name
from information_schema.columns as columns
inner join personal on personal.column_name = columns.column_name
inner join information_schema.tables as tables
    on tables.table_schema = columns.table_schema
    and tables.table_name = columns.table_name
where columns.table_schema in ('cpai', 'cocad', 'marts', 'quality', 'packs')
    or (
        columns.table_schema = 'intermediate'
        and tables.table_type = 'BASE TABLE'
        and columns.column_name in ('surname', 'forenames', 'date_of_birth')
    )
