{%- set key = ['force', 'quarter', 'crime_reference'] -%}
with

records as {{ inlined() }} (
    select * from {{ ref('stg_crime_records') }} where rule is null
),

final as (
    select {{ key | join(', ') }}, count(*) as records
    from records
    where {{ may_repeat(key, 'records') }}
    group by {{ key | join(', ') }}
    having count(*) > 1
)

select * from final
