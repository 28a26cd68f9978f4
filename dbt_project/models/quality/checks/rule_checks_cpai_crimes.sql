{{ config(materialized='ephemeral', contract={'enforced': false}) }}
-- Each crime in the CPAI beside the rules about it. How to read a rule's column: macros/rule_checks.sql.

with

crimes as (
    select * from {{ ref('cpai_crimes') }}
    where {{ in_reach() }}
),

submissions as (
    select * from {{ ref('int_submissions') }}
    where is_current
),

-- a crime reference is one crime of its force for ever; read apart, as DuckDB keeps a step read twice whole in memory
counted_before as (
    select force, crime_reference, min(quarter) as first_quarter
    from {{ ref('cpai_crimes') }}
    group by force, crime_reference
    having min(quarter) < max(quarter)
),

-- a later return cancels a crime of this reference, recorded no earlier: the same crime, or another?
cancelled_anew as (
    select force, crime_reference, max(quarter) as last_quarter
    from {{ ref('cpai_classified_crimes') }}
    where status = 'cancelled' and {{ quarter_of('recorded_on') }} >= quarter
    group by force, crime_reference
),

described as (
    select
        crimes.*,
        submissions.submission,
        counted_before.first_quarter,
        cancelled_anew.last_quarter as cancelled_with,
        -- computed again from the dates, independently of the model that made the column
        case
            when coalesce(crimes.committed_to, crimes.committed_from) is null then 'unknown'
            when coalesce(crimes.committed_to, crimes.committed_from) > crimes.recorded_on then 'unknown'
            when
                coalesce(crimes.reported_on, crimes.recorded_on)
                <= coalesce(crimes.committed_to, crimes.committed_from) + interval 1 year
                then 'recent'
            else 'non_recent'
        end as expected_recency,
        greatest(crimes.suspect_rows, crimes.offenders_stated) as offenders
    from crimes
    left join counted_before
        on crimes.force = counted_before.force
        and crimes.crime_reference = counted_before.crime_reference
    left join cancelled_anew
        on crimes.force = cancelled_anew.force
        and crimes.crime_reference = cancelled_anew.crime_reference
    left join submissions
        on crimes.force = submissions.force
        and crimes.quarter = submissions.quarter
)

select
    force,
    quarter,
    submission,
    'crime' as record_type,
    crime_reference,
    cast(null as varchar) as person_reference,

    case
        when first_quarter < quarter then 'counted_in_earlier_quarter'
        when cancelled_with > quarter then 'cancelled_under_another_date'
        else 'ok'
    end as cr02,

    case when recency = expected_recency then 'ok' else 'recency_disagrees' end as cr12,

    case when offence_class = 'N100' or offence_code like 'N100%' then 'incident_in_count' else 'ok' end as cr23,

    case when offence_class in ('19J', '19K') then
        case
            when recorded_on < cast('2019-04-01' as date) then 'before_april_2019'
            when offenders = 1 then 'one_offender'
            else 'ok'
        end
    end as cr35,

    case when is_contact then
        case
            when is_image then 'image_as_contact'
            when offence_class = '88A' then 'grooming_as_contact'
            else 'ok'
        end
    end as cr43
from described
