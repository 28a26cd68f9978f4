{#- A step of figures, not a table: its schema is never made, and nothing publishes it. -#}
{{ config(materialized='ephemeral', schema='figure_steps', contract={'enforced': false}) }}

with

figure_counts as (
    select * from {{ ref('figure_counts') }}
),

breakdowns as (
    select * from {{ ref('breakdowns') }}
),

breakdown_categories as (
    select * from {{ ref('breakdown_categories') }}
),

figure_definitions as (
    select * from {{ ref('figure_definitions') }}
),

scheme_criteria as (
    select * from {{ ref('cocad_scheme_criteria') }}
),

dim_force as (
    select * from {{ ref('dim_force') }}
),

dim_quarter as (
    select * from {{ ref('dim_quarter') }}
),

submissions as (
    select * from {{ ref('int_submissions') }}
),

places as (
    select force, 'force' as place_type, force as place
    from dim_force
    union all
    select force, 'region' as place_type, region as place
    from dim_force
    union all
    select force, 'national' as place_type, 'England and Wales' as place
    from dim_force
),

periods as (
    select quarter, 'quarter' as period_type, quarter as period
    from dim_quarter
    union all
    select quarter, 'year' as period_type, year as period
    from dim_quarter
    union all
    select
        dim_quarter.quarter,
        'month' as period_type,
        dim_quarter.year || '-' || month_of_quarter.month_number as period
    from dim_quarter
    inner join (
        values
            (1, '01'), (1, '02'), (1, '03'),
            (2, '04'), (2, '05'), (2, '06'),
            (3, '07'), (3, '08'), (3, '09'),
            (4, '10'), (4, '11'), (4, '12')
    ) as month_of_quarter (quarter_number, month_number)
        on dim_quarter.quarter_number = month_of_quarter.quarter_number
),

slices as (
    select 'all' as criterion, '{{ var('first_scheme') }}' as scheme, list.criteria
    from (values ('all'), ('read'), ('every')) as list (criteria)

    union all
    select distinct scheme_criteria.criterion, scheme_criteria.scheme, list.criteria
    from scheme_criteria
    cross join (values ('read'), ('every')) as list (criteria)
    where scheme_criteria.has_own_figures

    union all
    select of_children.criterion, '{{ var('first_scheme') }}' as scheme, 'every' as criteria
    from (values ('committed_by_children'), ('committed_by_children_any')) as of_children (criterion)
),

-- The figures wanted, before category, place and period. Quarters and years have every one. A month has those of the
-- whole COCAD and the published ones: else most of the table would be months of single crimes.
asked as (
    select
        breakdowns.population,
        breakdowns.unit,
        breakdowns.breakdown,
        breakdowns.base,
        slices.criterion,
        schemes.scheme,
        slices.criterion = 'all' or exists (
            select 1 from figure_definitions
            where
                figure_definitions.unit = breakdowns.unit
                and figure_definitions.population = breakdowns.population
                and figure_definitions.criterion = slices.criterion
                and figure_definitions.breakdown = breakdowns.breakdown
        ) as by_month
    from breakdowns
    inner join slices
        on breakdowns.criteria = slices.criteria
    -- Only the split by criterion is given under every scheme: any other figure is the same under each, or is one of
    -- committed by children or of a criterion that one scheme added, and so already apart.
    inner join (select distinct scheme from scheme_criteria) as schemes
        on slices.scheme = schemes.scheme
        or (breakdowns.breakdown = 'criterion' and slices.criterion = 'all')
    where breakdowns.breakdown not in ('quarter', 'month')
),

-- months first, then places: the cells shrink at each step
counts_by_period as (
    select
        population, unit, criterion, scheme, breakdown, category, force,
        'month' as period_type,
        month as period,
        sum(records) as records
    from figure_counts
    group by population, unit, criterion, scheme, breakdown, category, force, month

    union all
    select
        population, unit, criterion, scheme, breakdown, category, force,
        'quarter' as period_type,
        quarter as period,
        sum(records) as records
    from figure_counts
    group by population, unit, criterion, scheme, breakdown, category, force, quarter

    union all
    select
        population, unit, criterion, scheme, breakdown, category, force,
        'year' as period_type,
        substr(quarter, 1, 4) as period,
        sum(records) as records
    from figure_counts
    group by population, unit, criterion, scheme, breakdown, category, force, substr(quarter, 1, 4)
),

counts_by_place as (
    select
        counts_by_period.population,
        counts_by_period.unit,
        counts_by_period.criterion,
        counts_by_period.scheme,
        counts_by_period.breakdown,
        counts_by_period.category,
        places.place_type,
        places.place,
        counts_by_period.period_type,
        counts_by_period.period,
        sum(counts_by_period.records) as records
    from counts_by_period
    inner join places
        on counts_by_period.force = places.force
    group by
        counts_by_period.population,
        counts_by_period.unit,
        counts_by_period.criterion,
        counts_by_period.scheme,
        counts_by_period.breakdown,
        counts_by_period.category,
        places.place_type,
        places.place,
        counts_by_period.period_type,
        counts_by_period.period
),

-- the base of a breakdown: the records for which it is recorded (category not null)
bases as (
    select
        population, unit, criterion, breakdown, place_type, place, period_type, period,
        sum(records) as denominator
    from counts_by_place
    where category is not null and (breakdown <> 'criterion' or scheme = '{{ var('first_scheme') }}')
    group by population, unit, criterion, breakdown, place_type, place, period_type, period
),

-- A force that returned nothing has no row, not a zero; a nil return is a zero.
returned as (
    select distinct
        places.place_type,
        places.place,
        periods.period_type,
        periods.period
    from submissions
    inner join places
        on submissions.force = places.force
    inner join periods
        on submissions.quarter = periods.quarter
    where submissions.is_current and {{ in_year_in_reach('quarter', 'submissions') }}
),

national_years as (
    select distinct
        'national' as place_type,
        'England and Wales' as place,
        'year' as period_type,
        year as period
    from dim_quarter
    where {{ in_year_in_reach('quarter') }}
),

rows_to_give as (
    select asked.*, bases.place_type, bases.place, bases.period_type, bases.period
    from asked
    inner join bases
        on asked.population = bases.population
        and asked.unit = bases.unit
        and asked.criterion = bases.criterion
        and asked.base = bases.breakdown

    union
    select asked.*, returned.place_type, returned.place, returned.period_type, returned.period
    from asked
    cross join returned
    where asked.base is null

    union
    select asked.*, national_years.place_type, national_years.place, national_years.period_type, national_years.period
    from asked
    cross join national_years
),

numbers as (
    select
        rows_to_give.unit,
        rows_to_give.population,
        rows_to_give.criterion,
        rows_to_give.breakdown,
        breakdown_categories.category,
        breakdown_categories.sort_order,
        rows_to_give.place_type,
        rows_to_give.place,
        rows_to_give.period_type,
        rows_to_give.period,
        coalesce(counts_by_place.records, 0) as numerator,
        case when rows_to_give.base is not null then coalesce(bases.denominator, 0) end as denominator,
        rows_to_give.scheme
    from rows_to_give
    inner join breakdown_categories
        on case
            when rows_to_give.breakdown = 'criterion' then rows_to_give.scheme else '{{ var('first_scheme') }}'
        end = breakdown_categories.scheme
        and rows_to_give.unit = breakdown_categories.unit
        and rows_to_give.breakdown = breakdown_categories.breakdown
        and rows_to_give.population = coalesce(breakdown_categories.only_population, rows_to_give.population)
    left join bases
        on rows_to_give.population = bases.population
        and rows_to_give.unit = bases.unit
        and rows_to_give.criterion = bases.criterion
        and rows_to_give.base = bases.breakdown
        and rows_to_give.place_type = bases.place_type
        and rows_to_give.place = bases.place
        and rows_to_give.period_type = bases.period_type
        and rows_to_give.period = bases.period
    left join counts_by_place
        on rows_to_give.population = counts_by_place.population
        and rows_to_give.unit = counts_by_place.unit
        and rows_to_give.criterion = counts_by_place.criterion
        and rows_to_give.scheme = counts_by_place.scheme
        and rows_to_give.breakdown = counts_by_place.breakdown
        and breakdown_categories.category = counts_by_place.category
        and rows_to_give.place_type = counts_by_place.place_type
        and rows_to_give.place = counts_by_place.place
        and rows_to_give.period_type = counts_by_place.period_type
        and rows_to_give.period = counts_by_place.period
    where rows_to_give.by_month or rows_to_give.period_type <> 'month'
),

quarters_and_months_of_the_year as (
    select
        numbers.unit,
        numbers.population,
        numbers.criterion,
        numbers.period_type as breakdown,
        numbers.period as category,
        row_number() over (
            partition by numbers.population, numbers.place_type, numbers.place, numbers.period_type
            order by numbers.period
        ) as sort_order,
        numbers.place_type,
        numbers.place,
        'year' as period_type,
        substr(numbers.period, 1, 4) as period,
        numbers.numerator,
        numbers.denominator,
        numbers.scheme
    from numbers
    inner join breakdowns
        on numbers.population = breakdowns.population
        and numbers.unit = breakdowns.unit
        and numbers.period_type = breakdowns.breakdown
    where numbers.breakdown = 'total' and numbers.criterion = 'all'
)

select * from numbers
union all
select * from quarters_and_months_of_the_year
