-- Where is it known whether a child is disabled, and is it not known because nobody asked or because there is no field?
select
    place as force,
    records as victims,
    percent_known,
    not_recorded,
    not_collected,
    disabled,
    percent_disabled
from marts.disability
where unit = 'victim' and population = 'cpai' and place_type = 'force' and period_type = 'year'
order by percent_known, force
