-- What can be said of suspects' nationality? Were all of those not known British, and were none of them.
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
