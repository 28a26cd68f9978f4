-- The split by criterion of each year, as in 2023 (committed by children is an overlay) and as in 2024 (it comes first).
select
    dim_criterion.scheme,
    figures.period,
    dim_criterion.criterion,
    figures.numerator as crimes,
    figures.percent
from {{ ref('figures') }} as figures
inner join {{ ref('dim_criterion') }} as dim_criterion
    on figures.scheme = dim_criterion.scheme and figures.category = dim_criterion.criterion
where figures.breakdown = 'criterion' and figures.place_type = 'national' and figures.period_type = 'year'
order by figures.period, dim_criterion.scheme, dim_criterion.sort_order
