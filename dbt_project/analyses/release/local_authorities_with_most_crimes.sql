-- Which local authorities have most group-based crimes, and how many crimes have no authority?
select
    place as force,
    coalesce(local_authority, 'not recorded') as local_authority,
    crimes,
    percent_of_all
from marts.local_authorities
where population = 'cocad' and place_type = 'force' and period_type = 'year'
order by crimes desc, force, local_authority
