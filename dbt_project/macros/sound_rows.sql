{#
    What must hold of every row of a table, in one query: each test of dbt's costs 30 to 60 ms beside its SQL. Its
    arguments are named as dbt's own tests; orchestration/warehouse/tested.py tells others of them. Fails with a row for
    each check that does not hold: the check, its columns, and how many rows are wrong; no value of any row.
#}
{% test sound_rows(model, unique_key=[], not_null=[], accepted_values={}, relationships={}) %}
{%- set checks = [] %}
{%- if unique_key %}{% do checks.append(repeated_keys(unique_key)) %}{% endif %}
{%- for column in not_null %}
    {%- do checks.append(wrong_rows('not_null', column, column ~ ' is null')) %}
{%- endfor %}
{%- for column, values in accepted_values.items() %}
    {%- do checks.append(wrong_rows('accepted_values', column, column ~ " not in ('" ~ values | join("', '") ~ "')")) %}
{%- endfor %}
{%- for column, of in relationships.items() %}
    {%- do checks.append(wrong_rows('relationships', column, column ~ ' is not null and not exists (
        select 1 from ' ~ of.to ~ ' as others where others.' ~ of.field ~ ' = tested.' ~ column ~ '
    )')) %}
{%- endfor %}
with

-- named, because dbt passes a query and not a table to a test with a `where`
tested as {{ inlined() }} (
    select * from {{ model }}
)

{{ checks | join('\nunion all\n') }}
{% endtest %}

{# How many rows share what should identify them. Keys are compared by hash first:
   grouping five million rows by a number takes a fifth of the time and memory of grouping them by three texts. #}
{% macro repeated_keys(columns) %}
select 'unique_key' as held, '{{ columns | join(', ') }}' as columns, sum(rows_of_key) as wrong
from (
    select count(*) as rows_of_key
    from tested
    where {{ may_repeat(columns, 'tested') }}
    group by {{ columns | join(', ') }}
    having count(*) > 1
) as repeated
having sum(rows_of_key) > 0
{%- endmacro %}

{% macro wrong_rows(held, column, condition) %}
select '{{ held }}' as held, '{{ column }}' as columns, count(*) as wrong
from tested
where {{ condition }}
having count(*) > 0
{%- endmacro %}
