with

recorded_crime as (
    select * from {{ ref('int_police_recorded_crime') }}
    where is_newest
),

cpai_crimes as (
    select * from {{ ref('cpai_crimes') }}
),

submissions as (
    select * from {{ ref('int_submissions') }}
),

dim_offence as (
    select * from {{ ref('dim_offence') }}
),

-- The classes that name a child: for others the CPAI depends on ages and flags that recorded crime lacks.
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

-- where both exist: a force without a return is not compared; a force whose return has no such crime counts 0
force_quarters as (
    select distinct recorded_crime.force, recorded_crime.quarter, recorded_crime.published_on
    from recorded_crime
    inner join submissions
        on recorded_crime.force = submissions.force
        and recorded_crime.quarter = submissions.quarter
        and submissions.is_current
),

-- a release that counts a class for any force counts 0 of it for a force that it leaves out
classes_of_release as (
    select distinct recorded_crime.published_on, recorded_crime.offence_class
    from recorded_crime
    inner join classes_that_name_a_child
        on recorded_crime.offence_class = classes_that_name_a_child.offence_class
),

compared as (
    select
        force_quarters.force,
        force_quarters.quarter,
        classes_of_release.offence_class,
        coalesce(cpai.crimes, 0) as cpai,
        coalesce(recorded_crime.crimes, 0) as recorded_crime
    from force_quarters
    inner join classes_of_release
        on force_quarters.published_on = classes_of_release.published_on
    left join recorded_crime
        on force_quarters.force = recorded_crime.force
        and force_quarters.quarter = recorded_crime.quarter
        and classes_of_release.offence_class = recorded_crime.offence_class
    left join cpai
        on force_quarters.force = cpai.force
        and force_quarters.quarter = cpai.quarter
        and classes_of_release.offence_class = cpai.offence_class
)

select
    force,
    quarter,
    offence_class,
    cpai,
    cast(recorded_crime as bigint) as recorded_crime,
    cpai - recorded_crime as difference
from compared
