{{ config(materialized='incremental', pre_hook="{{ forget(in_changed_return()) }}") }}
with

crime_records as (
    select * from {{ ref('int_crime_records') }} where {{ in_changed_return() }}
),

-- two crimes under one reference cannot be distinguished: both are held out
contradicting as (
    select * from {{ ref('int_duplicate_crimes') }} where disagreement is not null
),

victim_records as (
    select * from {{ ref('int_victim_records') }} where {{ in_changed_return() }}
),

suspect_records as (
    select * from {{ ref('int_suspect_records') }} where {{ in_changed_return() }}
),

crimes as (
    select force, quarter, crime_reference from {{ ref('int_crimes') }}
),

{{ rejected_records('crimes', 'contradicting', 'RE05') }},

-- a person of a rejected or absent crime is rejected too; staged crimes are those of the same submission
{{ rejected_records('victims', 'crimes', 'RE04', absent=true) }},

{{ rejected_records('suspects', 'crimes', 'RE04', absent=true) }},

final as (
    select * from rejected_crimes
    union all
    select * from rejected_victims
    union all
    select * from rejected_suspects
)

select * from final
