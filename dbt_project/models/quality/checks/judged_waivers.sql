{{ config(materialized='ephemeral', contract={'enforced': false}) }}
-- Each row of seeds/waivers.csv and whether it counts: a waiver that is not signed, has run out, or asks for more than
-- one rule, force and quarter waives nothing and is itself a finding.

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
    waivers.force,
    waivers.quarter,
    cast(null as integer) as submission,
    'waiver' as record_type,
    cast(null as varchar) as crime_reference,
    cast(null as varchar) as person_reference,
    waivers.rule as waived_rule,

    case
        when rules.rule is null then 'no_such_rule'
        -- a fault of our own work is mended, never waived
        when rules.our_own = 'Y' then 'rule_tolerates_nothing'
        when forces.force is null or not {{ matches("coalesce(waivers.quarter, '')", '[0-9]{4}-Q[1-4]') }}
            then 'wider_than_one_force_and_quarter'
        when waivers.signed_by is null or waivers.signed_on is null or waivers.reason is null then 'unsigned'
        when coalesce(try_cast(waivers.expires as date), date '1900-01-01') < current_date then 'expired'
        else 'ok'
    end as wv01
from waivers
left join rules
    on waivers.rule = rules.rule
left join forces
    on waivers.force = forces.force
