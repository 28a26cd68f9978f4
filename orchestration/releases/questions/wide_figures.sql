{#- One wide view a split of the figures: a count and the printed percentage for each category of the seed. -#}
select
    unit,
    population,
    criterion,
    scheme,
    place_type,
    place,
    period_type,
    period,
    any_value(base) as base,
    max(records) as records,
    max(denominator) as known,
    max(percent_known) as percent_known,
    {%- for category, column in categories.items() %}
    max(numerator) filter (where category = '{{ category }}') as {{ column }},
    max(percent) filter (where category = '{{ category }}') as percent_{{ column }},
    {%- endfor %}
    any_value(force_quarters_due) as force_quarters_due,
    any_value(force_quarters_returned) as force_quarters_returned,
    bool_and(is_complete) as is_complete,
    bool_and(is_comparable) as is_comparable,
    any_value(status) as status
from release_figures
where breakdown = '{{ breakdown }}'
group by unit, population, criterion, scheme, place_type, place, period_type, period
