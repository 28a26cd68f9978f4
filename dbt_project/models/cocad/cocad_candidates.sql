with

contact_crimes as (
    select * from {{ ref('cpai_crimes') }}
    where is_contact
),

reasoned as (
    select
        *,
        case
            when suspect_rows >= 2 then 'suspect_rows'
            when offenders_stated >= 2 then 'offenders_stated'
            -- rape by multiple undefined offenders: the code says so, however few stand on the record
            when offence_class in ('19J', '19K') then 'multiple_offender_class'
        end as reason
    from contact_crimes
),

candidates as (
    select * from reasoned where reason is not null
),

victim_ages as (
    select
        victims.force,
        victims.quarter,
        victims.crime_reference,
        {{ ordered_list("coalesce(cast(victims.age_at_offence as varchar), '?')") }} as ages
    from {{ ref('cpai_victims') }} as victims
    inner join candidates
        on {{ same_key('candidates', 'victims', ['force', 'quarter', 'crime_reference']) }}
    group by victims.force, victims.quarter, victims.crime_reference
),

summaries as (
    select * from {{ ref('stg_summaries') }}
),

-- what a reader judges by: a change in any of it makes earlier readings stale, a resubmission without one does not
read_fields as (
    select
        candidates.*,
        candidates.offence_code
        || '|' || coalesce(cast(candidates.committed_from as varchar), '')
        || '|' || coalesce(cast(candidates.committed_to as varchar), '')
        || '|' || cast(candidates.suspect_rows as varchar)
        || '|' || coalesce(cast(candidates.offenders_stated as varchar), '')
        || '|' || coalesce(victim_ages.ages, '')
        || '|' || coalesce({{ sha256_of('summaries.summary') }}, '') as fields
    from candidates
    left join victim_ages
        on {{ same_key('victim_ages', 'candidates', ['force', 'quarter', 'crime_reference']) }}
    left join summaries
        on {{ same_key('summaries', 'candidates', ['force', 'quarter', 'crime_reference']) }}
),

final as (
    select
        force,
        quarter,
        crime_reference,
        -- 16 digits: short enough for a reader's sheet, and it only tells versions of one crime apart
        substr({{ sha256_of('fields') }}, 1, 16) as version,
        reason,
        suspect_rows,
        offenders_stated
    from read_fields
)

select * from final
