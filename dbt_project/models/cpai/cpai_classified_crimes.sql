{{ config(materialized='incremental', pre_hook="{{ forget(in_reach()) }}") }}
with

crimes as (
    select * from {{ ref('int_crimes') }}
    where {{ in_reach() }}
),

offences as (
    select * from {{ ref('offences') }}
),

-- STATE is the Crown: such a crime has no person as its victim, but it has a victim's row
victim_facts as (
    select
        force,
        quarter,
        crime_reference,
        count(*) filter (where is_person) as victim_rows,
        count({{ person_key('victim_reference') }}) filter (where is_person) as identifiable_victims,
        min({{ age_or_bound() }}) filter (where is_person) as youngest_victim
    from {{ ref('int_victims') }}
    where {{ in_reach() }}
    group by force, quarter, crime_reference
),

suspect_facts as (
    select
        force,
        quarter,
        crime_reference,
        count(*) as suspect_rows,
        count({{ person_key('suspect_reference') }}) as identifiable_suspects,
        count(*) filter (where identified = 'Y') as named_suspects,
        count(*) filter (where gender = 'female') as female_suspects,
        min({{ age_or_bound() }}) as youngest_suspect,
        max({{ age_or_bound() }}) as oldest_suspect
    from {{ ref('int_suspects') }}
    where {{ in_reach() }}
    group by force, quarter, crime_reference
),

-- a cancellation in the return of a later quarter lowers the quarter of the crime
cancelled_later as (
    select force, crime_reference, max(quarter) as quarter
    from {{ ref('int_crimes') }}
    where status = 'cancelled' and {{ quarter_of('recorded_on') }} < quarter
    group by force, crime_reference
),

described as (
    select
        crimes.*,
        cancelled_later.quarter is not null as is_cancelled_later,
        offences.offence_group,
        offences.names_a_child,
        offences.image,
        offences.contact,
        offences.counts_only_when_flagged,
        victim_facts.force is not null as has_victim_row,
        victim_facts.youngest_victim,
        cast(coalesce(victim_facts.victim_rows, 0) as integer) as victim_rows,
        cast(coalesce(victim_facts.identifiable_victims, 0) as integer) as identifiable_victims,
        cast(coalesce(suspect_facts.suspect_rows, 0) as integer) as suspect_rows,
        cast(coalesce(suspect_facts.identifiable_suspects, 0) as integer) as identifiable_suspects,
        cast(coalesce(suspect_facts.named_suspects, 0) as integer) as named_suspects,
        cast(coalesce(suspect_facts.female_suspects, 0) as integer) as female_suspects,
        suspect_facts.youngest_suspect,
        suspect_facts.oldest_suspect,
        coalesce(crimes.csa_flag = 'Y', false) as is_csa_flagged,
        coalesce(crimes.cse_flag = 'Y', false) as is_cse_flagged
    from crimes
    left join cancelled_later
        on {{ same_key('cancelled_later', 'crimes', ['force', 'crime_reference']) }}
        and cancelled_later.quarter > crimes.quarter
    left join offences on offences.offence_code = crimes.offence_code
    left join victim_facts
        on {{ same_key('victim_facts', 'crimes', ['force', 'quarter', 'crime_reference']) }}
    left join suspect_facts
        on {{ same_key('suspect_facts', 'crimes', ['force', 'quarter', 'crime_reference']) }}
),

reasoned as (
    select
        *,
        {{ exclusion_reason("status = 'cancelled'") }} as exclusion_reason_as_sent
    from described
),

-- a cancellation comes before every reason but not_a_crime
restated as (
    select
        *,
        case
            when is_cancelled_later and coalesce(exclusion_reason_as_sent, '') <> 'not_a_crime' then 'cancelled'
            else exclusion_reason_as_sent
        end as exclusion_reason
    from reasoned
),

final as (
    select
        force,
        quarter,
        crime_reference,
        submission,
        file,
        sheet,
        record_number,
        incident_reference,
        offence_code_sent,
        offence_code,
        offence_code_repaired,
        offence_class,
        offence_group,
        names_a_child,
        image,
        contact,
        counts_only_when_flagged,
        recorded_on,
        reported_on,
        committed_from,
        committed_to,
        status,
        cancellation_code,
        cancelled_on,
        linked_crime_reference,
        csa_flag,
        cse_flag,
        online_flag,
        children_flag,
        offenders_stated,
        victim_rows,
        suspect_rows,
        has_victim_row,
        identifiable_victims,
        identifiable_suspects,
        named_suspects,
        female_suspects,
        youngest_victim,
        youngest_suspect,
        oldest_suspect,
        location_type,
        local_authority,
        outcome_code,
        outcome_on,
        has_unreadable_date,
        has_unreadable_number,
        has_placeholder_incident,
        exclusion_reason_as_sent,
        exclusion_reason,
        case
            when exclusion_reason is not null then null
            when counts_only_when_flagged = 'Y' then 'cse_flag'
            when names_a_child = 'Y' then 'code_names_a_child'
            when image = 'C' then 'csa_flag'
            when youngest_victim < 18 then 'child_victim'
            when is_csa_flagged then 'csa_flag'
            else 'cse_flag'
        end as inclusion_rule
    from restated
)

select * from final
