-- What can be said about suspects' nationality? The shares if all those not known were British, and if none were.
select
    population,
    records as suspects,
    percent_known,
    percent_british,
    percent_british_low,
    percent_british_high
from marts.nationality
where unit = 'suspect' and place_type = 'national' and period_type = 'year'
order by population
