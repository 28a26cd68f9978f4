with

of_forces as (
    select
        figures.figure_id,
        figures.scheme,
        dim_place.place_type,
        dim_place.place,
        figures.period_type,
        figures.period,
        cast(sum(figures.numerator) as bigint) as numerator,
        cast(sum(figures.denominator) as bigint) as denominator
    from {{ ref('figures') }} as figures
    inner join {{ ref('comparable_forces') }} as comparable_forces
        on figures.place = comparable_forces.force
        and comparable_forces.is_comparable
    inner join {{ ref('dim_place') }} as dim_place
        on comparable_forces.force = dim_place.force
        and dim_place.place_type <> 'force'
    where figures.place_type = 'force'
    group by
        figures.figure_id,
        figures.scheme,
        dim_place.place_type,
        dim_place.place,
        figures.period_type,
        figures.period
)

select
    figures.figure_id,
    figures.scheme,
    figures.place_type,
    figures.place,
    figures.period_type,
    figures.period,
    figures.numerator,
    figures.denominator,
    figures.percent,
    case when figures.status <> 'withheld' then coalesce(of_forces.numerator, 0) end as matched_numerator,
    case
        when figures.status <> 'withheld' and figures.denominator is not null then coalesce(of_forces.denominator, 0)
    end as matched_denominator,
    round(100.0 * of_forces.numerator / nullif(of_forces.denominator, 0), 1) as matched_percent
from {{ ref('figures') }} as figures
left join of_forces
    on figures.figure_id = of_forces.figure_id
    and figures.scheme = of_forces.scheme
    and figures.place_type = of_forces.place_type
    and figures.place = of_forces.place
    and figures.period_type = of_forces.period_type
    and figures.period = of_forces.period
where figures.place_type <> 'force'
