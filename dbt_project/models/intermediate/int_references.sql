{#- What was sent once stays: a crime that a return has no more may stand in another. -#}
{{ config(materialized='incremental') }}

with

changed_returns as (
    select * from {{ ref('stg_changed_returns') }}
),

sent as (
    select distinct
        records.force,
        records.quarter,
        records.crime_reference
    from {{ ref('int_received_crimes') }} as records
    inner join changed_returns
        on {{ same_key('changed_returns', 'records', ['force', 'quarter']) }}
    where records.crime_reference is not null
)

select * from sent
{{ not_here_yet() }}
