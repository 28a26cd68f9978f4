-- How did a rule's result for one quarter change from release to release, as forces sent again and waivers were signed?
with

releases as (
    select * from {{ ref('release_history') }}
),

history as (
    select * from {{ ref('rule_result_history') }}
)

select
    history.rule,
    history.force,
    history.quarter,
    releases.release,
    releases.published_at,
    history.tested,
    history.failed,
    history.waived,
    history.verdict
from releases
inner join history
    on substr(history.quarter, 1, length(releases.period)) = releases.period
    and history.kept_at <= releases.results_kept_at
    and (history.replaced_at is null or history.replaced_at > releases.results_kept_at)
order by history.rule, history.force, history.quarter, releases.published_at
