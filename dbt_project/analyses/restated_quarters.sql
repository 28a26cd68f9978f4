-- How large was a quarter's CPAI as first received, what came in, what was left out, and how large is it now?
select
    dim_force.region,
    restatements.quarter,
    sum(restatements.crimes) filter (where restatements.cause = 'first_received') as first_received,
    coalesce(
        sum(restatements.crimes) filter (where restatements.effect = 1 and restatements.cause <> 'first_received'), 0
    ) as came_in,
    coalesce(sum(restatements.crimes) filter (where restatements.effect = -1), 0) as left_out,
    sum(restatements.effect * restatements.crimes) as in_cpai
from {{ ref('restatements') }} as restatements
inner join {{ ref('dim_force') }} as dim_force
    on restatements.force = dim_force.force
group by dim_force.region, restatements.quarter
order by dim_force.region, restatements.quarter
