with

recorded_crime_comparison as (
    select * from {{ ref('recorded_crime_comparison') }}
),

revisions as (
    select * from {{ ref('recorded_crime_revisions') }}
),

classified_crimes as (
    select * from {{ ref('cpai_classified_crimes') }}
),

balance as (
    select * from {{ ref('balance') }}
),

known_breaks as (
    select * from {{ ref('known_breaks') }}
),

forces as (
    select * from {{ ref('forces') }}
),

tolerance as (
    select * from {{ ref('reconciliation_tolerance') }}
),

by_force_and_quarter as (
    select
        force,
        quarter,
        sum(cpai) as cpai,
        sum(recorded_crime) as recorded_crime,
        sum(difference) as difference
    from recorded_crime_comparison
    group by force, quarter
),

revised as (
    select force, quarter, max(published_on) as published_on, sum(revision) as revised
    from revisions
    group by force, quarter
),

-- crimes of the classes compared that the return has and the CPAI has not
excluded as (
    select classified_crimes.force, classified_crimes.quarter, count(*) as crimes
    from classified_crimes
    inner join (select distinct offence_class from recorded_crime_comparison) as compared
        on classified_crimes.offence_class = compared.offence_class
    where classified_crimes.exclusion_reason is not null
    group by classified_crimes.force, classified_crimes.quarter
),

held_out as (
    select force, quarter, rejected
    from balance
    where record_type = 'crimes'
),

-- changes at the force itself, and changes of the recording rules at all forces
breaks as (
    select
        by_force_and_quarter.force,
        by_force_and_quarter.quarter,
        {{ ordered_list('known_breaks.what') }} as known_breaks
    from by_force_and_quarter
    inner join forces
        on by_force_and_quarter.force = forces.force
    inner join known_breaks
        on (known_breaks.scope = forces.prc_name or known_breaks.kind = 'recording rule')
        and {{ quarter_of('cast(known_breaks.start as date)') }} <= by_force_and_quarter.quarter
        and {{ quarter_of('cast(coalesce(known_breaks.end, known_breaks.start) as date)') }}
        >= by_force_and_quarter.quarter
    group by by_force_and_quarter.force, by_force_and_quarter.quarter
)

select
    by_force_and_quarter.force,
    by_force_and_quarter.quarter,
    revised.published_on,
    cast(by_force_and_quarter.cpai as bigint) as cpai,
    cast(by_force_and_quarter.recorded_crime as bigint) as recorded_crime,
    cast(by_force_and_quarter.difference as bigint) as difference,
    cast(
        round(100.0 * by_force_and_quarter.difference / nullif(by_force_and_quarter.recorded_crime, 0), 1)
        as decimal(9, 1)
    ) as percent_difference,
    cast(greatest(tolerance.crimes, tolerance.share * by_force_and_quarter.recorded_crime) as decimal(9, 1))
        as tolerance,
    abs(by_force_and_quarter.difference) <= tolerance.crimes
    or abs(by_force_and_quarter.difference) <= tolerance.share * by_force_and_quarter.recorded_crime
        as within_tolerance,
    cast(coalesce(revised.revised, 0) as bigint) as revised,
    cast(coalesce(excluded.crimes, 0) as bigint) as excluded,
    cast(coalesce(held_out.rejected, 0) as bigint) as held_out,
    breaks.known_breaks
from by_force_and_quarter
cross join tolerance
left join revised
    on {{ same_key('revised', 'by_force_and_quarter', ['force', 'quarter']) }}
left join excluded
    on {{ same_key('excluded', 'by_force_and_quarter', ['force', 'quarter']) }}
left join held_out
    on {{ same_key('held_out', 'by_force_and_quarter', ['force', 'quarter']) }}
left join breaks
    on {{ same_key('breaks', 'by_force_and_quarter', ['force', 'quarter']) }}
