with

reached as (
    select distinct quarter, period
    from {{ ref('dim_period') }}
    where period_type = 'year_to_date'
)

select
    figures.figure_id,
    figures.scheme,
    figures.place_type,
    figures.place,
    reached.period,
    case when bool_and(figures.status <> 'withheld') then cast(sum(figures.numerator) as bigint) end as numerator,
    case when bool_and(figures.status <> 'withheld') then cast(sum(figures.denominator) as bigint) end as denominator,
    case
        when bool_and(figures.status <> 'withheld')
            then round(100.0 * sum(figures.numerator) / nullif(sum(figures.denominator), 0), 1)
    end as percent
from {{ ref('figures') }} as figures
inner join reached
    on figures.period = reached.quarter
where figures.period_type = 'quarter'
group by figures.figure_id, figures.scheme, figures.place_type, figures.place, reached.period
