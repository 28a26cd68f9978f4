{{ config(materialized='incremental', pre_hook="{{ forget(in_changed_return()) }}") }}

with

-- as the last submission that had the crime sent it: a crime that vanished two submissions ago is gone too
sent_before as (
    select
        force,
        quarter,
        crime_reference,
        submission as replaced_submission,
        max(offence_class) as offence_class,
        max(recorded_on) as recorded_on,
        bool_or(coalesce(status, '') = 'cancelled') as was_cancelled
    from {{ ref('int_superseded_crimes') }}
    where crime_reference is not null and {{ in_changed_return() }}
    group by force, quarter, crime_reference, submission
    qualify row_number() over (partition by force, quarter, crime_reference order by submission desc) = 1
)

select * from sent_before
