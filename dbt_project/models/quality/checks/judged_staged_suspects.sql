{{ config(materialized='ephemeral', contract={'enforced': false}) }}
-- Each staged suspect beside the rules about its record: macros/judged_rules.sql says how to read a rule's column.
-- Persons of crimes that are left out too, for what cannot be read of them may be why.

with

suspects as (
    select * from {{ ref('stg_suspects') }}
),

duplicates as (
    select * from {{ ref('stg_duplicate_suspects') }}
)

select
    suspects.force,
    suspects.quarter,
    suspects.submission,
    'suspect' as record_type,
    suspects.crime_reference,
    suspects.suspect_reference as person_reference,

    case
        when duplicates.disagreement is not null then duplicates.disagreement
        when duplicates.differs_elsewhere then 'merged_records_differ'
        when suspects.is_placeholder then 'placeholder_reference'
        else 'ok'
    end as me03,

    -- 999 and 1 January 1900 are what systems fill in for not recorded, and only reported
    case
        when suspects.has_unreadable_number then 'unreadable_age'
        when suspects.has_unreadable_date then 'unreadable_date'
        when suspects.age_doubt is not null then suspects.age_doubt
        else 'ok'
    end as ur03
from suspects
left join duplicates
    on suspects.force = duplicates.force
    and suspects.quarter = duplicates.quarter
    and suspects.crime_reference = duplicates.crime_reference
    and coalesce(suspects.reference_as_sent, suspects.suspect_reference) = duplicates.suspect_reference
