-- One row per record rule, force and quarter: how many records were tested, how many failed, and the verdict.

with

rules as (
    select * from {{ ref('rules') }}
    where home = 'record_rule'
),

rule_checks as (
    select rule, severity, force, quarter, found, tested from {{ ref('rule_checks_in_a_return') }}
    union all
    select rule, severity, force, quarter, found, tested from {{ ref('rule_checks_across_returns') }}
    union all
    select rule, severity, force, quarter, found, tested from {{ ref('rule_checks_after_reading') }}
),

waivers as (
    select * from {{ ref('rule_checks_waivers') }}
    where wv01 = 'ok'
),

force_quarters as (
    select force, quarter from {{ ref('rule_checks_returns') }}
),

tested as (
    select rule, force, quarter, tested from rule_checks
    where tested > 0
),

-- a reported rule counts all its findings; only the blocking findings of a blocking rule count to the verdict
found as (
    select
        rule_checks.rule,
        rule_checks.force,
        rule_checks.quarter,
        count(*) filter (where rule_checks.severity = rules.severity) as failed,
        count(*) filter (where rule_checks.severity <> rules.severity) as also_reported
    from rule_checks
    inner join rules
        on rule_checks.rule = rules.rule
    group by rule_checks.rule, rule_checks.force, rule_checks.quarter
),

-- every rule has a result for every return due, and wherever a record was tested outside them
asked as (
    select rules.rule, force_quarters.force, force_quarters.quarter
    from rules
    cross join force_quarters
    where rules.scope <> 'table' or rules.rule = 'CR59'

    union
    select rule, force, quarter
    from tested
),

counted as (
    select
        asked.rule,
        asked.force,
        asked.quarter,
        rules.our_own,
        rules.tolerance_rate,
        rules.tolerance_records,
        coalesce(tested.tested, 0) as tested,
        coalesce(found.failed, 0) as failed,
        coalesce(found.also_reported, 0) as also_reported,
        waivers.waived_rule is not null as is_waived
    from asked
    inner join rules
        on asked.rule = rules.rule
    left join tested
        on asked.rule = tested.rule
        and asked.force = tested.force
        and asked.quarter = tested.quarter
    left join found
        on asked.rule = found.rule
        and asked.force = found.force
        and asked.quarter = found.quarter
    left join (select distinct waived_rule, force, quarter from waivers) as waivers
        on asked.rule = waivers.waived_rule
        and asked.force = waivers.force
        and asked.quarter = waivers.quarter
)

select
    cast(rule as varchar) as rule,
    cast(force as varchar) as force,
    cast(quarter as varchar) as quarter,
    cast(tested as bigint) as tested,
    cast(failed as bigint) as failed,
    cast(also_reported as bigint) as also_reported,
    cast(case when is_waived then failed else 0 end as bigint) as waived,
    cast(1.0 * failed / nullif(tested, 0) as double) as rate,
    cast(
        case
            when tested = 0 then 'not_applicable'
            when failed = 0 then 'pass'
            when
                our_own <> 'Y'
                and (1.0 * failed / tested <= tolerance_rate or failed <= tolerance_records)
                then 'within_tolerance'
            when is_waived then 'waived'
            else 'fails'
        end as varchar
    ) as verdict
from counted
