with

quarters as (
    select distinct period_type, period, quarter from {{ ref('dim_period') }}
),

returned as (
    select distinct force, quarter
    from {{ ref('returns') }}
    where {{ is_returned() }}
),

due as (
    select
        dim_place.place_type,
        dim_place.place,
        quarters.period_type,
        quarters.period,
        dim_force.force,
        returned.force is not null as is_returned
    from quarters
    inner join {{ ref('dim_force') }} as dim_force
        on quarters.quarter between dim_force.from_quarter and coalesce(dim_force.to_quarter, '9999-Q4')
    inner join {{ ref('dim_place') }} as dim_place
        on dim_force.force = dim_place.force
    left join returned
        on dim_force.force = returned.force
        and quarters.quarter = returned.quarter
)

select
    place_type,
    place,
    period_type,
    period,
    count(*) as force_quarters_due,
    count(*) filter (where is_returned) as force_quarters_returned,
    bool_and(is_returned) as is_complete,
    string_agg(distinct force, ', ' order by force) filter (where not is_returned) as forces_missing
from due
group by place_type, place, period_type, period
