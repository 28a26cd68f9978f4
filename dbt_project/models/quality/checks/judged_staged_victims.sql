{{ config(materialized='ephemeral', contract={'enforced': false}) }}
-- Each staged victim beside the rules about its record: macros/judged_rules.sql says how to read a rule's column.
-- Persons of crimes that are left out too, for what cannot be read of them may be why.

with

victims as (
    select * from {{ ref('stg_victims') }}
),

duplicates as (
    select * from {{ ref('stg_duplicate_victims') }}
)

select
    victims.force,
    victims.quarter,
    victims.submission,
    'victim' as record_type,
    victims.crime_reference,
    victims.victim_reference as person_reference,

    case
        when duplicates.disagreement is not null then duplicates.disagreement
        when duplicates.differs_elsewhere then 'merged_records_differ'
        when victims.is_placeholder then 'placeholder_reference'
        else 'ok'
    end as me02,

    -- 999 and 1 January 1900 are what systems fill in for not recorded, and only reported
    case
        when victims.has_unreadable_number then 'unreadable_age'
        when victims.has_unreadable_date then 'unreadable_date'
        when victims.age_doubt is not null then victims.age_doubt
        else 'ok'
    end as ur02
from victims
left join duplicates
    on victims.force = duplicates.force
    and victims.quarter = duplicates.quarter
    and victims.crime_reference = duplicates.crime_reference
    and coalesce(victims.reference_as_sent, victims.victim_reference) = duplicates.victim_reference
