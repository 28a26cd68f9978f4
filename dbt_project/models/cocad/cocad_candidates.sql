{{ config(materialized='incremental', pre_hook="{{ forget(in_quarter_in_reach(reach='cocad_candidates_reach')) }}") }}
with

contact_crimes as (
    select * from {{ ref('cpai_crimes') }}
    where is_contact and {{ in_quarter_in_reach(reach='cocad_candidates_reach') }}
),

linked_crimes as (
    select distinct force, quarter, crime_reference from {{ ref('cocad_linked_crimes') }}
    where {{ in_quarter_in_reach(reach='cocad_candidates_reach') }}
),

text_cues as (
    select * from {{ ref('text_cues') }}
),

recall_samples as (
    select * from {{ ref('recall_samples') }}
),

summaries as (
    select * from {{ ref('int_summaries') }}
    where {{ in_quarter_in_reach(reach='cocad_candidates_reach') }}
),

in_lower_case as (
    select force, quarter, crime_reference, lower(summary) as summary from summaries
),

-- a cue as whole words: the summary is searched as text first, which leaves few to split into words
with_cue as (
    select
        in_lower_case.force,
        in_lower_case.quarter,
        in_lower_case.crime_reference,
        in_lower_case.summary,
        text_cues.cue
    from in_lower_case
    inner join text_cues
        on contains(in_lower_case.summary, text_cues.cue)
        and in_lower_case.quarter >= text_cues.from_quarter
        and in_lower_case.quarter <= coalesce(text_cues.to_quarter, in_lower_case.quarter)
),

cued as (
    select distinct force, quarter, crime_reference
    from with_cue
    where contains({{ words('summary') }}, {{ words('cue') }})
),

reasoned as (
    select
        contact_crimes.force,
        contact_crimes.quarter,
        contact_crimes.crime_reference,
        contact_crimes.offence_code,
        contact_crimes.committed_from,
        contact_crimes.committed_to,
        contact_crimes.suspect_rows,
        contact_crimes.offenders_stated,
        concat_ws(
            ';',
            case when contact_crimes.suspect_rows >= 2 then 'suspect_rows' end,
            case when contact_crimes.offenders_stated >= 2 then 'offenders_stated' end,
            -- rape by multiple undefined offenders: by the code, however few are on the record
            case when contact_crimes.offence_class in ('19J', '19K') then 'multiple_offender_class' end,
            case when linked_crimes.force is not null then 'linked_crimes' end,
            case when cued.force is not null then 'text_cue' end
        ) as reasons
    from contact_crimes
    left join linked_crimes
        on {{ same_key('linked_crimes', 'contact_crimes', ['force', 'quarter', 'crime_reference']) }}
    left join cued
        on {{ same_key('cued', 'contact_crimes', ['force', 'quarter', 'crime_reference']) }}
),

-- one suspect and no reason to read it. The digest gives an order that is arbitrary and repeatable
with_digest as (
    select
        reasoned.*,
        recall_samples.crimes as sample_size,
        case
            when reasoned.reasons = '' and reasoned.suspect_rows = 1
                then {{ sha256_of("recall_samples.seed || '|' || reasoned.force || '|' || reasoned.crime_reference") }}
        end as digest
    from reasoned
    left join recall_samples
        on reasoned.quarter >= recall_samples.from_quarter
        and reasoned.quarter <= coalesce(recall_samples.to_quarter, reasoned.quarter)
),

in_order_of_draw as (
    select
        *,
        row_number() over (partition by quarter order by digest nulls last) as place
    from with_digest
),

candidates as (
    select
        *,
        coalesce(nullif(reasons, ''), 'recall_sample') as prompts
    from in_order_of_draw
    where reasons <> '' or (digest is not null and place <= sample_size)
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

-- what a reader sees: a change in any of it makes earlier readings stale, a resubmission without a change does not
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
        -- 16 digits: short enough for a reader's sheet, and enough to distinguish versions of one crime
        substr({{ sha256_of('fields') }}, 1, 16) as version,
        -- the first that applies, in the order above
        split_part(prompts, ';', 1) as reason,
        suspect_rows,
        offenders_stated,
        prompts as reasons
    from read_fields
)

select * from final
