{%- set key = ['records.force', 'records.quarter', 'records.crime_reference', 'records.suspect_reference'] -%}
with

rejected as (
    select * from {{ ref('stg_rejected_records') }} where record_type = 'suspects'
),

-- hashed first: groups of one number each instead of four texts
suspected as (
    select {{ row_hash(key) }} as key_hash
    from {{ ref('stg_suspect_records') }} as records  -- noqa: AL05
    group by 1
    having count(*) > 1
),

final as (
    select {{ key | join(', ') }}, count(*) as records
    from {{ ref('stg_suspect_records') }} as records
    left join rejected on {{ same_record('rejected', 'records') }}
    where {{ row_hash(key) }} in (select key_hash from suspected)
        and rejected.force is null
    group by {{ key | join(', ') }}
    having count(*) > 1
)

select * from final
