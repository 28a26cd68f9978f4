{{ config(materialized='ephemeral', contract={'enforced': false}) }}
-- Each victim of a crime in the CPAI beside the rules about them. How to read a rule's column: macros/rule_checks.sql.

with

victims as (
    select * from {{ ref('cpai_victims') }}
    where {{ in_reach() }}
),

crimes as (
    select * from {{ ref('cpai_crimes') }}
    where {{ in_reach() }}
),

submissions as (
    select * from {{ ref('int_submissions') }}
    where is_current
),

offences as (
    select * from {{ ref('offences') }}
),

-- the victim that the code names; the class decides where the sub-code names none
limits as (
    select
        offences.offence_code,
        offences.victim_sex,
        offences.victim_age_min,
        classes.names_a_child as class_names_a_child,
        classes.victim_age_min as class_age_min,
        classes.victim_age_max as class_age_max
    from offences
    left join offences as classes
        on offences.offence_class = classes.offence_class
        and classes.is_class_level = 'Y'
),

described as (
    select
        victims.*,
        {{ sent_flags('victim') }}
        submissions.submission,
        limits.victim_sex,
        limits.victim_age_min,
        limits.class_names_a_child,
        limits.class_age_min,
        limits.class_age_max
    from victims
    inner join crimes
        on victims.force = crimes.force
        and victims.quarter = crimes.quarter
        and victims.crime_reference = crimes.crime_reference
    left join limits
        on crimes.offence_code = limits.offence_code
    left join submissions
        on victims.force = submissions.force
        and victims.quarter = submissions.quarter
    {{ sent_flags_join('victim') }}
)

select
    force,
    quarter,
    submission,
    'victim' as record_type,
    crime_reference,
    victim_reference as person_reference,

    case when class_age_max = 12 and age_at_offence is not null then
        case when age_at_offence >= 13 then 'age_above_limit' else 'ok' end
    end as cr15,

    -- a victim under 13 is no error here, but has a class of their own: reported only
    case when class_age_max = 15 and age_at_offence is not null then
        case
            when age_at_offence >= 16 then 'age_above_limit'
            when age_at_offence < 13 then 'below_usual_age'
            else 'ok'
        end
    end as cr16,

    -- 13 and 16 in 17A, 20A, 19C and 19F. 17/11, of old law, is not tested: it is in class 17A and about children under
    -- 16. 16 in 17/12 and 20/2 comes from their names, not from the rule: reported only
    case
        when
            class_names_a_child = 'C'
            and class_age_min is not null
            and victim_age_min is not null
            and age_at_offence is not null
            then
                case
                    when age_at_offence < class_age_min then 'age_below_limit'
                    when age_at_offence < victim_age_min then 'below_age_of_sub_code'
                    else 'ok'
                end
    end as cr18,

    case
        when victim_sex = 'M' and gender = 'female' then 'female_in_class_for_males'
        when victim_sex = 'F' and gender = 'male' then 'male_in_class_for_females'
        when victim_sex in ('M', 'F') and gender in ('male', 'female') then 'ok'
    end as cr19,

    case
        when gender = 'unmapped' then 'unmapped_gender'
        when self_defined_ethnicity = 'unmapped' then 'unmapped_self_defined_ethnicity'
        when observed_ethnicity = 'unmapped' then 'unmapped_observed_ethnicity'
        when disability = 'unmapped' then 'unmapped_disability'
        {%- for flag in counted_flags('victim') %}
        when {{ flag }} = 'unmapped' then 'unmapped_{{ flag }}'
        {%- endfor %}
        when nationality = 'unmapped' then 'unmapped_nationality'
        else 'ok'
    end as um02
from described
