-- How had crimes ended 12 weeks after they were recorded, and had suspects been arrested, group-based or not?
select
    outcomes.period as quarter,
    outcomes.population,
    outcomes.known as crimes,
    outcomes.percent_charged,
    outcomes.percent_none_yet,
    arrests.known as suspects,
    arrests.percent_arrested
from marts.outcome_at_12_weeks as outcomes
inner join marts.arrest_at_12_weeks as arrests
    on outcomes.population = arrests.population
    and outcomes.place = arrests.place
    and outcomes.period_type = arrests.period_type
    and outcomes.period = arrests.period
where outcomes.place_type = 'national' and outcomes.period_type = 'quarter'
order by quarter, outcomes.population
