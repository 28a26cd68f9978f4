{{ config(materialized='ephemeral', contract={'enforced': false}) }}
-- Each crime beside the rules about the other crimes of the same victim, suspect or incident in its return. How to read
-- a rule's column: macros/rule_checks.sql.

with

crimes as (
    select * from {{ ref('cpai_classified_crimes') }}
    where {{ in_reach() }}
),

offences as (
    select * from {{ ref('offences') }}
),

limits as (
    select crimes as most_crimes from {{ ref('link_limits') }}
),

victims as {{ inlined() }} (
    select force, quarter, crime_reference, {{ person_key('victim_reference') }} as victim
    from {{ ref('int_victims') }}
    where is_person and {{ in_reach() }}
),

suspects as {{ inlined() }} (
    select force, quarter, crime_reference, {{ person_key('suspect_reference') }} as suspect
    from {{ ref('int_suspects') }}
    where {{ in_reach() }}
),

-- few persons are on several crimes of a return: the rules test these, and one more does no harm
records_of_victims as (
    select
        force,
        quarter,
        crime_reference,
        victim,
        count(*) as records,
        sum(count(*)) over (partition by force, quarter, victim) as crimes
    from victims
    where victim is not null and {{ may_repeat(['force', 'quarter', 'victim'], 'victims') }}
    group by force, quarter, crime_reference, victim
),

records_of_suspects as (
    select
        force,
        quarter,
        crime_reference,
        suspect,
        sum(count(*)) over (partition by force, quarter, suspect) as crimes
    from suspects
    where suspect is not null and {{ may_repeat(['force', 'quarter', 'suspect'], 'suspects') }}
    group by force, quarter, crime_reference, suspect
),

-- the crimes are read apart each time, because DuckDB keeps a step that is read twice whole in memory; and a later step
-- filters those that count, because a filter here makes DuckDB expect so few that it keeps them in memory
crimes_of_victims as (
    select
        crimes.force,
        crimes.quarter,
        crimes.crime_reference,
        crimes.incident_reference,
        crimes.offence_code,
        crimes.exclusion_reason is null as is_counted,
        crimes.image,
        crimes.committed_from,
        crimes.committed_to,
        crimes.recorded_on,
        records_of_victims.victim,
        records_of_victims.records,
        records_of_victims.crimes
    from records_of_victims
    inner join {{ ref('cpai_classified_crimes') }} as crimes
        on records_of_victims.force = crimes.force
        and records_of_victims.quarter = crimes.quarter
        and records_of_victims.crime_reference = crimes.crime_reference
),

crimes_of_suspects as (
    select
        crimes.force,
        crimes.quarter,
        crimes.crime_reference,
        crimes.offence_code,
        crimes.exclusion_reason is null and crimes.image <> 'N' as is_image,
        crimes.recorded_on,
        records_of_suspects.suspect,
        records_of_suspects.crimes
    from records_of_suspects
    inner join {{ ref('cpai_classified_crimes') }} as crimes
        on records_of_suspects.force = crimes.force
        and records_of_suspects.quarter = crimes.quarter
        and records_of_suspects.crime_reference = crimes.crime_reference
),

-- of one victim by one suspect: where there is another crime, the least and the greatest reference differ
of_one_victim_and_suspect as (
    select
        crimes_of_victims.force,
        crimes_of_victims.quarter,
        crimes_of_victims.crime_reference,
        coalesce(crimes_of_victims.committed_from, crimes_of_victims.committed_to) is not null
        and min(crimes_of_victims.crime_reference) over same_offence
        < max(crimes_of_victims.crime_reference) over same_offence as is_same_offence,
        min(crimes_of_victims.crime_reference) over same_record
        < max(crimes_of_victims.crime_reference) over same_record as is_same_record,
        crimes_of_victims.incident_reference is not null
        and min(crimes_of_victims.offence_code) over same_incident
        < max(crimes_of_victims.offence_code) over same_incident as is_same_incident
    from crimes_of_victims
    inner join crimes_of_suspects
        on crimes_of_victims.force = crimes_of_suspects.force
        and crimes_of_victims.quarter = crimes_of_suspects.quarter
        and crimes_of_victims.crime_reference = crimes_of_suspects.crime_reference
    where crimes_of_victims.is_counted
    window
        same_offence as (
            partition by
                crimes_of_victims.force,
                crimes_of_victims.quarter,
                crimes_of_victims.victim,
                crimes_of_suspects.suspect,
                crimes_of_victims.offence_code,
                crimes_of_victims.committed_from,
                crimes_of_victims.committed_to
        ),
        same_record as (
            partition by
                crimes_of_victims.force,
                crimes_of_victims.quarter,
                crimes_of_victims.victim,
                crimes_of_suspects.suspect,
                crimes_of_victims.offence_code,
                crimes_of_victims.recorded_on
        ),
        same_incident as (
            partition by
                crimes_of_victims.force,
                crimes_of_victims.quarter,
                crimes_of_victims.incident_reference,
                crimes_of_victims.victim,
                crimes_of_suspects.suspect
        )
),

of_one_suspect as (
    select
        crimes_of_suspects.force,
        crimes_of_suspects.quarter,
        crimes_of_suspects.crime_reference,
        crimes_of_suspects.is_image
        and min(case when crimes_of_suspects.is_image then crimes_of_suspects.crime_reference end) over same_day
        < max(case when crimes_of_suspects.is_image then crimes_of_suspects.crime_reference end) over same_day
            as is_repeated_image,
        crimes_of_suspects.crimes > limits.most_crimes as is_crowded
    from crimes_of_suspects
    cross join limits
    window same_day as (
        partition by
            crimes_of_suspects.force,
            crimes_of_suspects.quarter,
            crimes_of_suspects.suspect,
            crimes_of_suspects.recorded_on,
            crimes_of_suspects.offence_code
    )
),

of_one_victim as (
    select
        crimes_of_victims.force,
        crimes_of_victims.quarter,
        crimes_of_victims.crime_reference,
        bool_or(crimes_of_victims.is_counted and crimes_of_victims.image = 'N') over same_victim
            as has_a_crime_beside,
        crimes_of_victims.crimes > limits.most_crimes as is_crowded
    from crimes_of_victims
    cross join limits
    window same_victim as (
        partition by crimes_of_victims.force, crimes_of_victims.quarter, crimes_of_victims.victim
    )
),

beside as (
    select
        force,
        quarter,
        crime_reference,
        bool_or(is_same_offence) as is_same_offence,
        bool_or(is_same_record) as is_same_record,
        bool_or(is_same_incident) as is_same_incident,
        bool_or(is_repeated_image) as is_repeated_image,
        bool_or(has_a_crime_beside) as has_a_crime_beside,
        bool_or(is_crowded) as is_crowded
    from (
        select
            force,
            quarter,
            crime_reference,
            is_same_offence,
            is_same_record,
            is_same_incident,
            false as is_repeated_image,
            false as has_a_crime_beside,
            false as is_crowded
        from of_one_victim_and_suspect

        union all

        select force, quarter, crime_reference, false, false, false, is_repeated_image, false, is_crowded
        from of_one_suspect

        union all

        select force, quarter, crime_reference, false, false, false, false, has_a_crime_beside, is_crowded
        from of_one_victim
    ) as each_person
    group by force, quarter, crime_reference
),

-- identifiable_victims counts a victim on each crime of the incident: all but the first are subtracted
victims_counted_again as (
    select force, quarter, incident_reference, sum(times) - count(*) as times
    from (
        select force, quarter, incident_reference, victim, sum(records) as times
        from crimes_of_victims
        where is_counted
        group by force, quarter, incident_reference, victim
    ) as by_victim
    group by force, quarter, incident_reference
),

incidents as (
    select
        force,
        quarter,
        incident_reference,
        count(*) as crimes,
        bool_or(image = 'N') as has_other_than_images,
        sum(identifiable_victims) as identifiable_victims
    from {{ ref('cpai_classified_crimes') }}
    where
        exclusion_reason is null
        and incident_reference is not null
        and {{ in_reach() }}
        and {{ may_repeat(['force', 'quarter', 'incident_reference'], 'crimes') }}
    group by force, quarter, incident_reference
    having count(*) > 1
),

-- the most serious first; an offence that the order does not name has no rank
ranks as (
    select
        offence_code,
        case
            when offence_group = 'rape_of_a_child' then 1
            when offence_group = 'sexual_assault_on_a_child' and lower(name) like '%by penetration%' then 2
            when offence_group in ('sexual_assault_on_a_child', 'sexual_activity_involving_a_child') then 3
            when offence_group = 'image' then 4
        end as principal_rank
    from offences
),

-- a crime that was cancelled as part of another, beside the one that was kept
kept as (
    select
        gone.force,
        gone.quarter,
        gone.crime_reference,
        gone_ranks.principal_rank as gone_rank,
        case when coalesce(kept_crimes.status, '') <> 'cancelled' then kept_ranks.principal_rank end as kept_rank
    from {{ ref('cpai_classified_crimes') }} as gone
    inner join {{ ref('cpai_classified_crimes') }} as kept_crimes
        on gone.force = kept_crimes.force
        and gone.quarter = kept_crimes.quarter
        and gone.linked_crime_reference = kept_crimes.crime_reference
    inner join ranks as gone_ranks
        on gone.offence_code = gone_ranks.offence_code
    inner join ranks as kept_ranks
        on kept_crimes.offence_code = kept_ranks.offence_code
    where gone.cancellation_code = 'C3' and {{ in_reach('gone') }}
),

described as (
    select
        crimes.*,
        crimes.exclusion_reason is null as is_counted,
        crimes.identifiable_victims > 0 as has_identifiable_victim,
        crimes.identifiable_suspects > 0 as has_identifiable_suspect,
        beside.is_same_offence,
        beside.is_same_record,
        beside.is_same_incident,
        beside.is_repeated_image,
        beside.is_crowded,
        beside.has_a_crime_beside or incidents.has_other_than_images as has_a_crime_beside,
        incidents.crimes as incident_crimes,
        incidents.identifiable_victims - coalesce(victims_counted_again.times, 0) as incident_victims,
        kept.gone_rank,
        kept.kept_rank
    from crimes
    left join beside
        on crimes.force = beside.force
        and crimes.quarter = beside.quarter
        and crimes.crime_reference = beside.crime_reference
    left join incidents
        on crimes.force = incidents.force
        and crimes.quarter = incidents.quarter
        and crimes.incident_reference = incidents.incident_reference
    left join victims_counted_again
        on crimes.force = victims_counted_again.force
        and crimes.quarter = victims_counted_again.quarter
        and crimes.incident_reference = victims_counted_again.incident_reference
    left join kept
        on crimes.force = kept.force
        and crimes.quarter = kept.quarter
        and crimes.crime_reference = kept.crime_reference
)

select
    force,
    quarter,
    submission,
    'crime' as record_type,
    crime_reference,
    cast(null as varchar) as person_reference,

    case when is_counted and has_identifiable_victim and has_identifiable_suspect then
        case when is_same_offence then 'same_victim_suspect_and_offence' else 'ok' end
    end as cr04,

    -- one crime with several victims is CR03's
    case when is_counted and incident_victims > 0 then
        case when incident_victims > incident_crimes then 'more_victims_than_crimes' else 'ok' end
    end as cr05,

    case
        when
            is_counted
            and has_identifiable_victim
            and has_identifiable_suspect
            and incident_reference is not null
            and recorded_on >= cast('2023-05-15' as date)
            then case when is_same_incident then 'several_offences_of_one_incident' else 'ok' end
    end as cr06,

    case when gone_rank is not null and kept_rank is not null then
        case when kept_rank > gone_rank then 'lesser_crime_kept' else 'ok' end
    end as cr07,

    -- where the days of the offence are the same too, it is CR04's
    case when is_counted and has_identifiable_victim and has_identifiable_suspect then
        case when is_same_record and not is_same_offence then 'repeat_abuse_recorded_together' else 'ok' end
    end as cr08,

    case when is_counted and image <> 'N' and has_identifiable_suspect then
        case when is_repeated_image then 'several_of_one_suspect_and_day' else 'ok' end
    end as cr39,

    -- a victim who cannot be distinguished from others, in no incident: their other crimes cannot be found
    case
        when
            is_counted
            and image <> 'N'
            and victim_rows > 0
            and (has_identifiable_victim or incident_reference is not null)
            then case when has_a_crime_beside then 'ok' else 'known_child_without_a_crime' end
    end as cr40,

    -- a placeholder is not followed from crime to crime: cocad_linked_crimes
    case when is_counted and (has_identifiable_victim or has_identifiable_suspect) then
        case when is_crowded then 'person_on_too_many_crimes' else 'ok' end
    end as lk01
from described
