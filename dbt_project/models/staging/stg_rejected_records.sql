with

crime_records as (
    select * from {{ ref('stg_crime_records') }}
),

-- two crimes under one reference: neither can be told, and neither is counted twice
contradicting as (
    select * from {{ ref('stg_duplicate_crimes') }} where disagreement is not null
),

victim_records as (
    select * from {{ ref('stg_victim_records') }}
),

suspect_records as (
    select * from {{ ref('stg_suspect_records') }}
),

crimes as (
    select force, quarter, crime_reference from {{ ref('stg_crimes') }}
),

rejected_crimes as (
    select
        'crimes' as record_type,
        records.force,
        records.quarter,
        records.submission,
        records.file,
        records.sheet,
        records.record_number,
        records.place_in_row,
        records.crime_reference,
        coalesce(records.rule, 'RE05') as rule
    from crime_records as records
    left join contradicting
        on {{ same_key('contradicting', 'records', ['force', 'quarter', 'crime_reference']) }}
    where records.rule is not null or contradicting.force is not null
),

-- a person of a rejected or absent crime can be on none; staged crimes are those of the same submission
{{ rejected_persons('victim') }},

{{ rejected_persons('suspect') }},

final as (
    select * from rejected_crimes
    union all
    select * from rejected_victims
    union all
    select * from rejected_suspects
)

select * from final
