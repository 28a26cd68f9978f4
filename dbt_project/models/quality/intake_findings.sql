-- What intake undid, could not undo, and what staging held out, of the submissions that count.
with

intake_findings as (
    select * from {{ source('raw', 'intake_findings') }}
),

current_submissions as (
    select force, quarter, submission
    from {{ ref('stg_submissions') }}
    where is_current
),

rejected as (
    select * from {{ ref('stg_rejected_records') }}
),

found as (
    select
        intake_findings.code,
        intake_findings.force,
        intake_findings.quarter,
        intake_findings.submission,
        intake_findings.record_type,
        intake_findings."column" as field,
        intake_findings.records
    from intake_findings
    inner join current_submissions
        on {{ same_key('current_submissions', 'intake_findings', ['force', 'quarter', 'submission']) }}

    union all

    select
        rule as code,
        force,
        quarter,
        submission,
        record_type,
        cast(null as varchar) as field,
        1 as records
    from rejected
),

final as (
    select
        code,
        force,
        quarter,
        submission,
        record_type,
        field,
        cast(sum(records) as bigint) as records
    from found
    group by code, force, quarter, submission, record_type, field
)

select * from final
