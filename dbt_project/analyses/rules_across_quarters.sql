-- Is a rule broken more often than a year ago, by force? The share of failing records with its 95% interval, beside
-- that of the quarter before: where the intervals overlap widely, chance alone may have moved it.
with

results as (
    select * from {{ ref('rule_results') }}
    where tested > 0
),

shares as (
    select
        rule,
        force,
        quarter,
        tested,
        failed,
        verdict,
        round(100.0 * rate, 1) as percent,
        round(100.0 * {{ wilson_low('failed', 'tested') }}, 1) as percent_low,
        round(100.0 * {{ wilson_high('failed', 'tested') }}, 1) as percent_high
    from results
)

select
    *,
    lag(percent) over (partition by rule, force order by quarter) as percent_before,
    lag(percent_low) over (partition by rule, force order by quarter) as percent_low_before,
    lag(percent_high) over (partition by rule, force order by quarter) as percent_high_before
from shares
order by rule, force, quarter
