{%- set place = ['force', 'quarter'] -%}
with

forces as (
    select * from {{ ref('forces') }}
),

submissions as (
    select * from {{ ref('int_submissions') }}
),

rejected as (
    select distinct force, quarter, submission from {{ ref('int_rejected_records') }}
),

received as (
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
        coalesce(submissions.reasons_told, '[]') as reasons,
        submissions.reasons as reasons_as_sent
    from submissions
    left join rejected
        on {{ same_key('rejected', 'submissions', place + ['submission']) }}
),

-- which returns are due comes from the seed, never from what was received
due as (
    select forces.force, quarters.quarter
    from forces
    inner join (select distinct quarter from submissions) as quarters
        on quarters.quarter >= forces.from_quarter
        and quarters.quarter <= coalesce(forces.to_quarter, '9999-Q4')
),

missing as (
    select
        due.force,
        due.quarter,
        cast(null as integer) as submission,
        'missing' as status,
        cast(null as varchar) as received_at,
        cast(0 as bigint) as crimes,
        cast(0 as bigint) as victims,
        cast(0 as bigint) as suspects,
        '[]' as reasons,
        '[]' as reasons_as_sent
    from due
    left join submissions
        on {{ same_key('submissions', 'due', place) }}
    where submissions.force is null
),

final as (
    select * from received
    union all
    select * from missing
)

select * from final
