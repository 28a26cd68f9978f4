with

readings as (
    select * from {{ source('raw', 'readings') }}
    where imported_at <= {{ as_of() }}
),

final as (
    select
        reading_id,
        force,
        crime_reference,
        version,
        role,
        reader,
        read_at,
        group_based,
        network_definition,
        offenders_read,
        criterion,
        runner_up,
        committed_by_children,
        confidence,
        imported_at
    from readings
)

select * from final
