with

submissions as (
    select * from {{ ref('stg_submissions') }}
),

-- a nil return is a return: it supersedes earlier submissions and is superseded by later ones; a declared missing
-- return supersedes nothing: what the force sent before stands
latest as (
    select force, quarter, max(submission) as submission
    from submissions
    where status in ('accepted', 'nil')
    group by force, quarter
),

final as (
    select
        submissions.force,
        submissions.quarter,
        submissions.submission,
        submissions.layout,
        submissions.status,
        submissions.received_at,
        submissions.crimes,
        submissions.victims,
        submissions.suspects,
        submissions.reasons,
        submissions.reasons_told,
        latest.submission is not null as is_current,
        submissions.status in ('accepted', 'nil') and latest.submission is null as is_superseded
    from submissions
    left join latest
        on latest.force = submissions.force
        and latest.quarter = submissions.quarter
        and latest.submission = submissions.submission
)

select * from final
