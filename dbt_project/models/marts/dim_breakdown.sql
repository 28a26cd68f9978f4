{{ config(materialized='view') }}

select
    population,
    unit,
    breakdown,
    base,
    exhaustive = 'Y' as is_exhaustive
from {{ ref('breakdowns') }}
