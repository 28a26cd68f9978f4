-- Did a number move because forces joined, left or changed systems? All forces beside those comparable throughout.
select
    period as quarter,
    numerator as crimes_of_all,
    matched_numerator as crimes_of_comparable,
    numerator - lag(numerator) over (order by period) as change_of_all,
    matched_numerator - lag(matched_numerator) over (order by period) as change_of_comparable
from marts.figures_matched
where figure_id = 'scale.cpai' and place_type = 'national' and period_type = 'quarter'
order by quarter
