with

recorded_crime as (
    select * from {{ ref('stg_police_recorded_crime') }}
),

cpai_crimes as (
    select * from {{ ref('cpai_crimes') }}
),

submissions as (
    select * from {{ ref('stg_submissions') }}
),

dim_offence as (
    select * from {{ ref('dim_offence') }}
),

-- The classes that name a child by themselves: elsewhere the CPAI depends on ages and flags that recorded crime lacks.
classes_that_name_a_child as (
    select offence_class
    from dim_offence
    where is_class_level and names_a_child = 'Y' and not counts_only_when_flagged
),

cpai as (
    select force, quarter, offence_class, count(*) as crimes
    from cpai_crimes
    group by force, quarter, offence_class
),

-- where both exist: a force that has not returned is not compared; one that returned no such crime is, with 0
recorded as (
    select
        recorded_crime.force,
        recorded_crime.quarter,
        recorded_crime.offence_class,
        recorded_crime.crimes
    from recorded_crime
    inner join classes_that_name_a_child
        on recorded_crime.offence_class = classes_that_name_a_child.offence_class
    inner join submissions
        on recorded_crime.force = submissions.force
        and recorded_crime.quarter = submissions.quarter
        and submissions.is_current
)

select
    recorded.force,
    recorded.quarter,
    recorded.offence_class,
    coalesce(cpai.crimes, 0) as cpai,
    cast(recorded.crimes as bigint) as recorded_crime,
    coalesce(cpai.crimes, 0) - recorded.crimes as difference
from recorded
left join cpai
    on recorded.force = cpai.force
    and recorded.quarter = cpai.quarter
    and recorded.offence_class = cpai.offence_class
