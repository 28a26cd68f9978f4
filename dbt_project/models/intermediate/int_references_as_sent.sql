{#- For the force alone: its pack and the feed of its own records. What was sent once stays. -#}
{{ config(materialized='incremental') }}

with

crimes as (
    select * from {{ ref('stg_crimes') }}
),

final as (
    select distinct
        force,
        crime_reference,
        crime_reference_as_sent as as_sent
    from crimes
    where crime_reference <> crime_reference_as_sent
)

select * from final
{{ not_here_yet() }}
