-- Are group-based crimes committed elsewhere than other contact crimes?
select
    population,
    known as crimes,
    percent_online,
    percent_victim_home,
    percent_suspect_home,
    percent_public_open_space,
    percent_hotel,
    percent_vehicle
from marts.location
where population in ('contact', 'cocad') and place_type = 'national' and period_type = 'year'
order by population
