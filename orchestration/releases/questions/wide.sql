{#- One wide view a question: a count, a share of those known and its bounds for each category of the seed. -#}
with

counts as (
    select * from question_counts
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
left join place_completeness
    on wide.place_type = place_completeness.place_type
    and wide.place = place_completeness.place
    and wide.period_type = place_completeness.period_type
    and wide.period = place_completeness.period
