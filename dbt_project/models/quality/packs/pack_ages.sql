with

victims as (
    select
        force,
        quarter,
        crime_reference,
        victim_reference,
        coalesce(age_sent, age_from_birth) as age
    from {{ ref('int_victims') }}
    where is_person
),

final as (
    select
        force,
        quarter,
        crime_reference,
        string_agg(coalesce(cast(age as varchar), 'not known'), ', ' order by age, victim_reference) as ages
    from victims
    group by force, quarter, crime_reference
)

select * from final
