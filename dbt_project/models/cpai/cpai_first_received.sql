{{ config(materialized='incremental', contract={'enforced': false}, pre_hook="{{ forget(in_changed_return()) }}") }}
-- Each crime of a return that was replaced, as its first submission had it, and whether it was in the CPAI then.

with

crimes as (
    select * from {{ ref('int_first_received_crimes') }}
    where {{ in_changed_return() }}
),

offences as (
    select * from {{ ref('offences') }}
),

described as (
    select
        crimes.*,
        offences.offence_group,
        offences.names_a_child,
        offences.image,
        offences.counts_only_when_flagged
    from crimes
    left join offences on offences.offence_code = crimes.offence_code
)

select
    force,
    quarter,
    crime_reference,
    offence_class,
    {{ exclusion_reason('is_cancelled') }} as exclusion_reason
from described
