-- dbt finds as many records as the intake counted on receipt: a raw file lost or added since shows here
{%- set record_types = ['crimes', 'victims', 'suspects'] %}
with

submissions as (
    select * from {{ ref('int_submissions') }}
    where is_current or is_superseded
),

counted as (
    {% for record_type in record_types -%}
    select force, quarter, '{{ record_type }}' as record_type, sum({{ record_type }}) as records
    from submissions
    group by force, quarter
    {{ 'union all' if not loop.last }}
    {% endfor %}
)

select balance.force, balance.quarter, balance.record_type, balance.received, counted.records
from {{ ref('balance') }} as balance
inner join counted
    on {{ same_key('counted', 'balance', ['force', 'quarter', 'record_type']) }}
where balance.received <> counted.records
