with

contact_crimes as (
    select quarter, count(*) as with_one_suspect
    from {{ ref('cpai_crimes') }}
    where is_contact and suspect_rows = 1
    group by quarter
),

candidates as (
    select
        candidates.quarter,
        candidates.reason,
        candidates.suspect_rows,
        settled.group_based
    from {{ ref('cocad_candidates') }} as candidates
    left join {{ ref('cocad_settled_readings') }} as settled
        on candidates.force = settled.force
        and candidates.quarter = settled.quarter
        and candidates.crime_reference = settled.crime_reference
),

samples as (
    select
        quarter,
        count(*) filter (where reason <> 'recall_sample' and suspect_rows = 1) as read_for_a_reason,
        count(*) filter (where reason = 'recall_sample') as drawn,
        count(group_based) filter (where reason = 'recall_sample') as read,
        count(*) filter (where reason = 'recall_sample' and group_based = 'yes') as group_based,
        count(*) filter (where reason = 'recall_sample' and group_based = 'cannot_tell') as cannot_tell,
        count(*) filter (where group_based = 'yes') as cocad
    from candidates
    group by quarter
),

-- crimes drawn are read, and in the COCAD if group-based: the estimate is of the others alone
counted as (
    select
        contact_crimes.quarter,
        contact_crimes.with_one_suspect - samples.read_for_a_reason as crimes,
        contact_crimes.with_one_suspect - samples.read_for_a_reason - samples.drawn as not_drawn,
        samples.drawn,
        samples.read,
        samples.group_based,
        samples.cannot_tell,
        samples.cocad
    from contact_crimes
    inner join samples
        on contact_crimes.quarter = samples.quarter
    where samples.drawn > 0
)

select
    quarter,
    crimes,
    drawn,
    read,
    group_based,
    cannot_tell,
    cast(round(1.0 * not_drawn * group_based / nullif(read, 0)) as bigint) as missed,
    cast(round(not_drawn * {{ wilson_low('group_based', 'read') }}) as bigint) as missed_low,
    cast(round(not_drawn * {{ wilson_high('group_based', 'read') }}) as bigint) as missed_high,
    cocad
from counted
