{{ config(materialized='ephemeral', contract={'enforced': false}) }}
-- Each staged crime beside the rules about it: how to read a rule's column is said in macros/judged_rules.sql.

with

crimes as (
    select * from {{ ref('cpai_classified_crimes') }}
),

submissions as (
    select * from {{ ref('stg_submissions') }}
    where is_current
),

victims as (
    select * from {{ ref('stg_victims') }}
    where is_person
),

offences as (
    select * from {{ ref('offences') }}
),

repeated as (
    select force, quarter, crime_reference
    from crimes
    group by force, quarter, crime_reference
    having count(*) > 1
),

victim_ages as (
    select
        force,
        quarter,
        crime_reference,
        min(coalesce(age_sent, age_from_birth)) as youngest
    from victims
    group by force, quarter, crime_reference
),

described as (
    select
        crimes.*,
        coalesce(crimes.status, '') <> 'cancelled' as is_standing,
        repeated.crime_reference is not null as is_repeated,
        victim_ages.youngest,
        offences.offence_class as class_of_seed,
        offences.names_a_child as seed_names_a_child,
        offences.counts_only_when_flagged as seed_only_flagged,
        offences.offence_group as seed_group,
        cast(offences.valid_from as date) as valid_from,
        cast(offences.valid_to as date) as valid_to,
        cast(substr(submissions.received_at, 1, 10) as date) as received_on,
        year(crimes.recorded_on) || '-Q' || quarter(crimes.recorded_on) as recorded_quarter
    from crimes
    left join repeated
        on crimes.force = repeated.force
        and crimes.quarter = repeated.quarter
        and crimes.crime_reference = repeated.crime_reference
    left join victim_ages
        on crimes.force = victim_ages.force
        and crimes.quarter = victim_ages.quarter
        and crimes.crime_reference = victim_ages.crime_reference
    left join offences
        on crimes.offence_code = offences.offence_code
    left join submissions
        on crimes.force = submissions.force
        and crimes.quarter = submissions.quarter
)

select
    force,
    quarter,
    submission,
    'crime' as record_type,
    crime_reference,
    cast(null as varchar) as person_reference,

    case when is_repeated then 'repeated_in_quarter' else 'ok' end as cr01,

    case
        when recorded_quarter < quarter then 'recorded_before_quarter'
        when recorded_quarter > quarter then 'recorded_after_quarter'
        when recorded_quarter = quarter then 'ok'
    end as cr09,

    case
        when committed_from > committed_to then 'offence_ends_before_it_starts'
        when committed_from > coalesce(reported_on, recorded_on) then 'reported_before_offence'
        when reported_on > recorded_on then 'recorded_before_reported'
        when recorded_on > received_on then 'recorded_after_delivery'
        when outcome_on < recorded_on then 'outcome_before_recorded'
        else 'ok'
    end as cr11,

    case when committed_from is not null or committed_to is not null then
        case when committed_from is null or committed_to is null then 'one_end_only' else 'ok' end
    end as cr13,

    -- reported only: the crime stays counted, because its code names a child
    case when exclusion_reason is null and seed_names_a_child = 'Y' and youngest is not null then
        case when youngest >= 18 then 'every_victim_adult' else 'ok' end
    end as cr14,

    -- the first three reasons of the design take a crime out whatever its victims' ages
    case
        when
            seed_names_a_child = 'C'
            and seed_only_flagged = 'N'
            and seed_group in ('rape_of_a_child', 'sexual_assault_on_a_child')
            and youngest < 18
            and coalesce(exclusion_reason, '') not in ('not_a_crime', 'cancelled', 'wrong_quarter')
            then case when exclusion_reason is not null then 'child_left_out' else 'ok' end
    end as cr17,

    case
        when status = 'cancelled' and exclusion_reason is null then 'cancelled_in_count'
        when status = 'cancelled' then 'ok'
        when cancellation_code in ('C1', 'C2', 'C3', 'C4') then 'code_without_status'
    end as cr25,

    case when cancellation_code is not null then
        case when cancellation_code = 'C5' then 'self_defence_on_sexual_offence' else 'ok' end
    end as cr26,

    case when cancellation_code = 'C3' then
        case when linked_crime_reference is null then 'no_linked_crime' else 'ok' end
    end as cr28,

    -- a code that closed with the Sexual Offences Act 2003 is the old law's word, and only reported
    case when is_standing and offence_code is not null and recorded_on is not null then
        case
            when recorded_on < valid_from then 'code_not_yet_open'
            when recorded_on > valid_to and valid_to < cast('2004-05-01' as date) then 'code_of_law_before_2004'
            when recorded_on > valid_to then 'code_closed'
            else 'ok'
        end
    end as cr34,

    case when offence_code is not null then
        case when offence_class = class_of_seed then 'ok' else 'class_not_of_seed' end
    end as cr36,

    -- 106/xx and its five digits are betting and gaming; modern slavery is sent as the class alone
    case when offence_code_sent like '106%' then
        case
            when offence_code_sent like '106/%' or offence_code_sent like '106__' then 'betting_and_gaming'
            else 'ok'
        end
    end as cr37,

    case when is_standing and offence_class = '86' then
        case when offence_code = '86' then 'no_sub_code' else 'ok' end
    end as cr41,

    case when is_standing and cse_flag = 'Y' and youngest is not null then
        case when youngest >= 18 then 'flag_without_child' else 'ok' end
    end as cr46,

    case
        when offence_code is null and offence_code_sent is not null then 'unmapped_offence_code'
        when status = 'unmapped' then 'unmapped_status'
        when cancellation_code = 'unmapped' then 'unmapped_cancellation_code'
        when csa_flag = 'unmapped' then 'unmapped_csa_flag'
        when cse_flag = 'unmapped' then 'unmapped_cse_flag'
        when online_flag = 'unmapped' then 'unmapped_online_flag'
        when children_flag = 'unmapped' then 'unmapped_children_flag'
        when location_type = 'unmapped' then 'unmapped_location_type'
        when outcome_code = 'unmapped' then 'unmapped_outcome_code'
        else 'ok'
    end as um01,

    case
        when has_unreadable_date then 'unreadable_date'
        when has_unreadable_number then 'unreadable_number'
        else 'ok'
    end as ur01,

    case when offence_code is not null then
        case when offence_code_repaired then 'restored_from_spreadsheet' else 'ok' end
    end as xl01
from described
