{{ config(materialized='incremental', pre_hook="{{ forget(in_quarter_in_reach()) }}") }}
with

cpai_suspects as (
    select * from {{ ref('cpai_suspects') }}
    where {{ in_quarter_in_reach() }}
),

cocad_crimes as (
    select force, quarter, crime_reference from {{ ref('cocad_crimes') }}
),

final as (
    select cpai_suspects.*
    from cpai_suspects
    inner join cocad_crimes
        on {{ same_key('cocad_crimes', 'cpai_suspects', ['force', 'quarter', 'crime_reference']) }}
)

select * from final
