{%- set place = ['force', 'quarter'] -%}
{%- set dimensions = ['completeness', 'consistency', 'validity', 'uniqueness', 'timeliness', 'accuracy'] -%}
with

forces as (
    select * from {{ ref('forces') }}
),

quarters as (
    select * from {{ ref('dim_quarter') }}
),

rules as (
    select * from {{ ref('rules') }}
),

returns as (
    select * from {{ ref('returns') }}
),

current_submissions as (
    select * from {{ ref('int_submissions') }}
    where is_current
),

delivered as (
    select
        force,
        quarter,
        count(submission) as submissions,
        count(*) filter (where status = 'refused') as refused,
        min(received_at) filter (where status not in ('refused', 'missing')) as received_at
    from returns
    group by force, quarter
),

balance as (
    select
        force,
        quarter,
        sum(accepted) filter (where record_type = 'crimes') as crimes,
        sum(rejected) as held_out
    from {{ ref('balance') }}
    group by force, quarter
),

-- dates in the wrong order are a finding, not a delay
delays as (
    select
        force,
        quarter,
        reported_on,
        {{ days_between('reported_on', 'recorded_on') }} as days
    from {{ ref('cpai_crimes') }}
    where reported_on <= recorded_on
),

recording as (
    select
        force,
        quarter,
        count(reported_on) as crimes_with_report,
        percentile_cont(0.5) within group (order by days) as median_days,
        percentile_cont(0.9) within group (order by days) as ninth_decile_days
    from delays
    group by force, quarter
),

-- findings of the rules, waived ones included
found as (
    select
        rule_results.force,
        rule_results.quarter,
        {%- for dimension in dimensions %}
        sum(rule_results.failed + rule_results.also_reported) filter (where rules.dimension = '{{ dimension }}')
            as {{ dimension }}_findings,
        {%- endfor %}
        count(*) filter (where rule_results.verdict = 'fails') as rules_failing,
        count(*) filter (where rule_results.verdict = 'waived') as rules_waived
    from {{ ref('rule_results') }} as rule_results
    inner join rules on rule_results.rule = rules.rule
    group by rule_results.force, rule_results.quarter
),

revised as (
    select
        force,
        quarter,
        sum(crimes) filter (where cause = 'first_received') as first_received,
        sum(crimes) filter (where effect = 1 and cause <> 'first_received') as came_in,
        sum(crimes) filter (where effect = -1) as left_out,
        sum(effect * crimes) as in_cpai
    from {{ ref('restatements') }}
    group by force, quarter
)

select
    delivered.force,
    delivered.quarter,
    forces.crime_system,
    current_submissions.layout,
    coalesce(current_submissions.status, 'missing') as status,
    cast(delivered.submissions as bigint) as submissions,
    cast(delivered.refused as bigint) as refused,
    delivered.received_at,
    cast(
        {{ days_between('quarters.last_day', 'cast(substr(delivered.received_at, 1, 10) as date)') }} as integer
    ) as days_after_quarter,
    cast(coalesce(balance.crimes, 0) as bigint) as crimes,
    cast(coalesce(balance.held_out, 0) as bigint) as held_out,
    cast(coalesce(revised.in_cpai, 0) as bigint) as in_cpai,
    cast(coalesce(revised.first_received, 0) as bigint) as first_in_cpai,
    cast(coalesce(revised.came_in, 0) as bigint) as came_in,
    cast(coalesce(revised.left_out, 0) as bigint) as left_out,
    cast(coalesce(recording.crimes_with_report, 0) as bigint) as crimes_with_report,
    cast(round(recording.median_days, 1) as double) as median_days_to_record,
    cast(round(recording.ninth_decile_days, 1) as double) as ninth_decile_days_to_record,
    {%- for dimension in dimensions %}
    cast(coalesce(found.{{ dimension }}_findings, 0) as bigint) as {{ dimension }}_findings,
    {%- endfor %}
    cast(coalesce(found.rules_failing, 0) as bigint) as rules_failing,
    cast(coalesce(found.rules_waived, 0) as bigint) as rules_waived
from delivered
left join forces on delivered.force = forces.force
left join quarters on delivered.quarter = quarters.quarter
{%- for part in ['current_submissions', 'balance', 'recording', 'found', 'revised'] %}
left join {{ part }}
    on {{ same_key(part, 'delivered', place) }}
{%- endfor %}
