with

age_bands as (
    select * from {{ ref('age_bands') }} where breakdown = 'age_band'
),

ages as (
    {% for age in range(121) -%}
    select {{ age }} as age {{ 'union all' if not loop.last }}
    {% endfor %}
),

final as (
    select age_bands.unit, ages.age, age_bands.age_band
    from ages
    inner join age_bands
        on ages.age >= age_bands.age_from
        and ages.age <= coalesce(age_bands.age_to, 120)
)

select * from final
