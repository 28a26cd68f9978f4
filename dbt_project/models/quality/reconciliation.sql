with

recorded_crime_comparison as (
    select * from {{ ref('recorded_crime_comparison') }}
),

by_force_and_quarter as (
    select
        force,
        quarter,
        cast(sum(cpai) as bigint) as cpai,
        cast(sum(recorded_crime) as bigint) as recorded_crime,
        cast(sum(difference) as bigint) as difference
    from recorded_crime_comparison
    group by force, quarter
)

select
    force,
    quarter,
    cpai,
    recorded_crime,
    difference,
    cast(round(100.0 * difference / nullif(recorded_crime, 0), 1) as decimal(9, 1)) as percent_difference,
    -- 5 crimes: City of London records about 40 sexual offences a year, where one crime is more than 5%
    abs(difference) <= 5 or abs(difference) <= 0.05 * recorded_crime as within_tolerance
from by_force_and_quarter
