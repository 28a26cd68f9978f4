{{ config(materialized='ephemeral', contract={'enforced': false}) }}
-- Each waiver; one that does not count is itself a finding.

with

waivers as (
    select * from {{ ref('waiver_verdicts') }}
)

select
    force,
    quarter,
    cast(null as integer) as submission,
    'waiver' as record_type,
    cast(null as varchar) as crime_reference,
    cast(null as varchar) as person_reference,
    rule as waived_rule,
    case verdict when 'counts' then 'ok' else verdict end as wv01
from waivers
