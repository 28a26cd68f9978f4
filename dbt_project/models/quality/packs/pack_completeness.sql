{%- set field = ['record_type', 'field'] -%}
with

completeness as (
    select * from {{ ref('field_completeness') }}
),

-- one force is no nation: a check of a single return has no rate to stand beside
national as (
    select
        quarter,
        record_type,
        field,
        round(100.0 * sum(known) / sum(records), 1) as percent
    from completeness
    where is_collected
    group by quarter, record_type, field
    having count(*) > 1
),

final as (
    select
        completeness.force,
        completeness.quarter,
        completeness.record_type,
        completeness.field,
        completeness.known,
        completeness.records,
        cast(completeness.percent as double) as percent,
        cast(earlier.percent as double) as last_quarter,
        cast(national.percent as double) as national
    from completeness
    left join completeness as earlier
        on {{ same_key('earlier', 'completeness', ['force'] + field) }}
        and {{ quarter_number('earlier.quarter') }} + 1 = {{ quarter_number('completeness.quarter') }}
    left join national
        on {{ same_key('national', 'completeness', ['quarter'] + field) }}
    where completeness.is_collected
)

select * from final
