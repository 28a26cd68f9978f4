{{ config(materialized='view') }}
-- Each result that a rule has had for a force and quarter, with its times: orchestration/warehouse/history.py

with

kept as (
    -- once: a row may be in its own file and in that of its year, where putting them together was cut off
    select distinct * from {{ source('history', 'rule_results') }}
)

select
    rule,
    force,
    quarter,
    kept_at,
    lead(kept_at) over (partition by rule, force, quarter order by kept_at) as replaced_at,
    tested,
    failed,
    also_reported,
    waived,
    cast(1.0 * failed / nullif(tested, 0) as double) as rate,
    verdict
from kept
