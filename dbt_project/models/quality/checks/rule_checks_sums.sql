{{ config(materialized='ephemeral', contract={'enforced': false}) }}
-- Each exhaustive split of the figures of one force and quarter. How to read the column: macros/rule_checks.sql.
-- The expectation suite tests wider places and periods (expectations/marts.py).

with

figures as (
    select * from {{ ref('figures') }}
),

breakdowns as (
    select * from {{ ref('breakdowns') }}
    where exhaustive = 'Y'
),

splits as (
    select
        figures.place as force,
        figures.period as quarter,
        figures.unit,
        figures.population,
        figures.criterion,
        figures.breakdown,
        figures.scheme,
        sum(figures.numerator) as parts,
        max(figures.denominator) as base,
        sum(figures.percent) filter (where figures.percent_rounding = 'largest_remainder') as percentages
    from figures
    inner join breakdowns
        on figures.population = breakdowns.population
        and figures.unit = breakdowns.unit
        and figures.breakdown = breakdowns.breakdown
    where
        figures.place_type = 'force'
        and figures.period_type = 'quarter'
        and {{ in_quarter_in_reach('figures', 'period') }}
    group by
        figures.place,
        figures.period,
        figures.unit,
        figures.population,
        figures.criterion,
        figures.breakdown,
        figures.scheme
)

select
    force,
    quarter,
    cast(null as integer) as submission,
    'figure' as record_type,
    cast(null as varchar) as crime_reference,
    cast(null as varchar) as person_reference,

    case
        when base is null then null
        when parts <> base then unit || '_' || breakdown || '_parts_are_not_the_base'
        when base > 0 and percentages <> 100 then unit || '_' || breakdown || '_percentages_are_not_100'
        else 'ok'
    end as cr59
from splits
