{#- the seed has the name of the view: dbt knows one of a name -#}
{{ config(alias='local_authorities') }}

select
    counted.population,
    dim_place.place_type,
    dim_place.place,
    counted.period_type,
    counted.period,
    counted.local_authority,
    cast(sum(counted.crimes) as bigint) as crimes,
    round(100.0 * sum(counted.crimes) / sum(sum(counted.crimes)) over (
        partition by counted.population, dim_place.place_type, dim_place.place, counted.period_type, counted.period
    ), 1) as percent_of_all
from {{ ref('crimes_by_local_authority') }} as counted
inner join {{ ref('dim_place') }} as dim_place
    on counted.force = dim_place.force
group by
    counted.population, dim_place.place_type, dim_place.place, counted.period_type, counted.period,
    counted.local_authority
