with

-- all records of a figure's population, the thing recorded or not
totals as (
    select unit, population, criterion, place_type, place, period_type, period, max(numerator) as records
    from {{ ref('figures') }}
    where breakdown = 'total' and scheme = '{{ var('first_scheme') }}'
    group by unit, population, criterion, place_type, place, period_type, period
),

revised as (
    select distinct figure_id, scheme, place_type, place, period_type, period
    from {{ ref('figure_revisions') }}
    where release = (select release from {{ ref('release_status') }})
),

comparable as (
    select
        dim_place.place_type,
        dim_place.place,
        bool_and(comparable_forces.is_comparable) as is_comparable
    from {{ ref('comparable_forces') }} as comparable_forces
    inner join {{ ref('dim_place') }} as dim_place
        on comparable_forces.force = dim_place.force
    group by dim_place.place_type, dim_place.place
)

select
    figures.*,
    dim_figure.counts,
    dim_figure.base,
    totals.records,
    totals.records - figures.denominator as not_known,
    round(100.0 * figures.denominator / nullif(totals.records, 0), 1) as percent_known,
    case
        when figures.denominator is not null then round(100.0 * figures.numerator / nullif(totals.records, 0), 1)
    end as percent_low,
    round(
        100.0 * (figures.numerator + totals.records - figures.denominator) / nullif(totals.records, 0), 1
    ) as percent_high,
    figure_intervals.low as misread_low,
    figure_intervals.high as misread_high,
    place_completeness.force_quarters_due,
    place_completeness.force_quarters_returned,
    place_completeness.is_complete,
    comparable.is_comparable,
    case when revised.figure_id is not null then 'revised' else release_status.status end as revision_status
from {{ ref('figures') }} as figures
cross join {{ ref('release_status') }} as release_status
left join {{ ref('dim_figure') }} as dim_figure
    on figures.figure_id = dim_figure.figure_id
    and figures.scheme = dim_figure.scheme
left join totals
    on figures.unit = totals.unit
    and figures.population = totals.population
    and figures.criterion = totals.criterion
    and figures.place_type = totals.place_type
    and figures.place = totals.place
    and figures.period_type = totals.period_type
    and figures.period = totals.period
left join {{ ref('figure_intervals') }} as figure_intervals
    on figures.figure_id = figure_intervals.figure_id
    and figures.scheme = figure_intervals.scheme
    and figures.place_type = figure_intervals.place_type
    and figures.place = figure_intervals.place
    and figures.period_type = figure_intervals.period_type
    and figures.period = figure_intervals.period
    and figure_intervals.error = 'misread'
left join {{ ref('place_completeness') }} as place_completeness
    on figures.place_type = place_completeness.place_type
    and figures.place = place_completeness.place
    and figures.period_type = place_completeness.period_type
    and figures.period = place_completeness.period
left join comparable
    on figures.place_type = comparable.place_type
    and figures.place = comparable.place
left join revised
    on figures.figure_id = revised.figure_id
    and figures.scheme = revised.scheme
    and figures.place_type = revised.place_type
    and figures.place = revised.place
    and figures.period_type = revised.period_type
    and figures.period = revised.period
