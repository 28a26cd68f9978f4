with

classified_crimes as (
    select
        quarter,
        count(*) as crimes_received,
        count(*) filter (where exclusion_reason is null) as in_cpai,
        count(*) filter (where exclusion_reason is not null) as excluded
    from {{ ref('cpai_classified_crimes') }}
    group by quarter
),

contact_crimes as (
    select quarter, count(*) as contact
    from {{ ref('cpai_crimes') }}
    where is_contact
    group by quarter
),

candidates as (
    select quarter, count(*) as candidates
    from {{ ref('cocad_candidates') }}
    group by quarter
),

unread as (
    select quarter, count(*) as unread
    from {{ ref('cocad_unread') }}
    group by quarter
),

cocad_crimes as (
    select quarter, count(*) as cocad
    from {{ ref('cocad_crimes') }}
    group by quarter
),

-- a quarter of nil returns alone has its row too
quarters as (
    select distinct quarter
    from {{ ref('int_submissions') }}
    where is_current
)

select
    quarters.quarter,
    coalesce(classified_crimes.crimes_received, 0) as crimes_received,
    coalesce(classified_crimes.in_cpai, 0) as in_cpai,
    coalesce(classified_crimes.excluded, 0) as excluded,
    coalesce(contact_crimes.contact, 0) as contact,
    coalesce(candidates.candidates, 0) as candidates,
    coalesce(candidates.candidates, 0) - coalesce(unread.unread, 0) as read,
    coalesce(unread.unread, 0) as unread,
    coalesce(cocad_crimes.cocad, 0) as cocad
from quarters
left join classified_crimes
    on quarters.quarter = classified_crimes.quarter
left join contact_crimes
    on quarters.quarter = contact_crimes.quarter
left join candidates
    on quarters.quarter = candidates.quarter
left join unread
    on quarters.quarter = unread.quarter
left join cocad_crimes
    on quarters.quarter = cocad_crimes.quarter
