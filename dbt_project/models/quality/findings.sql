{{ config(materialized='view') }}
-- One row per record and rule it breaks. Keys and code words only: no value of a record comes here.

with

judgements as (
    select * from {{ ref('judgements_in_a_return') }}
    union all
    select * from {{ ref('judgements_across_returns') }}
    union all
    select * from {{ ref('judgements_after_reading') }}
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
from judgements
where found is not null
