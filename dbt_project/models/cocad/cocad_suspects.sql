with

cpai_suspects as (
    select * from {{ ref('cpai_suspects') }}
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
