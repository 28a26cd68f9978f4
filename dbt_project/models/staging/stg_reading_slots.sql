{{ config(materialized='ephemeral') }}

with

slots as (
    select * from {{ source('raw', 'reading_slots') }}
    where opened_at <= {{ as_of() }}
)

select
    slot,
    force,
    quarter,
    crime_reference,
    version,
    role,
    round,
    because
from slots
