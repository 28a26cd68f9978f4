-- A figure is more than a number: what it counts, of which population, how far it is known, and how it may still move.
select
    counts,
    base,
    numerator,
    denominator,
    percent,
    percent_known,
    percent_low,
    percent_high,
    is_complete,
    is_comparable,
    revision_status
from marts.release_figures
where breakdown = 'sde' and criterion = 'all' and place_type = 'national' and period_type = 'year'
order by unit, figure_id
