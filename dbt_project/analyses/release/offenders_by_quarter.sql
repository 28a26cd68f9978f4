-- How many offenders does a group-based crime have, quarter by quarter?
select
    period as quarter,
    records as crimes,
    known,
    two,
    three,
    four,
    five_or_more,
    percent_five_or_more
from marts.offenders
where population = 'cocad' and place_type = 'national' and period_type = 'quarter'
order by quarter
