{{ config(materialized='incremental', pre_hook="{{ forget(in_reach()) }}") }}
with

victims as (
    select
        *,
        coalesce(age_sent, age_from_birth) as age_at_offence
    from {{ ref('int_victims') }}
    where is_person and {{ in_reach() }}
),

cpai_crimes as (
    select force, quarter, crime_reference from {{ ref('cpai_crimes') }}
    where {{ in_reach() }}
),

age_bands as (
    select * from {{ ref('int_age_bands') }} where unit = 'victim'
),

self_defined as (
    select * from {{ ref('self_defined_ethnicities') }}
),

observed as (
    select * from {{ ref('observed_ethnicities') }}
),

final as (
    select
        victims.force,
        victims.quarter,
        victims.crime_reference,
        victims.victim_reference,
        {{ person_attributes('victims') }}
    from victims
    inner join cpai_crimes
        on {{ same_key('cpai_crimes', 'victims', ['force', 'quarter', 'crime_reference']) }}
    left join age_bands on age_bands.age = victims.age_at_offence
    left join self_defined on self_defined.code = victims.self_defined_ethnicity
    left join observed on observed.code = victims.observed_ethnicity
)

select * from final
