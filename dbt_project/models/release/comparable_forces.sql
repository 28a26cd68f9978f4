with

quarters as (
    select quarter, first_day, last_day
    from {{ ref('dim_quarter') }}
    where quarter in (select quarter from {{ ref('dim_period') }})
),

breaks as (
    select force, string_agg(what, '; ' order by starts_on) as breaks
    from {{ ref('dim_known_break') }}
    where
        force is not null
        and starts_on <= (select max(last_day) from quarters)
        and coalesce(ends_on, starts_on) >= (select min(first_day) from quarters)
    group by force
),

due as (
    select
        dim_force.force,
        count(*) as quarters_due,
        count(returned.force) as quarters_returned
    from {{ ref('dim_force') }} as dim_force
    inner join quarters
        on quarters.quarter between dim_force.from_quarter and coalesce(dim_force.to_quarter, '9999-Q4')
    left join (
        select distinct force, quarter
        from {{ ref('returns') }}
        where {{ is_returned() }}
    ) as returned
        on dim_force.force = returned.force
        and quarters.quarter = returned.quarter
    group by dim_force.force
)

select
    due.force,
    due.quarters_due,
    due.quarters_returned,
    breaks.breaks,
    -- a force that joined or left on the way is in no series that is compared along its whole length
    due.quarters_returned = (select count(*) from quarters) and breaks.breaks is null as is_comparable
from due
left join breaks
    on due.force = breaks.force
