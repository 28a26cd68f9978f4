{{ config(materialized='incremental', pre_hook="{{ forget(in_reach()) }}") }}
{%- set place = ['force', 'quarter'] -%}
{%- set key = place + ['crime_reference'] -%}
-- Crimes that came into a quarter's CPAI and crimes that left it after its first submission, by cause.

with

causes as (
    select * from {{ ref('restatement_causes') }}
),

submissions as (
    select
        force,
        quarter,
        max(submission) as submission,
        min(submission) as first_submission
    from {{ ref('int_submissions') }}
    where (is_current or is_superseded) and {{ in_reach() }}
    group by force, quarter
),

classified_crimes as (
    select * from {{ ref('cpai_classified_crimes') }}
),

first_received as (
    select * from {{ ref('cpai_first_received') }}
    where {{ in_reach() }}
),

-- only the returns of later quarters can have changed a return sent once
sent_once as (
    select
        classified_crimes.force,
        classified_crimes.quarter,
        count(*) as first_received,
        count(classified_crimes.exclusion_reason) as cancelled_later
    from classified_crimes
    inner join submissions
        on {{ same_key('submissions', 'classified_crimes', place) }}
        and submissions.submission = submissions.first_submission
    where classified_crimes.exclusion_reason_as_sent is null
    group by classified_crimes.force, classified_crimes.quarter
),

sent_again as (
    select
        classified_crimes.force,
        classified_crimes.quarter,
        classified_crimes.crime_reference,
        classified_crimes.offence_class,
        classified_crimes.exclusion_reason_as_sent,
        classified_crimes.exclusion_reason
    from classified_crimes
    inner join submissions
        on {{ same_key('submissions', 'classified_crimes', place) }}
        and submissions.submission > submissions.first_submission
),

compared as (
    select
        coalesce(sent_again.force, first_received.force) as force,
        coalesce(sent_again.quarter, first_received.quarter) as quarter,
        coalesce(sent_again.crime_reference, first_received.crime_reference) as crime_reference,
        first_received.force is not null as is_first_sent,
        sent_again.force is not null as is_still_sent,
        first_received.force is not null and first_received.exclusion_reason is null as was_in,
        sent_again.force is not null and sent_again.exclusion_reason is null as is_in,
        coalesce(sent_again.offence_class <> first_received.offence_class, false) as is_reclassified,
        sent_again.exclusion_reason_as_sent,
        sent_again.exclusion_reason
    from sent_again
    full join first_received
        on {{ same_key('first_received', 'sent_again', key) }}
),

-- few: a crime that a submission no longer has may be in another quarter, or held out
unsent as (
    select * from compared
    where was_in and not is_still_sent
),

elsewhere as (
    select
        unsent.force,
        unsent.quarter,
        unsent.crime_reference,
        bool_and(coalesce(classified_crimes.status, '') = 'cancelled') as is_cancelled_there
    from unsent
    inner join classified_crimes
        on {{ same_key('classified_crimes', 'unsent', ['force', 'crime_reference']) }}
    group by unsent.force, unsent.quarter, unsent.crime_reference
),

held_out as (
    select distinct force, quarter, crime_reference
    from {{ ref('int_rejected_records') }}
    where record_type = 'crimes' and {{ in_reach() }}
),

caused as (
    select
        compared.force,
        compared.quarter,
        case
            when compared.was_in and compared.is_in then 'reclassified_within'
            when compared.is_in and not compared.is_first_sent then 'refreshed_in'
            when compared.is_in and compared.is_reclassified then 'reclassified_in'
            when compared.is_in then 'included_now'
            when not compared.is_still_sent and elsewhere.is_cancelled_there then 'cancelled_later'
            when not compared.is_still_sent and elsewhere.force is not null then 'moved_to_other_quarter'
            when not compared.is_still_sent and held_out.force is not null then 'held_out'
            when not compared.is_still_sent then 'gone'
            when compared.exclusion_reason = 'cancelled' and compared.exclusion_reason_as_sent = 'cancelled'
                then 'cancelled_since'
            when compared.exclusion_reason = 'cancelled' then 'cancelled_later'
            when compared.is_reclassified then 'reclassified_out'
            else 'excluded_now'
        end as cause
    from compared
    left join elsewhere
        on {{ same_key('elsewhere', 'compared', key) }}
    left join held_out
        on {{ same_key('held_out', 'compared', key) }}
    where
        compared.was_in <> compared.is_in
        or (compared.was_in and compared.is_reclassified)
),

counted as (
    select force, quarter, 'first_received' as cause, first_received as crimes from sent_once
    union all
    select force, quarter, 'cancelled_later' as cause, cancelled_later as crimes from sent_once
    union all
    select force, quarter, 'first_received' as cause, count(*) as crimes
    from first_received
    where exclusion_reason is null
    group by force, quarter
    union all
    select force, quarter, cause, count(*) as crimes
    from caused
    group by force, quarter, cause
)

select
    counted.force,
    counted.quarter,
    submissions.first_submission,
    submissions.submission,
    counted.cause,
    causes.effect,
    causes.rule,
    cast(counted.crimes as bigint) as crimes
from counted
inner join submissions
    on {{ same_key('submissions', 'counted', place) }}
left join causes
    on counted.cause = causes.cause
where counted.crimes > 0
