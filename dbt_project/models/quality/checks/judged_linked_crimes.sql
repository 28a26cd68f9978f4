{{ config(materialized='ephemeral', contract={'enforced': false}) }}
-- Each crime beside the rules about the other crimes of the same victim, suspect or incident in its return:
-- macros/judged_rules.sql says how to read a rule's column.

with

crimes as (
    select * from {{ ref('cpai_classified_crimes') }}
),

offences as (
    select * from {{ ref('offences') }}
),

victims as (
    select force, quarter, crime_reference, {{ person_key('victim_reference') }} as victim
    from {{ ref('stg_victims') }}
    where is_person
),

suspects as (
    select force, quarter, crime_reference, {{ person_key('suspect_reference') }} as suspect
    from {{ ref('stg_suspects') }}
),

counted as (
    select * from crimes
    where exclusion_reason is null
),

-- the persons that can be told from others, by crime: only then were its other crimes looked for
told_victims as (
    select force, quarter, crime_reference, count(victim) as told
    from victims
    group by force, quarter, crime_reference
),

told_suspects as (
    select force, quarter, crime_reference, count(suspect) as told
    from suspects
    group by force, quarter, crime_reference
),

-- few persons stand on several crimes of a return: the rules are asked of these alone
repeated_victims as (
    select force, quarter, victim
    from victims
    where victim is not null
    group by force, quarter, victim
    having min(crime_reference) < max(crime_reference)
),

repeated_suspects as (
    select force, quarter, suspect
    from suspects
    where suspect is not null
    group by force, quarter, suspect
    having min(crime_reference) < max(crime_reference)
),

crimes_of_victims as (
    select counted.*, victims.victim
    from repeated_victims
    inner join victims
        on repeated_victims.force = victims.force
        and repeated_victims.quarter = victims.quarter
        and repeated_victims.victim = victims.victim
    inner join counted
        on victims.force = counted.force
        and victims.quarter = counted.quarter
        and victims.crime_reference = counted.crime_reference
),

crimes_of_suspects as (
    select counted.*, suspects.suspect
    from repeated_suspects
    inner join suspects
        on repeated_suspects.force = suspects.force
        and repeated_suspects.quarter = suspects.quarter
        and repeated_suspects.suspect = suspects.suspect
    inner join counted
        on suspects.force = counted.force
        and suspects.quarter = counted.quarter
        and suspects.crime_reference = counted.crime_reference
),

-- of one victim by one suspect: the least and the greatest reference differ where there is another crime
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
        and crimes_of_victims.recorded_on >= cast('2023-05-15' as date)
        and min(crimes_of_victims.offence_code) over same_incident
        < max(crimes_of_victims.offence_code) over same_incident as is_same_incident
    from crimes_of_victims
    inner join crimes_of_suspects
        on crimes_of_victims.force = crimes_of_suspects.force
        and crimes_of_victims.quarter = crimes_of_suspects.quarter
        and crimes_of_victims.crime_reference = crimes_of_suspects.crime_reference
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

linked as (
    select
        force,
        quarter,
        crime_reference,
        bool_or(is_same_offence) as is_same_offence,
        bool_or(is_same_record) as is_same_record,
        bool_or(is_same_incident) as is_same_incident
    from of_one_victim_and_suspect
    group by force, quarter, crime_reference
),

image_groups as (
    select force, quarter, suspect, recorded_on, offence_code
    from crimes_of_suspects
    where image <> 'N'
    group by force, quarter, suspect, recorded_on, offence_code
    having min(crime_reference) < max(crime_reference)
),

repeated_images as (
    select distinct crimes_of_suspects.force, crimes_of_suspects.quarter, crimes_of_suspects.crime_reference
    from crimes_of_suspects
    inner join image_groups
        on crimes_of_suspects.force = image_groups.force
        and crimes_of_suspects.quarter = image_groups.quarter
        and crimes_of_suspects.suspect = image_groups.suspect
        and crimes_of_suspects.recorded_on = image_groups.recorded_on
        and crimes_of_suspects.offence_code = image_groups.offence_code
),

incidents as (
    select force, quarter, incident_reference, count(*) as crimes, bool_or(image = 'N') as has_other_than_images
    from counted
    where incident_reference is not null
    group by force, quarter, incident_reference
    having count(*) > 1
),

incident_victims as (
    select counted.force, counted.quarter, counted.incident_reference, count(distinct victims.victim) as victims
    from incidents
    inner join counted
        on incidents.force = counted.force
        and incidents.quarter = counted.quarter
        and incidents.incident_reference = counted.incident_reference
    inner join victims
        on counted.force = victims.force
        and counted.quarter = victims.quarter
        and counted.crime_reference = victims.crime_reference
    group by counted.force, counted.quarter, counted.incident_reference
),

victims_of_other_than_images as (
    select distinct force, quarter, victim
    from crimes_of_victims
    where image = 'N'
),

images_with_a_crime as (
    select distinct crimes_of_victims.force, crimes_of_victims.quarter, crimes_of_victims.crime_reference
    from crimes_of_victims
    inner join victims_of_other_than_images
        on crimes_of_victims.force = victims_of_other_than_images.force
        and crimes_of_victims.quarter = victims_of_other_than_images.quarter
        and crimes_of_victims.victim = victims_of_other_than_images.victim
    where crimes_of_victims.image <> 'N'
),

-- the most serious first; where the order does not say, there is no rank
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
        crimes.force,
        crimes.quarter,
        crimes.crime_reference,
        gone_ranks.principal_rank as gone_rank,
        kept_ranks.principal_rank as kept_rank
    from crimes
    inner join crimes as kept_crimes
        on crimes.force = kept_crimes.force
        and crimes.quarter = kept_crimes.quarter
        and crimes.linked_crime_reference = kept_crimes.crime_reference
    inner join ranks as gone_ranks
        on crimes.offence_code = gone_ranks.offence_code
    inner join ranks as kept_ranks
        on kept_crimes.offence_code = kept_ranks.offence_code
    where
        crimes.cancellation_code = 'C3'
        and coalesce(kept_crimes.status, '') <> 'cancelled'
),

described as (
    select
        crimes.*,
        crimes.exclusion_reason is null as is_counted,
        coalesce(told_victims.told, 0) > 0 as has_told_victim,
        coalesce(told_suspects.told, 0) > 0 as has_told_suspect,
        coalesce(linked.is_same_offence, false) as is_same_offence,
        coalesce(linked.is_same_record, false) as is_same_record,
        coalesce(linked.is_same_incident, false) as is_same_incident,
        repeated_images.force is not null as is_repeated_image,
        images_with_a_crime.force is not null
        or coalesce(incidents.has_other_than_images, false) as has_a_crime_beside,
        incidents.crimes as incident_crimes,
        incident_victims.victims as incident_victims,
        kept.gone_rank,
        kept.kept_rank
    from crimes
    left join told_victims
        on crimes.force = told_victims.force
        and crimes.quarter = told_victims.quarter
        and crimes.crime_reference = told_victims.crime_reference
    left join told_suspects
        on crimes.force = told_suspects.force
        and crimes.quarter = told_suspects.quarter
        and crimes.crime_reference = told_suspects.crime_reference
    left join linked
        on crimes.force = linked.force
        and crimes.quarter = linked.quarter
        and crimes.crime_reference = linked.crime_reference
    left join repeated_images
        on crimes.force = repeated_images.force
        and crimes.quarter = repeated_images.quarter
        and crimes.crime_reference = repeated_images.crime_reference
    left join images_with_a_crime
        on crimes.force = images_with_a_crime.force
        and crimes.quarter = images_with_a_crime.quarter
        and crimes.crime_reference = images_with_a_crime.crime_reference
    left join incidents
        on crimes.force = incidents.force
        and crimes.quarter = incidents.quarter
        and crimes.incident_reference = incidents.incident_reference
    left join incident_victims
        on crimes.force = incident_victims.force
        and crimes.quarter = incident_victims.quarter
        and crimes.incident_reference = incident_victims.incident_reference
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

    case when is_counted and has_told_victim and has_told_suspect then
        case when is_same_offence then 'same_victim_suspect_and_offence' else 'ok' end
    end as cr04,

    -- one crime with several victims is CR03's
    case when is_counted and incident_crimes > 1 and incident_victims > 0 then
        case when incident_victims > incident_crimes then 'more_victims_than_crimes' else 'ok' end
    end as cr05,

    case
        when
            is_counted
            and has_told_victim
            and has_told_suspect
            and incident_reference is not null
            and recorded_on >= cast('2023-05-15' as date)
            then case when is_same_incident then 'several_offences_of_one_incident' else 'ok' end
    end as cr06,

    case when gone_rank is not null and kept_rank is not null then
        case when kept_rank > gone_rank then 'lesser_crime_kept' else 'ok' end
    end as cr07,

    -- where the days of the offence are the same too, it is CR04's
    case when is_counted and has_told_victim and has_told_suspect then
        case when is_same_record and not is_same_offence then 'repeat_abuse_recorded_together' else 'ok' end
    end as cr08,

    case when is_counted and image <> 'N' and has_told_suspect then
        case when is_repeated_image then 'several_of_one_suspect_and_day' else 'ok' end
    end as cr39,

    -- a victim who cannot be told from others, in no incident: nobody can see their other crimes
    case
        when
            is_counted
            and image <> 'N'
            and victim_rows > 0
            and (has_told_victim or incident_reference is not null)
            then case when has_a_crime_beside then 'ok' else 'known_child_without_a_crime' end
    end as cr40
from described
