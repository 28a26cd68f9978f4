{%- set place = ['force', 'quarter'] -%}
with

current_submissions as (
    select force, quarter, submission
    from {{ ref('int_submissions') }}
    where is_current
),

-- as the last submission that had the crime sent it: a crime that vanished two submissions ago is gone too
sent_before as (
    select
        force,
        quarter,
        crime_reference,
        submission as replaced_submission,
        max(offence_class) as offence_class,
        max(recorded_on) as recorded_on,
        bool_or(coalesce(status, '') = 'cancelled') as was_cancelled
    from {{ ref('int_superseded_crimes') }}
    where crime_reference is not null
    group by force, quarter, crime_reference, submission
    qualify row_number() over (partition by force, quarter, crime_reference order by submission desc) = 1
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
