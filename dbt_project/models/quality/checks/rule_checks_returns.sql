{{ config(materialized='ephemeral', contract={'enforced': false}) }}
-- Each return due beside the rule about it. How to read a rule's column: macros/rule_checks.sql.

with

forces as (
    select * from {{ ref('forces') }}
),

submissions as (
    select * from {{ ref('int_submissions') }}
),

crimes as (
    select * from {{ ref('int_crimes') }}
),

-- the quarters are those that any force delivered for; which force's return is due comes from the seed alone
quarters as (
    select distinct quarter from submissions
),

due as (
    select forces.force, quarters.quarter
    from forces
    inner join quarters
        on quarters.quarter >= forces.from_quarter
        and quarters.quarter <= coalesce(forces.to_quarter, quarters.quarter)
),

attempts as (
    select
        force,
        quarter,
        max(submission) as last_submission,
        max(case when is_current then submission end) as submission,
        max(case when is_current then status end) as status,
        max_by(status, submission) as last_status
    from submissions
    group by force, quarter
),

received as (
    select force, quarter, count(*) as crimes
    from crimes
    group by force, quarter
)

select
    due.force,
    due.quarter,
    coalesce(attempts.submission, attempts.last_submission) as submission,
    'return' as record_type,
    cast(null as varchar) as crime_reference,
    cast(null as varchar) as person_reference,

    case
        when attempts.last_submission is null then 'missing'
        when attempts.submission is null and attempts.last_status = 'missing' then 'missing_declared'
        when attempts.submission is null then 'refused_only'
        when attempts.status <> 'nil' and coalesce(received.crimes, 0) = 0 then 'empty_without_nil'
        else 'ok'
    end as cr55
from due
left join attempts
    on due.force = attempts.force
    and due.quarter = attempts.quarter
left join received
    on due.force = received.force
    and due.quarter = received.quarter
