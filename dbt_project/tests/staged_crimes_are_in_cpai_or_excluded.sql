-- every staged crime is in cpai_crimes or in cpai_exclusions, force by force and quarter by quarter
with

placed as (
    select force, quarter, count(*) as crimes
    from (
        select force, quarter from {{ ref('cpai_crimes') }}
        union all
        select force, quarter from {{ ref('cpai_exclusions') }}
    ) as crimes
    group by force, quarter
),

staged as (
    select force, quarter, count(*) as crimes
    from {{ ref('int_crimes') }}
    group by force, quarter
)

select force, quarter, staged.crimes as staged, placed.crimes as placed
from staged
full outer join placed using (force, quarter)
where coalesce(staged.crimes, 0) <> coalesce(placed.crimes, 0)
