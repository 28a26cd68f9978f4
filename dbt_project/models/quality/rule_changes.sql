{%- set place = ['rule', 'force'] -%}
with

rule_results as (
    select * from {{ ref('rule_results') }}
),

-- all forces together in the quarter: a force without an earlier quarter is compared with these less its own
quarters as (
    select
        rule,
        quarter,
        sum(tested) as tested,
        sum(failed) as failed
    from rule_results
    group by rule, quarter
),

over_time as (
    select
        *,
        sum(tested) over before_it as tested_earlier,
        sum(failed) over before_it as failed_earlier
    from rule_results
    window before_it as (
        partition by rule, force
        order by quarter
        rows between unbounded preceding and 1 preceding
    )
),

compared as (
    select
        now.rule,
        now.force,
        now.quarter,
        now.tested,
        now.failed,
        now.verdict,
        earlier.tested as tested_before,
        earlier.failed as failed_before,
        earlier.verdict as verdict_before,
        case when now.tested_earlier > 0 then 'own_earlier_quarters' else 'other_forces' end as usual_from,
        case when now.tested_earlier > 0 then now.tested_earlier else quarters.tested - now.tested end as tested_usual,
        case when now.tested_earlier > 0 then now.failed_earlier else quarters.failed - now.failed end as failed_usual
    from over_time as now
    inner join quarters
        on now.rule = quarters.rule
        and now.quarter = quarters.quarter
    left join rule_results as earlier
        on {{ same_key('earlier', 'now', place) }}
        and {{ quarter_number('earlier.quarter') }} + 1 = {{ quarter_number('now.quarter') }}
    where now.failed > 0 or earlier.failed > 0
),

-- half a record more is counted as failing, so that no share is 0 or 1
pooled as (
    select
        *,
        1.0 * failed / nullif(tested, 0) as share,
        1.0 * failed_usual / nullif(tested_usual, 0) as usual_share,
        1.0 / nullif(tested, 0) + 1.0 / nullif(tested_usual, 0) as of_so_few,
        (failed + failed_usual + 0.5) / (tested + tested_usual + 1.0) as pooled_share
    from compared
)

select
    rule,
    force,
    quarter,
    cast(tested as bigint) as tested,
    cast(failed as bigint) as failed,
    verdict,
    cast(tested_before as bigint) as tested_before,
    cast(failed_before as bigint) as failed_before,
    verdict_before,
    case when usual_share is not null then usual_from end as usual_from,
    cast(round(100 * usual_share, 1) as decimal(4, 1)) as usual_percent,
    -- distance of two shares in standard errors
    cast(
        round((share - usual_share) / sqrt(pooled_share * (1 - pooled_share) * of_so_few), 1) as decimal(6, 1)
    ) as unusual
from pooled
