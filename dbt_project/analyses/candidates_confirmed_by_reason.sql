-- How many of the candidates were group-based, by reason? A reason that is seldom confirmed costs reading; a reason
-- that is nearly always confirmed may miss others.
select
    dim_force.region,
    fct_crimes.quarter,
    fct_crimes.candidate_reason,
    count(*) as candidates,
    count(*) filter (where fct_crimes.is_read) as read,
    count(*) filter (where fct_crimes.is_cocad) as confirmed,
    round(
        100.0 * count(*) filter (where fct_crimes.is_cocad)
        / nullif(count(*) filter (where fct_crimes.is_read), 0),
        1
    ) as percent_confirmed
from {{ ref('fct_crimes') }} as fct_crimes
inner join {{ ref('dim_force') }} as dim_force
    on fct_crimes.force = dim_force.force
where fct_crimes.is_candidate
group by dim_force.region, fct_crimes.quarter, fct_crimes.candidate_reason
order by dim_force.region, fct_crimes.quarter, fct_crimes.candidate_reason
