with

readings as (
    select
        *,
        {{ reader_token('reader') }} as reader_token,
        {{ quarter_of_text('read_at') }} as read_quarter
    from {{ ref('int_readings') }}
    where role in ('first', 'second', 'gold') and is_standing
),

gold_items as (
    select * from {{ ref('gold_items') }}
),

policy as (
    select max(value) as drift_below from {{ ref('agreement_policy') }}
    where setting = 'gold_drift_below'
),

counted as (
    select
        readings.reader_token as reader,
        readings.read_quarter,
        count(*) as gold_read,
        count(*) filter (
            where readings.group_based = gold_items.group_based
            and coalesce(readings.criterion, '') = coalesce(gold_items.criterion, '')
        ) as as_gold
    from readings
    inner join gold_items
        on gold_items.force = readings.force
        and gold_items.crime_reference = readings.crime_reference
        and gold_items.version = readings.version
    group by readings.reader_token, readings.read_quarter
),

with_intervals as (
    select
        *,
        {{ wilson_low('as_gold', 'gold_read') }} as share_low,
        {{ wilson_high('as_gold', 'gold_read') }} as share_high,
        lag(1.0 * as_gold / gold_read) over (partition by reader order by read_quarter) as share_before
    from counted
)

select
    cast(with_intervals.reader as varchar) as reader,
    cast(with_intervals.read_quarter as varchar) as read_quarter,
    cast(with_intervals.gold_read as bigint) as gold_read,
    cast(with_intervals.as_gold as bigint) as as_gold,
    cast(1.0 * with_intervals.as_gold / with_intervals.gold_read as double) as share,
    cast(with_intervals.share_low as double) as share_low,
    cast(with_intervals.share_high as double) as share_high,
    cast(1.0 * with_intervals.as_gold / with_intervals.gold_read - with_intervals.share_before as double) as change,
    with_intervals.share_high < policy.drift_below as drifts
from with_intervals
cross join policy
