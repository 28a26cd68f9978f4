-- How far is suspects' self-defined ethnicity known, force by force, and what does it show? The share among the known
-- is beside the least and the most it could be among all suspects.
with

known as (
    select place, period, numerator as known, denominator as suspects, percent as percent_known
    from {{ ref('figures') }}
    where figure_id = 'suspect.ethnicity.recorded' and place_type = 'force' and period_type = 'year'
),

white as (
    select place, period, numerator as white, percent as percent_of_known
    from {{ ref('figures') }}
    where figure_id = 'suspect.ethnicity.white' and place_type = 'force' and period_type = 'year'
)

select
    dim_force.name,
    known.period,
    known.suspects,
    known.percent_known,
    white.percent_of_known as percent_white_of_known,
    round(100.0 * coalesce(white.white, 0) / known.suspects, 1) as percent_white_at_least,
    round(100.0 * (coalesce(white.white, 0) + known.suspects - known.known) / known.suspects, 1) as percent_white_at_most
from known
inner join {{ ref('dim_force') }} as dim_force
    on known.place = dim_force.force
left join white
    on known.place = white.place and known.period = white.period
order by known.period, known.percent_known, dim_force.name
