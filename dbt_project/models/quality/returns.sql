with

submissions as (
    select * from {{ ref('stg_submissions') }}
),

rejected as (
    select distinct force, quarter, submission from {{ ref('stg_rejected_records') }}
),

final as (
    select
        submissions.force,
        submissions.quarter,
        submissions.submission,
        case
            when submissions.is_superseded then 'superseded'
            when rejected.submission is not null then 'accepted_with_rejections'
            else submissions.status
        end as status,
        submissions.received_at,
        submissions.crimes,
        submissions.victims,
        submissions.suspects,
        submissions.reasons
    from submissions
    left join rejected
        on {{ same_key('rejected', 'submissions', ['force', 'quarter', 'submission']) }}
)

select * from final
