{{ config(materialized='view') }}

with

classified_crimes as (
    select * from {{ ref('cpai_classified_crimes') }}
    where exclusion_reason is not null
),

final as (
    select
        force,
        quarter,
        crime_reference,
        exclusion_reason as reason,
        offence_code_sent
    from classified_crimes
)

select * from final
