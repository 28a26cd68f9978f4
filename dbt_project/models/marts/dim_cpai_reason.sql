{{ config(materialized='view') }}

select
    reason,
    decision,
    sort_order,
    rule,
    meaning
from {{ ref('cpai_reasons') }}
