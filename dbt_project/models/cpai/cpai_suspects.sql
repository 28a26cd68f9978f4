{{ config(materialized='incremental', pre_hook="{{ forget(in_reach()) }}") }}
with

suspects as (
    select
        *,
        coalesce(age_sent, age_from_birth) as age_at_offence
    from {{ ref('int_suspects') }}
    where {{ in_reach() }}
),

cpai_crimes as (
    select force, quarter, crime_reference from {{ ref('cpai_crimes') }}
    where {{ in_reach() }}
),

age_bands as (
    select * from {{ ref('int_age_bands') }} where unit = 'suspect'
),

self_defined as (
    select * from {{ ref('self_defined_ethnicities') }}
),

observed as (
    select * from {{ ref('observed_ethnicities') }}
),

relationships as (
    select * from {{ ref('relationships') }}
),

final as (
    select
        suspects.force,
        suspects.quarter,
        suspects.crime_reference,
        suspects.suspect_reference,
        {{ person_attributes('suspects') }},
        suspects.victim_reference,
        suspects.relationship,
        relationships.relationship_group,
        suspects.role,
        suspects.identified,
        suspects.deceased,
        suspects.arrested_on
    from suspects
    inner join cpai_crimes
        on {{ same_key('cpai_crimes', 'suspects', ['force', 'quarter', 'crime_reference']) }}
    left join age_bands on age_bands.age = suspects.age_at_offence
    left join self_defined on self_defined.code = suspects.self_defined_ethnicity
    left join observed on observed.code = suspects.observed_ethnicity
    left join relationships on relationships.code = suspects.relationship
)

select * from final
