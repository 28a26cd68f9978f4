{#- the seed has the name of the view: dbt knows one of a name -#}
{{ config(alias='local_authorities') }}

select
    population,
    place_type,
    place,
    period_type,
    period,
    category as local_authority,
    cast(sum(records) as bigint) as crimes,
    round(100.0 * sum(records) / sum(sum(records)) over (
        partition by population, place_type, place, period_type, period
    ), 1) as percent_of_all
from {{ ref('question_counts') }}
where question = 'local_authority'
group by population, place_type, place, period_type, period, category
