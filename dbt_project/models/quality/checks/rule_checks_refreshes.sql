{{ config(materialized='ephemeral', contract={'enforced': false}) }}
-- Each crime of a submission that was replaced beside the rules about it. How to read a rule's column:
-- macros/rule_checks.sql.

with

replaced_crimes as (
    select * from {{ ref('int_replaced_crimes') }}
)

select
    force,
    quarter,
    submission,
    'crime' as record_type,
    crime_reference,
    cast(null as varchar) as person_reference,

    case when is_reclassified then
        case when is_moved_with_class then 'recorded_date_moved' else 'ok' end
    end as cr30,

    case
        when is_still_sent or was_cancelled then 'ok'
        else 'vanished_without_cancellation'
    end as eq01
from replaced_crimes
