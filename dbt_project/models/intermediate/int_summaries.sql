{{ config(materialized='incremental', pre_hook="{{ forget(in_changed_return()) }}") }}
{%- set key = ['force', 'quarter', 'crime_reference'] -%}
with

{{ merge_records(ref('int_crime_records'), ref('int_duplicate_crimes'), key, ['summary']) }},

final as (
    select force, quarter, crime_reference, summary
    from complete
    where summary is not null and {{ in_changed_return() }}
)

select * from final
