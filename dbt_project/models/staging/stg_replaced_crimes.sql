{%- set place = ['force', 'quarter'] -%}
with

replaced as (
    select force, quarter, submission
    from {{ ref('stg_submissions') }}
    where is_superseded
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

offence_spellings as (
    select spelling, offence_class from {{ ref('stg_offence_spellings') }}
),

-- as the last submission that had the crime sent it: what vanished two submissions ago is as gone as what vanished now
sent_before as (
    select
        crimes.force,
        crimes.quarter,
        crimes.crime_reference,
        crimes.submission as replaced_submission,
        max(offence_spellings.offence_class) as offence_class,
        max({{ iso_date('crimes.recorded_on') }}) as recorded_on,
        bool_or(coalesce(status_spellings.code, '') = 'cancelled') as was_cancelled
    from {{ source('raw', 'crimes') }} as crimes
    inner join replaced
        on {{ same_key('replaced', 'crimes', place + ['submission']) }}
    left join status_spellings
        on status_spellings.layout = crimes.layout
        and status_spellings.spelling = lower(crimes.status)
    left join offence_spellings
        on offence_spellings.spelling = crimes.offence_code
    where crimes.crime_reference is not null
    group by crimes.force, crimes.quarter, crimes.crime_reference, crimes.submission
    qualify row_number() over (
        partition by crimes.force, crimes.quarter, crimes.crime_reference order by crimes.submission desc
    ) = 1
),

-- held out is not gone
sent_now as (
    select force, crime_reference, offence_class, recorded_on from {{ ref('stg_crimes') }}
    union all
    select
        force,
        crime_reference,
        cast(null as varchar) as offence_class,
        cast(null as date) as recorded_on
    from {{ ref('stg_rejected_records') }}
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
