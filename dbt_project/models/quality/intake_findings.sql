{{ config(materialized='incremental', pre_hook="{{ forget(in_changed_return()) }}") }}
-- Damage that intake undid or could not undo, and records that staging held out, of the submissions that count.
with

rejected as (
    select * from {{ ref('int_rejected_records') }}
    where {{ in_changed_return() }}
),

found as (
    select * from {{ ref('int_intake_findings') }}
    where {{ in_changed_return() }}

    union all

    select
        rule as code,
        force,
        quarter,
        submission,
        record_type,
        cast(null as varchar) as field,
        1 as records
    from rejected
),

final as (
    select
        code,
        force,
        quarter,
        submission,
        record_type,
        field,
        cast(sum(records) as bigint) as records
    from found
    group by code, force, quarter, submission, record_type, field
)

select * from final
