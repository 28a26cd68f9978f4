with

readings as (
    select * from {{ ref('stg_readings') }}
),

corrections as (
    select corrects from readings where corrects is not null
),

-- an unknown is read again when its record has more: its earlier readings no longer count
rounds as (
    select
        force,
        crime_reference,
        version,
        max(round) as round
    from {{ ref('stg_reading_slots') }}
    group by force, crime_reference, version
),

final as (
    select
        readings.reading_id,
        readings.force,
        readings.crime_reference,
        readings.version,
        readings.role,
        readings.reader,
        readings.read_at,
        readings.group_based,
        readings.network_definition,
        readings.offenders_read,
        readings.criterion,
        readings.runner_up,
        readings.committed_by_children,
        readings.facilitator_present,
        readings.confidence,
        readings.decided_by,
        readings.codebook,
        readings.checks,
        readings.scheme,
        readings.round,
        readings.imported_at,
        corrections.corrects is null
        and readings.round >= coalesce(rounds.round, 1) as is_standing
    from readings
    left join corrections
        on readings.reading_id = corrections.corrects
    left join rounds
        on {{ same_key('rounds', 'readings', ['force', 'crime_reference', 'version']) }}
)

select * from final
