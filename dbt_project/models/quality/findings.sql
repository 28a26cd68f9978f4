{{ config(materialized='view') }}
-- One row per record and rule it breaks. Keys and code words only, no value of a record.

with

rule_checks as (
    select * from {{ ref('rule_checks_in_a_return') }}
    union all
    select * from {{ ref('rule_checks_across_returns') }}
    union all
    select * from {{ ref('rule_checks_after_reading') }}
)

select
    rule,
    severity,
    force,
    quarter,
    submission,
    record_type,
    crime_reference,
    person_reference,
    fields,
    found
from rule_checks
where found is not null
