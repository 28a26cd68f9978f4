{{ config(materialized='incremental', pre_hook="{{ forget(in_quarter_in_reach()) }}") }}
with

cpai_victims as (
    select * from {{ ref('cpai_victims') }}
    where {{ in_quarter_in_reach() }}
),

cocad_crimes as (
    select force, quarter, crime_reference from {{ ref('cocad_crimes') }}
),

final as (
    select cpai_victims.*
    from cpai_victims
    inner join cocad_crimes
        on {{ same_key('cocad_crimes', 'cpai_victims', ['force', 'quarter', 'crime_reference']) }}
)

select * from final
