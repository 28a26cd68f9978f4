-- What did each force record in each month?
select
    place as force,
    period as month,
    numerator as crimes
from marts.figures
where figure_id = 'scale.cpai' and place_type = 'force' and period_type = 'month'
order by force, month
