{%- set key = ['force', 'quarter', 'crime_reference', 'victim_reference'] -%}
with

records as (
    select * from {{ ref('stg_victim_records') }}
),

rejected as (
    select * from {{ ref('stg_rejected_records') }} where record_type = 'victims'
),

suspected as (
    select {{ row_hash(key) }} as key_hash
    from records
    group by 1
    having count(*) > 1
),

accepted as (
    select records.*
    from {{ ref('stg_victim_records') }} as records
    where {{ row_hash(key) }} in (select key_hash from suspected)
        and not exists (select 1 from rejected where {{ same_record('rejected', 'records') }})
),

final as (
    select {{ key | join(', ') }}, count(*) as records
    from accepted
    group by {{ key | join(', ') }}
    having count(*) > 1
)

select * from final
