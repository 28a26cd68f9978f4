{{ config(materialized='ephemeral', contract={'enforced': false}) }}
-- Each month of a return beside the rule about it. How to read the column: macros/rule_checks.sql.
{%- set usual = {
    'own_past': ('crimes', 'usual'),
    'recorded_crime': ('compared_crimes', 'recorded_crime'),
    'same_return': ('crimes', 'shared_out'),
} %}

with

submissions as (
    select * from {{ ref('int_submissions') }}
    where is_current
),

floors as (
    select * from {{ ref('month_floors') }}
),

limits as (
    select * from {{ ref('month_limits') }}
),

-- pairs of months of a quarter, each with a number
pairs as (
    select listed.pair, listed.month_of_quarter
    from (values (1, 1), (1, 2), (2, 2), (2, 3), (3, 3), (3, 1)) as listed (pair, month_of_quarter)
),

halves as (
    select listed.month_of_quarter, listed.half_of_month
    from (values (1, 1), (1, 2), (2, 1), (2, 2), (3, 1), (3, 2)) as listed (month_of_quarter, half_of_month)
),

-- classes that recorded crime counts without ages and flags
compared as (
    select force, quarter, sum(recorded_crime) as recorded_crime
    from {{ ref('recorded_crime_comparison') }}
    group by force, quarter
),

compared_classes as (
    select distinct offence_class from {{ ref('recorded_crime_comparison') }}
),

days as (
    select
        crimes.force,
        crimes.quarter,
        crimes.recorded_on,
        count(*) as crimes,
        count(compared_classes.offence_class) as compared_crimes
    from {{ ref('cpai_crimes') }} as crimes
    left join compared_classes
        on crimes.offence_class = compared_classes.offence_class
    group by crimes.force, crimes.quarter, crimes.recorded_on
),

counted as (
    select
        days.force,
        days.quarter,
        (month(days.recorded_on) - 1) % 3 + 1 as month_of_quarter,
        case when day(days.recorded_on) <= 15 then 1 else 2 end as half_of_month,
        -- an operation recorded in bulk fills one day, not a month
        sum(least(days.crimes, limits.crimes_of_a_day)) as crimes,
        sum(days.compared_crimes) as compared_crimes
    from days
    cross join limits
    group by 1, 2, 3, 4
),

returned as (
    select
        submissions.force,
        submissions.quarter,
        submissions.submission,
        halves.month_of_quarter,
        halves.half_of_month,
        coalesce(counted.crimes, 0) as crimes,
        coalesce(counted.compared_crimes, 0) as compared_crimes
    from submissions
    cross join halves
    left join counted
        on submissions.force = counted.force
        and submissions.quarter = counted.quarter
        and halves.month_of_quarter = counted.month_of_quarter
        and halves.half_of_month = counted.half_of_month
),

-- a return without a crime is left out of what is usual
quarters as (
    select
        force,
        quarter,
        sum(crimes) as crimes,
        sum(crimes) filter (where half_of_month = 1) as in_first_halves,
        sum(crimes) filter (where half_of_month = 2) as in_second_halves
    from returned
    group by force, quarter
    having sum(crimes) > 0
),

numbered as (
    select
        later.force,
        later.quarter,
        earlier.in_first_halves,
        earlier.in_second_halves,
        row_number() over (partition by later.force, later.quarter order by earlier.quarter desc) as quarters_back
    from submissions as later
    inner join quarters as earlier
        on later.force = earlier.force
        and later.quarter > earlier.quarter
),

-- first and second halves of months apart: a force that records on the first Monday does so every month
past as (
    select
        numbered.force,
        numbered.quarter,
        avg(numbered.in_first_halves) / 3 as in_a_first_half,
        avg(numbered.in_second_halves) / 3 as in_a_second_half
    from numbered
    cross join limits
    where numbered.quarters_back <= limits.past_quarters
    group by numbered.force, numbered.quarter
),

-- at least one month is as full as recorded crime, or the two differ in scale
reached as (
    select by_month.force, by_month.quarter, max(by_month.crimes) as crimes
    from (
        select force, quarter, month_of_quarter, sum(compared_crimes) as crimes
        from returned
        group by force, quarter, month_of_quarter
    ) as by_month
    group by by_month.force, by_month.quarter
),

-- what each half of a month would have. Other forces are the measure only for a first return
expected as (
    select
        returned.*,
        case when returned.half_of_month = 1 then past.in_a_first_half else past.in_a_second_half end as usual,
        case when past.force is null and reached.crimes >= limits.reached_share * compared.recorded_crime / 3
            then compared.recorded_crime / 6.0
        end as recorded_crime,
        case when past.force is null then quarters.crimes / 6.0 end as shared_out
    from returned
    cross join limits
    left join past
        on returned.force = past.force
        and returned.quarter = past.quarter
    left join compared
        on returned.force = compared.force
        and returned.quarter = compared.quarter
    left join reached
        on returned.force = reached.force
        and returned.quarter = reached.quarter
    left join quarters
        on returned.force = quarters.force
        and returned.quarter = quarters.quarter
),

beside as (
    {%- for against, (crimes, expected) in usual.items() %}
    select
        force, quarter, submission, month_of_quarter, half_of_month,
        '{{ against }}' as against, {{ crimes }} as crimes, {{ expected }} as expected
    from expected
    {{ 'union all' if not loop.last }}
    {%- endfor %}
),

parts as (
    select
        force, quarter, submission, against, 'half_month' as part, month_of_quarter, half_of_month,
        crimes, expected
    from beside

    union all

    select
        force, quarter, submission, against, 'month' as part, month_of_quarter, null as half_of_month,
        sum(crimes) as crimes, sum(expected) as expected
    from beside
    group by force, quarter, submission, against, month_of_quarter

    union all

    -- this month and another
    select
        beside.force, beside.quarter, beside.submission, beside.against, 'two_months' as part,
        others.month_of_quarter, null as half_of_month,
        sum(beside.crimes) as crimes, sum(beside.expected) as expected
    from beside
    inner join pairs
        on beside.month_of_quarter = pairs.month_of_quarter
    inner join pairs as others
        on pairs.pair = others.pair
    group by beside.force, beside.quarter, beside.submission, beside.against, pairs.pair, others.month_of_quarter
),

asked as (
    select
        parts.force,
        parts.quarter,
        parts.submission,
        parts.month_of_quarter,
        parts.part,
        parts.half_of_month,
        parts.crimes < floors.floor_share * parts.expected as is_missing
    from parts
    inner join floors
        on parts.against = floors.against
        and parts.part = floors.part
        and parts.expected >= floors.expected_from
),

by_month as (
    select
        halves.month_of_quarter,
        submissions.force,
        submissions.quarter,
        submissions.submission,
        count(asked.is_missing) > 0 as is_asked,
        coalesce(bool_or(asked.is_missing) filter (where asked.part <> 'half_month'), false) as is_month_missing,
        max(asked.half_of_month) filter (where asked.is_missing) as missing_half
    from submissions
    cross join (select distinct month_of_quarter from halves) as halves
    left join asked
        on submissions.force = asked.force
        and submissions.quarter = asked.quarter
        and halves.month_of_quarter = asked.month_of_quarter
    group by 1, 2, 3, 4
)

select
    force,
    quarter,
    submission,
    'return' as record_type,
    cast(null as varchar) as crime_reference,
    cast(null as varchar) as person_reference,

    -- month_floors has the share, and how improbable it is in a whole return
    case when is_asked then
        case
            when is_month_missing then 'month_' || month_of_quarter || '_missing'
            when missing_half = 1 then 'first_half_of_month_' || month_of_quarter || '_missing'
            when missing_half = 2 then 'second_half_of_month_' || month_of_quarter || '_missing'
            else 'ok'
        end
    end as mn01
from by_month
