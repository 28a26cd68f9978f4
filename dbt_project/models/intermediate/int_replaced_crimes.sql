{{ config(materialized='incremental', pre_hook="{{ forget(in_reach()) }}") }}
{%- set place = ['force', 'quarter'] -%}
with

current_submissions as (
    select force, quarter, submission
    from {{ ref('int_submissions') }}
    where is_current
),

sent_before as (
    select * from {{ ref('int_sent_before') }}
    where {{ in_reach() }}
),

-- held out is not gone
sent_now as (
    select force, crime_reference, offence_class, recorded_on from {{ ref('int_crimes') }}
    union all
    select
        force,
        crime_reference,
        cast(null as varchar) as offence_class,
        cast(null as date) as recorded_on
    from {{ ref('int_rejected_records') }}
    where record_type = 'crimes'
),

-- in whatever quarter: a recorded date that was corrected takes a crime to another return
still_sent as (
    select
        sent_before.force,
        sent_before.quarter,
        sent_before.crime_reference,
        bool_or(sent_now.offence_class <> sent_before.offence_class) as is_reclassified,
        bool_or(
            sent_now.offence_class <> sent_before.offence_class and sent_now.recorded_on <> sent_before.recorded_on
        ) as is_moved_with_class
    from sent_before
    inner join sent_now
        on {{ same_key('sent_now', 'sent_before', ['force', 'crime_reference']) }}
    group by sent_before.force, sent_before.quarter, sent_before.crime_reference
),

final as (
    select
        sent_before.force,
        sent_before.quarter,
        sent_before.crime_reference,
        current_submissions.submission,
        sent_before.replaced_submission,
        sent_before.was_cancelled,
        still_sent.force is not null as is_still_sent,
        coalesce(still_sent.is_reclassified, false) as is_reclassified,
        coalesce(still_sent.is_moved_with_class, false) as is_moved_with_class
    from sent_before
    inner join current_submissions
        on {{ same_key('current_submissions', 'sent_before', place) }}
    left join still_sent
        on {{ same_key('still_sent', 'sent_before', place + ['crime_reference']) }}
)

select * from final
