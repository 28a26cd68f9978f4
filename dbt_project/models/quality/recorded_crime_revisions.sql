with

recorded_crime as (
    select * from {{ ref('int_police_recorded_crime') }}
),

-- the classes and the force-quarters that are compared with the CPAI
compared as (
    select * from {{ ref('recorded_crime_comparison') }}
),

by_release as (
    select
        recorded_crime.published_on,
        recorded_crime.force,
        recorded_crime.quarter,
        recorded_crime.is_newest,
        min(recorded_crime.file_sha256) as file_sha256,
        sum(recorded_crime.crimes) as recorded_crime
    from recorded_crime
    inner join compared
        on recorded_crime.force = compared.force
        and recorded_crime.quarter = compared.quarter
        and recorded_crime.offence_class = compared.offence_class
    group by
        recorded_crime.published_on, recorded_crime.force, recorded_crime.quarter, recorded_crime.is_newest
)

select
    published_on,
    force,
    quarter,
    file_sha256,
    cast(recorded_crime as bigint) as recorded_crime,
    cast(
        recorded_crime - lag(recorded_crime) over (partition by force, quarter order by published_on) as bigint
    ) as revision,
    is_newest
from by_release
