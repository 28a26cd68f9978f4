-- Readings that were kept although they contradict a rule of the codebook, and how their two readers agree.

with

readings as (
    select * from {{ ref('int_readings') }}
    -- an adjudicator saw both answers, so agreement with one is no evidence
    where role in ('first', 'second') and is_standing
),

{{ candidates_read() }},

codebook_rules as (
    select distinct rule
    from {{ ref('codebook_rules') }}
    where action = 'ask'
),

dated as (
    select
        readings.*,
        candidates.quarter
    from readings
    inner join candidates
        on candidates.force = readings.force
        and candidates.crime_reference = readings.crime_reference
),

by_rule as (
    select
        dated.force,
        dated.crime_reference,
        dated.version,
        dated.quarter,
        dated.group_based,
        dated.criterion,
        coalesce(codebook_rules.rule, 'none') as rule
    from dated
    left join codebook_rules
        on ';' || dated.checks || ';' like '%;' || codebook_rules.rule || ';%'
),

read_twice as (
    select
        force,
        crime_reference,
        version,
        count(*) = 2 as is_twice,
        count(distinct group_based) = 1 and count(distinct coalesce(criterion, '')) = 1 as is_agreed,
        bool_or(checks is not null) as is_against
    from dated
    group by force, crime_reference, version
),

-- a crime has one row for each rule that either of its readings was kept against
crimes_by_rule as (
    select
        by_rule.quarter,
        by_rule.rule,
        by_rule.force,
        by_rule.crime_reference,
        by_rule.version,
        count(*) as readings,
        bool_or(read_twice.is_twice and (by_rule.rule <> 'none' or not read_twice.is_against)) as is_pair,
        bool_or(read_twice.is_agreed) as is_agreed
    from by_rule
    inner join read_twice
        on read_twice.force = by_rule.force
        and read_twice.crime_reference = by_rule.crime_reference
        and read_twice.version = by_rule.version
    group by by_rule.quarter, by_rule.rule, by_rule.force, by_rule.crime_reference, by_rule.version
)

select
    cast(rule as varchar) as rule,
    cast(quarter as varchar) as quarter,
    cast(sum(readings) as bigint) as readings,
    cast(count(*) filter (where is_pair) as bigint) as pairs,
    cast(count(*) filter (where is_pair and is_agreed) as bigint) as agreed
from crimes_by_rule
group by rule, quarter
