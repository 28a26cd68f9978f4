with

first_prints as (
    select distinct figure_id, breakdown, category from {{ ref('figures') }}
),

-- what a figure is counted as: a second print as the first, a quarter or month of a year as the total of it
asked as (
    select
        figures.figure_id,
        figures.scheme,
        figures.place_type,
        figures.place,
        figures.period_type,
        figures.period,
        figures.unit,
        figures.population,
        figures.criterion,
        coalesce(
            of_first.breakdown,
            case when figures.breakdown in ('quarter', 'month') then 'total' else figures.breakdown end
        ) as breakdown,
        coalesce(
            of_first.category,
            case when figures.breakdown in ('quarter', 'month') then 'all' else figures.category end
        ) as category,
        case when figures.breakdown in ('quarter', 'month') then figures.breakdown else figures.period_type end
            as counted_period_type,
        case when figures.breakdown in ('quarter', 'month') then figures.category else figures.period end
            as counted_period
    from {{ ref('figures') }} as figures
    left join {{ ref('dim_figure') }} as dim_figure
        on figures.figure_id = dim_figure.figure_id
        and figures.scheme = dim_figure.scheme
    left join first_prints as of_first
        on dim_figure.repeats = of_first.figure_id
),

parts as (
    select asked.*, 'numerator' as part, asked.breakdown as counted_breakdown, asked.category as counted_category
    from asked

    union all
    -- the base of a breakdown: the records for which it is recorded
    select asked.*, 'denominator' as part, dim_breakdown.base as counted_breakdown, null as counted_category
    from asked
    inner join {{ ref('dim_breakdown') }} as dim_breakdown
        on asked.population = dim_breakdown.population
        and asked.unit = dim_breakdown.unit
        and asked.breakdown = dim_breakdown.breakdown
    where dim_breakdown.base is not null
)

select
    parts.figure_id,
    parts.scheme,
    parts.place_type,
    parts.place,
    parts.period_type,
    parts.period,
    parts.part,
    parts.unit,
    records.force,
    records.quarter,
    records.month,
    records.crime_reference,
    records.person_number
from parts
inner join {{ ref('dim_place') }} as dim_place
    on parts.place_type = dim_place.place_type
    and parts.place = dim_place.place
inner join {{ ref('dim_period') }} as dim_period
    on parts.counted_period_type = dim_period.period_type
    and parts.counted_period = dim_period.period
inner join {{ ref('figure_records') }} as records
    on parts.unit = records.unit
    and parts.population = records.population
    and parts.criterion = records.criterion
    and parts.counted_breakdown = records.breakdown
    and dim_place.force = records.force
    and dim_period.month = records.month
    and (
        (parts.part = 'numerator' and parts.counted_category = records.category and parts.scheme = records.scheme)
        or (parts.part = 'denominator' and records.category is not null)
    )
