-- The same crimes on two bases: criteria of 2023 and of 2024, and group-based by the working rule and by the inquiry.

with

cocad_crimes as (
    select * from {{ ref('cocad_crimes') }}
),

scheme_criteria as (
    select * from {{ ref('cocad_scheme_criteria') }}
),

settled_readings as (
    select * from {{ ref('cocad_settled_readings') }}
),

agreement as (
    select
        question,
        period,
        verdict
    from {{ ref('reading_agreement') }}
    where pairing = 'readers' and category = 'all' and slice_type = 'all'
),

counted as (
    select
        'criterion' as crosswalk,
        force,
        quarter,
        criterion as from_category,
        criterion_2024 as to_category,
        count(*) as crimes
    from cocad_crimes
    group by force, quarter, criterion, criterion_2024

    union all
    -- every candidate with an answer: the inquiry's definition may be met where the working rule is not
    select
        'group_based' as crosswalk,
        force,
        quarter,
        group_based as from_category,
        coalesce(network_definition, 'not_asked') as to_category,
        count(*) as crimes
    from settled_readings
    group by force, quarter, group_based, coalesce(network_definition, 'not_asked')
),

-- a split that is withheld in the figures is withheld here too, or it could be computed from these rows
withheld as (
    select distinct period
    from agreement
    where question in (select question from scheme_criteria) and verdict = 'unreliable'
)

select
    cast(counted.crosswalk as varchar) as crosswalk,
    cast(counted.force as varchar) as force,
    cast(counted.quarter as varchar) as quarter,
    cast(counted.from_category as varchar) as from_category,
    cast(counted.to_category as varchar) as to_category,
    cast(
        case when withheld.period is null then counted.crimes end as bigint
    ) as crimes,
    cast(case when withheld.period is null then 'published' else 'withheld' end as varchar) as status
from counted
left join withheld
    on counted.crosswalk = 'criterion' and counted.quarter = withheld.period
