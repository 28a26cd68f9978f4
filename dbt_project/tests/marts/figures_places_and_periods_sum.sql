-- Forces sum to regions and these to the nation; months sum to quarters and these to the year. Both sides of each sum
-- are made from the same counts, so a difference means a force without a region or a month without a quarter. A row
-- that is absent counts nothing; where a part or the whole is withheld there is nothing to add up.
with

figures as (
    select
        figures.figure_id,
        figures.place_type,
        figures.place,
        figures.period_type,
        figures.period,
        figures.numerator,
        figures.status,
        coalesce(figures.denominator, 0) as denominator,
        coalesce(dim_force.region, 'England and Wales') as place_above,
        case
            when figures.period_type = 'month' then months.quarter
            else substr(figures.period, 1, 4)
        end as period_above
    from {{ ref('figures') }} as figures
    left join {{ ref('dim_force') }} as dim_force
        on figures.place_type = 'force' and figures.place = dim_force.force
    left join (select distinct month, quarter from {{ ref('cpai_crimes') }}) as months
        on figures.period = months.month
    where figures.breakdown not in ('quarter', 'month')
),

sums as (
    select
        figure_id,
        case place_type when 'force' then 'region' else 'national' end as place_type,
        place_above as place,
        period_type,
        period,
        count(*) filter (where status = 'withheld') as withheld,
        sum(numerator) as numerator,
        sum(denominator) as denominator
    from figures
    where place_type in ('force', 'region')
    group by figure_id, place_type, place_above, period_type, period

    union all
    select
        figure_id,
        place_type,
        place,
        case period_type when 'month' then 'quarter' else 'year' end as period_type,
        period_above as period,
        count(*) filter (where status = 'withheld') as withheld,
        sum(numerator) as numerator,
        sum(denominator) as denominator
    from figures
    where
        period_type = 'quarter'
        -- a month has only some of the figures; its counts of a figure are all there or none is
        or (
            period_type = 'month'
            and figure_id in (
                select figure_id from figures
                where period_type = 'month' and place_type = 'national'
            )
        )
    group by figure_id, place_type, place, period_type, period_above
)

select
    figures.figure_id,
    figures.place_type,
    figures.place,
    figures.period_type,
    figures.period,
    figures.numerator,
    sums.numerator as sum_of_parts,
    figures.denominator,
    sums.denominator as sum_of_bases
from sums
left join figures
    on sums.figure_id = figures.figure_id
    and sums.place_type = figures.place_type
    and sums.place = figures.place
    and sums.period_type = figures.period_type
    and sums.period = figures.period
where
    sums.withheld = 0
    and coalesce(figures.status, 'published') <> 'withheld'
    and (
        coalesce(figures.numerator, 0) <> sums.numerator
        or coalesce(figures.denominator, 0) <> sums.denominator
    )
