{{ config(materialized='incremental', pre_hook="{{ forget(in_quarter_in_reach()) }}") }}
with

candidates as (
    select * from {{ ref('cocad_candidates') }}
    where {{ in_quarter_in_reach() }}
),

settled_readings as (
    select * from {{ ref('cocad_settled_readings') }}
),

-- how many readings a candidate has, of its current version and of earlier ones
reading_counts as (
    select
        candidates.force,
        candidates.quarter,
        candidates.crime_reference,
        count(*) filter (where readings.version = candidates.version) as current_readings,
        count(*) filter (where readings.version = candidates.version and readings.is_standing) as standing_readings
    from candidates
    inner join {{ ref('int_readings') }} as readings
        on readings.force = candidates.force
        and readings.crime_reference = candidates.crime_reference
        and readings.role <> 'gold'
    group by candidates.force, candidates.quarter, candidates.crime_reference
),

final as (
    select
        candidates.quarter,
        candidates.force,
        candidates.crime_reference,
        candidates.version,
        case
            when reading_counts.current_readings is null then 'no_reading'
            when reading_counts.current_readings = 0 then 'stale_reading'
            when reading_counts.standing_readings = 0 then 'says_more_now'
            when reading_counts.standing_readings = 1 then 'second_reading'
            else 'disagreement'
        end as reason,
        case
            when reading_counts.standing_readings >= 2 then 'adjudicator'
            else 'reader'
        end as waits_for
    from candidates
    left join reading_counts
        on {{ same_key('reading_counts', 'candidates', ['force', 'quarter', 'crime_reference']) }}
    left join settled_readings
        on {{ same_key('settled_readings', 'candidates', ['force', 'quarter', 'crime_reference']) }}
    where settled_readings.force is null
)

select * from final
