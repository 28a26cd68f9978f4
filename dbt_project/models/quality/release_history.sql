{{ config(materialized='view') }}

select
    release,
    period,
    published_at,
    results_kept_at
from {{ source('history', 'releases') }}
