-- One row per row of seeds/waivers.csv and whether it counts. A row that is not signed, has run out, or covers more
-- than one rule, force and quarter waives nothing.

with

waivers as (
    select * from {{ ref('waivers') }}
),

rules as (
    select * from {{ ref('rules') }}
),

forces as (
    select * from {{ ref('forces') }}
)

select
    waivers.rule,
    waivers.force,
    -- a waiver without a quarter belongs to no period: its quarter is blank, and every release shows it
    case when {{ matches("waivers.quarter", '[0-9]{4}-Q[1-4]') }} then waivers.quarter end as quarter,
    waivers.reason,
    waivers.signed_by,
    waivers.signed_on,
    waivers.expires,
    cast(
        case
            when rules.rule is null then 'no_such_rule'
            -- a fault of our own work is corrected, never waived; nor is a rule waived without a force and quarter
            when rules.our_own = 'Y' then 'rule_tolerates_nothing'
            when rules.home <> 'record_rule' or rules.scope = 'table' then 'rule_is_not_waived'
            when forces.force is null or not {{ matches("coalesce(waivers.quarter, '')", '[0-9]{4}-Q[1-4]') }}
                then 'wider_than_one_force_and_quarter'
            when
                waivers.reason is null
                or waivers.signed_by is null
                or coalesce(try_cast(waivers.signed_on as date), date '9999-12-31') > {{ today() }}
                then 'unsigned'
            when coalesce(try_cast(waivers.expires as date), date '1900-01-01') < {{ today() }} then 'expired'
            else 'counts'
        end as varchar
    ) as verdict
from waivers
left join rules
    on waivers.rule = rules.rule
left join forces
    on waivers.force = forces.force
