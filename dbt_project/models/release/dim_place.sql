with

forces as (
    select * from {{ ref('dim_force') }}
)

select force, 'force' as place_type, force as place, name from forces
union all
select force, 'region' as place_type, region as place, region as name from forces
union all
select force, 'national' as place_type, 'England and Wales' as place, 'England and Wales' as name from forces
