-- What has each region recorded from January on, and how many of the returns due are behind it?
select
    figures_year_to_date.place as region,
    figures_year_to_date.period as until,
    figures_year_to_date.numerator as group_based,
    figures_year_to_date.denominator as contact,
    figures_year_to_date.percent,
    place_completeness.force_quarters_returned,
    place_completeness.force_quarters_due
from marts.figures_year_to_date
inner join marts.place_completeness
    on figures_year_to_date.place_type = place_completeness.place_type
    and figures_year_to_date.place = place_completeness.place
    and figures_year_to_date.period = place_completeness.period
    and place_completeness.period_type = 'year_to_date'
where figures_year_to_date.figure_id = 'scale.cocad_of_contact' and figures_year_to_date.place_type = 'region'
order by region, until
