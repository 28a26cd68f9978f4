-- The categories of an exhaustive split sum to its base: one that is in the data but not in breakdown_categories.csv
-- would be lost without a sound. 0 of 0 is a row of a national year only, and sums too.
with

splits as (
    select
        figures.scheme,
        figures.unit,
        figures.population,
        figures.criterion,
        figures.breakdown,
        figures.place_type,
        figures.place,
        figures.period_type,
        figures.period,
        sum(figures.numerator) as numerators,
        min(figures.denominator) as least_base,
        max(figures.denominator) as greatest_base,
        sum(figures.percent) filter (where figures.percent_rounding = 'largest_remainder') as percents
    from {{ ref('figures') }} as figures
    inner join {{ ref('breakdowns') }} as breakdowns
        on figures.population = breakdowns.population
        and figures.unit = breakdowns.unit
        and figures.breakdown = breakdowns.breakdown
        and breakdowns.exhaustive = 'Y'
    group by
        figures.scheme,
        figures.unit,
        figures.population,
        figures.criterion,
        figures.breakdown,
        figures.place_type,
        figures.place,
        figures.period_type,
        figures.period
)

select *
from splits
where
    numerators <> greatest_base
    or least_base <> greatest_base
    -- largest-remainder percentages make up 100
    or percents <> 100
