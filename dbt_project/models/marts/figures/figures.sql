{{ config(materialized='incremental', pre_hook="{{ forget(in_year_in_reach('period')) }}") }}
with

figure_numbers as (
    select * from {{ ref('figure_numbers') }}
),

breakdowns as (
    select * from {{ ref('breakdowns') }}
),

figure_definitions as (
    select * from {{ ref('figure_definitions') }}
),

schemes as (
    select distinct
        scheme,
        scheme_number,
        question
    from {{ ref('cocad_scheme_criteria') }}
),

-- how far readers agree on the criterion, under each scheme, over the crimes of a quarter or year
agreement as (
    select
        reading_agreement.period,
        schemes.scheme,
        reading_agreement.verdict
    from {{ ref('reading_agreement') }} as reading_agreement
    inner join schemes
        on reading_agreement.question = schemes.question
    where
        reading_agreement.pairing = 'readers'
        and reading_agreement.category = 'all'
        and reading_agreement.slice_type = 'all'
),

rounded_by as (
    select
        figure_numbers.*,
        case
            when breakdowns.base is null then null
            when breakdowns.percent_decimals = 1 then 'half_up_one_decimal'
            when breakdowns.exhaustive = 'Y' and figure_numbers.criterion = 'all' then 'largest_remainder'
            else 'half_up'
        end as percent_rounding
    from figure_numbers
    inner join breakdowns
        on figure_numbers.population = breakdowns.population
        and figure_numbers.unit = breakdowns.unit
        and figure_numbers.breakdown = breakdowns.breakdown
),

-- apart, so that only the splits are sorted: they are a quarter of the rows
split_shares as (
    select
        *,
        {{ shares_that_sum(
            'numerator',
            'denominator',
            partition_by='scheme, place_type, place, period_type, period, population, unit, criterion, breakdown',
            sort_order='sort_order',
        ) }} as percent
    from rounded_by
    where percent_rounding = 'largest_remainder'
),

lone_shares as (
    select
        *,
        case percent_rounding
            when 'half_up' then {{ half_up('numerator', 'denominator') }}
            when 'half_up_one_decimal' then {{ half_up('numerator', 'denominator', decimals=1) }}
        end as percent
    from rounded_by
    where coalesce(percent_rounding, 'count') <> 'largest_remainder'
),

rounded as (
    select * from split_shares
    union all
    select * from lone_shares
),

-- A published figure keeps its published id at every place and period. The split under a later scheme was never
-- published for 2023 and would otherwise share its ids; from the third scheme on, ids carry the scheme.
named as (
    select
        rounded.*,
        coalesce(
            figure_definitions.figure_id,
            rounded.population || '.' || rounded.criterion || '.' || rounded.unit
            || '.' || rounded.breakdown
            || case
                when rounded.breakdown = 'criterion' and schemes.scheme_number > 2 then '_' || rounded.scheme
                else ''
            end
            || '.' || rounded.category
        ) as figure_id
    from rounded
    inner join schemes
        on rounded.scheme = schemes.scheme
    left join figure_definitions
        on schemes.scheme_number = 1
        and figure_definitions.repeats is null
        and rounded.unit = figure_definitions.unit
        and rounded.population = figure_definitions.population
        and rounded.criterion = figure_definitions.criterion
        and rounded.breakdown = figure_definitions.breakdown
        and rounded.category = figure_definitions.category
),

-- Printed again under another id. It is outside every split: its breakdown would otherwise count it twice.
repeated as (
    select
        figure_definitions.figure_id,
        figure_definitions.breakdown,
        figure_definitions.category,
        figure_definitions.percent_rounding,
        {{ half_up('named.numerator', 'named.denominator') }} as percent,
        named.unit,
        named.population,
        named.criterion,
        named.place_type,
        named.place,
        named.period_type,
        named.period,
        named.numerator,
        named.denominator,
        named.scheme
    from named
    inner join figure_definitions
        on named.figure_id = figure_definitions.repeats
),

numbered as (
    select
        figure_id, unit, population, criterion, breakdown, category, place_type, place, period_type, period,
        numerator, denominator, percent, percent_rounding, scheme
    from named
    union all
    select
        figure_id, unit, population, criterion, breakdown, category, place_type, place, period_type, period,
        numerator, denominator, percent, percent_rounding, scheme
    from repeated
),

-- Figures that depend on the reader's criterion: the split, and every figure of one criterion. Committed by children
-- under any criterion is an answer of its own.
by_criterion as (
    select
        *,
        breakdown = 'criterion' or criterion not in ('all', 'committed_by_children_any') as is_by_criterion,
        -- a month has the status of its quarter
        case when period_type = 'month' then {{ quarter_of_text('period') }} else period end as read_period
    from numbered
),

figures as (
    select
        by_criterion.*,
        case
            when not by_criterion.is_by_criterion or agreement.verdict = 'reliable' then 'published'
            when agreement.verdict = 'unreliable' then 'withheld'
            else 'caveat'
        end as status
    from by_criterion
    left join agreement
        on by_criterion.is_by_criterion
        and by_criterion.read_period = agreement.period
        and by_criterion.scheme = agreement.scheme
)

select
    cast(figure_id as varchar) as figure_id,
    cast(unit as varchar) as unit,
    cast(population as varchar) as population,
    cast(criterion as varchar) as criterion,
    cast(breakdown as varchar) as breakdown,
    cast(category as varchar) as category,
    cast(place_type as varchar) as place_type,
    cast(place as varchar) as place,
    cast(period_type as varchar) as period_type,
    cast(period as varchar) as period,
    cast(case when status <> 'withheld' then numerator end as bigint) as numerator,
    cast(case when status <> 'withheld' then denominator end as bigint) as denominator,
    cast(case when status <> 'withheld' then percent end as decimal(4, 1)) as percent,
    cast(percent_rounding as varchar) as percent_rounding,
    cast(scheme as varchar) as scheme,
    cast(status as varchar) as status
from figures
