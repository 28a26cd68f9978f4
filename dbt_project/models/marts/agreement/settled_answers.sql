{{ config(materialized='incremental', pre_hook="{{ forget(in_quarter_in_reach(quarter=quarter_of_text('month'))) }}") }}
{#-
    What a second reader changed, counted: from it a figure has the interval that misreading may have moved it in. Most
    candidates are read once. A tenth of them is read again by somebody who does not know the first answer, drawn before
    anybody has read, and settled: a sample of what second reading would do to the others.
-#}
with

settled as (
    select * from {{ ref('cocad_settled_readings') }}
),

crimes as (
    select force, quarter, crime_reference, month, victim_rows, suspect_rows
    from {{ ref('fct_crimes') }}
    where is_candidate and {{ in_quarter_in_reach() }}
),

readings as (
    select * from {{ ref('int_readings') }}
    where is_standing
),

-- first readings of which are read again by another
policy as (
    select
        ';' || max(value) filter (where name = 'second_criteria') || ';' as second_criteria,
        ';' || max(value) filter (where name = 'second_confidence') || ';' as second_confidence
    from {{ ref('reading_policy') }}
),

collected as (
    select min(children_collected_from) as from_quarter from {{ ref('criteria') }}
),

-- what the first reader said, and whether it was that which asked for a second
first_readings as (
    select
        readings.*,
        coalesce(policy.second_criteria like '%;' || readings.criterion || ';%', false)
        or coalesce(policy.second_confidence like '%;' || readings.confidence || ';%', false) as is_called_for
    from readings
    cross join policy
    where readings.role = 'first'
),

second_readings as (
    select distinct force, crime_reference, version from readings where role = 'second'
),

answers as (
    select
        crimes.force,
        crimes.month,
        crimes.victim_rows as victims,
        crimes.suspect_rows as suspects,
        case
            when settled.settled_by = 'only' then 'once'
            when second_readings.force is null or first_readings.is_called_for then 'called_for'
            else 'drawn'
        end as is_read,
        crimes.quarter >= collected.from_quarter as asks_children,
        first_readings.group_based = 'yes' as first_group_based,
        first_readings.criterion as first_criterion,
        first_readings.committed_by_children = 'yes' as first_children,
        settled.group_based = 'yes' as settled_group_based,
        settled.criterion as settled_criterion,
        settled.committed_by_children = 'yes' as settled_children
    from settled
    inner join crimes
        on settled.force = crimes.force
        and settled.quarter = crimes.quarter
        and settled.crime_reference = crimes.crime_reference
    inner join first_readings
        on settled.force = first_readings.force
        and settled.crime_reference = first_readings.crime_reference
        and settled.version = first_readings.version
    cross join collected
    left join second_readings
        on settled.force = second_readings.force
        and settled.crime_reference = second_readings.crime_reference
        and settled.version = second_readings.version
),

schemes as (
    select
        force,
        month,
        is_read,
        victims,
        suspects,
        each_scheme.scheme,
        case when first_group_based then of_first.criterion else 'not_group_based' end as first_answer,
        case when settled_group_based then of_settled.criterion else 'not_group_based' end as settled_answer
    from answers
    cross join (select distinct scheme from {{ ref('cocad_scheme_criteria') }}) as each_scheme
    left join {{ ref('cocad_scheme_criteria') }} as of_first
        on each_scheme.scheme = of_first.scheme
        and answers.first_criterion = of_first.criterion_read
        and coalesce(answers.asks_children and answers.first_children, false) = of_first.by_children
    left join {{ ref('cocad_scheme_criteria') }} as of_settled
        on each_scheme.scheme = of_settled.scheme
        and answers.settled_criterion = of_settled.criterion_read
        and coalesce(answers.asks_children and answers.settled_children, false) = of_settled.by_children
)

select
    force,
    month,
    scheme,
    is_read,
    first_answer,
    settled_answer,
    victims,
    suspects,
    count(*) as crimes
from schemes
group by all
