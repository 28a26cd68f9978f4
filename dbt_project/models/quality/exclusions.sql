with

exclusions as (
    select * from {{ ref('cpai_exclusions') }}
),

final as (
    select force, quarter, reason, count(*) as crimes
    from exclusions
    group by force, quarter, reason
)

select * from final
