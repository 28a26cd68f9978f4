{%- set place = ['force', 'quarter'] -%}
with

returns as (
    select * from {{ ref('returns') }}
),

submissions as (
    select * from {{ ref('int_submissions') }}
),

received as (
    select
        returns.force,
        returns.quarter,
        returns.submission,
        returns.status,
        returns.received_at,
        returns.reasons_as_sent as reasons,
        submissions.layout,
        row_number() over (
            partition by returns.force, returns.quarter order by returns.submission desc
        ) as latest_first
    from returns
    inner join submissions
        on {{ same_key('submissions', 'returns', place + ['submission']) }}
),

-- a later refused submission does not replace it
standing as (
    select force, quarter, submission as stands
    from submissions
    where is_current and status = 'accepted'
),

final as (
    select
        received.force,
        received.quarter,
        received.submission,
        received.status,
        received.received_at,
        received.reasons,
        received.layout,
        standing.stands
    from received
    left join standing
        on {{ same_key('standing', 'received', place) }}
    where received.latest_first = 1
)

select * from final
