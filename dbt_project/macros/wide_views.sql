{# A view for one question: a count, a share of those known and its bounds for each category of the seed. #}
{% macro wide_view(question) -%}
{%- set categories = seed_rows('publication/wide_view_categories.csv', "wide_view = '" ~ question ~ "'")
    | map(attribute='category') | list -%}
with

counts as (
    select * from {{ ref('question_counts') }}
    where question = '{{ question }}'
),

wide as (
    select
        unit,
        population,
        place_type,
        place,
        period_type,
        period,
        sum(records) as records,
        coalesce(sum(records) filter (where category is not null), 0) as known,
        coalesce(sum(records) filter (where category is null and is_collected), 0) as not_recorded,
        coalesce(sum(records) filter (where category is null and not is_collected), 0) as not_collected
        {%- for category in categories %},
        coalesce(sum(records) filter (where category = '{{ category }}'), 0) as {{ category }}
        {%- endfor %}
    from counts
    group by all
)

select
    wide.unit,
    wide.population,
    wide.place_type,
    wide.place,
    wide.period_type,
    wide.period,
    {%- for count in ["records", "known", "not_recorded", "not_collected"] %}
    cast(wide.{{ count }} as bigint) as {{ count }},
    {%- endfor %}
    round(100.0 * wide.known / wide.records, 1) as percent_known,
    {%- for category in categories %}
    cast(wide.{{ category }} as bigint) as {{ category }},
    round(100.0 * wide.{{ category }} / nullif(wide.known, 0), 1) as percent_{{ category }},
    round(100.0 * wide.{{ category }} / wide.records, 1) as percent_{{ category }}_low,
    round(100.0 * (wide.{{ category }} + wide.records - wide.known) / wide.records, 1) as percent_{{ category }}_high,
    {%- endfor %}
    place_completeness.force_quarters_due,
    place_completeness.force_quarters_returned,
    place_completeness.is_complete
from wide
left join {{ ref('place_completeness') }} as place_completeness
    on wide.place_type = place_completeness.place_type
    and wide.place = place_completeness.place
    and wide.period_type = place_completeness.period_type
    and wide.period = place_completeness.period
{%- endmacro %}

{# A view for one split of the figures: a count and the printed percentage for each category of the seed. #}
{% macro wide_figures(breakdown) -%}
{%- set categories = seed_rows('breakdown_categories.csv', "breakdown = '" ~ breakdown ~ "'")
    | map(attribute='category') | unique | list -%}
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
    {%- for category in categories %}
    {#- no column starts with a digit #}
    {%- set column = 'aged_' ~ category if category[0] in '0123456789' else category %}
    max(numerator) filter (where category = '{{ category }}') as {{ column }},
    max(percent) filter (where category = '{{ category }}') as percent_{{ column }},
    {%- endfor %}
    any_value(force_quarters_due) as force_quarters_due,
    any_value(force_quarters_returned) as force_quarters_returned,
    bool_and(is_complete) as is_complete,
    bool_and(is_comparable) as is_comparable,
    any_value(status) as status
from {{ ref('release_figures') }}
where breakdown = '{{ breakdown }}'
group by unit, population, criterion, scheme, place_type, place, period_type, period
{%- endmacro %}
