{%- set place = ['force', 'quarter'] -%}
with

replaced as (
    select force, quarter, max(submission) as submission
    from {{ ref('stg_submissions') }}
    where is_superseded
    group by force, quarter
),

current_submissions as (
    select force, quarter, submission
    from {{ ref('stg_submissions') }}
    where is_current
),

status_spellings as (
    select * from {{ ref('stg_code_spellings') }}
    where field = 'status'
),

sent_before as (
    select
        crimes.force,
        crimes.quarter,
        crimes.crime_reference,
        bool_or(coalesce(status_spellings.code, '') = 'cancelled') as was_cancelled
    from {{ source('raw', 'crimes') }} as crimes
    inner join replaced
        on {{ same_key('replaced', 'crimes', place + ['submission']) }}
    left join status_spellings
        on status_spellings.layout = crimes.layout
        and status_spellings.spelling = lower(crimes.status)
    where crimes.crime_reference is not null
    group by crimes.force, crimes.quarter, crimes.crime_reference
),

-- held out is not gone
sent_now as (
    select force, crime_reference from {{ ref('stg_crimes') }}
    union all
    select force, crime_reference from {{ ref('stg_rejected_records') }}
    where record_type = 'crimes'
),

-- in whatever quarter: a recorded date that was corrected takes a crime to another return
still_sent as (
    select distinct sent_before.force, sent_before.crime_reference
    from sent_before
    inner join sent_now
        on {{ same_key('sent_now', 'sent_before', ['force', 'crime_reference']) }}
),

final as (
    select
        sent_before.force,
        sent_before.quarter,
        sent_before.crime_reference,
        current_submissions.submission,
        replaced.submission as replaced_submission,
        sent_before.was_cancelled,
        still_sent.force is not null as is_still_sent
    from sent_before
    inner join replaced
        on {{ same_key('replaced', 'sent_before', place) }}
    inner join current_submissions
        on {{ same_key('current_submissions', 'sent_before', place) }}
    left join still_sent
        on {{ same_key('still_sent', 'sent_before', ['force', 'crime_reference']) }}
)

select * from final
