-- Crimes, victims and suspects of each criterion as published, and their range if every candidate were read twice.
select
    scheme,
    figure_id,
    numerator,
    estimate,
    low,
    high,
    percent_low,
    percent_high,
    numerator between low and high as is_inside
from marts.figure_intervals
where error = 'misread' and place_type = 'national' and period_type = 'year'
order by scheme, figure_id
