{{ config(materialized='ephemeral', contract={'enforced': false}) }}
-- Each field of persons on COCAD crimes, by force and quarter; the floor is 20 points below the known rate of 2023.

with

submissions as (
    select * from {{ ref('int_submissions') }}
    where is_current
),

published as (
    select * from {{ ref('published_2023') }}
),

victims as (
    select * from {{ ref('cocad_victims') }}
    where {{ in_quarter_in_reach() }}
),

suspects as (
    select * from {{ ref('cocad_suspects') }}
    where {{ in_quarter_in_reach() }}
),

known as (
    select
        force,
        quarter,
        'victim' as unit,
        count(*) as persons,
        count(*) filter (where gender_recorded) as gender_recorded,
        count(age_at_offence) as age_recorded,
        count(ethnicity_group) as sde_recorded
    from victims
    group by force, quarter

    union all
    select
        force,
        quarter,
        'suspect' as unit,
        count(*) as persons,
        count(*) filter (where gender_recorded) as gender_recorded,
        count(age_at_offence) as age_recorded,
        count(ethnicity_group) as sde_recorded
    from suspects
    group by force, quarter
),

floors as (
    select
        unit,
        breakdown,
        1.0 * numerator / denominator - 0.2 as floor_rate
    from published
    where
        population = 'cocad'
        and criterion = 'all'
        and breakdown in ('gender_recorded', 'age_recorded', 'sde_recorded')
),

rates as (
    select
        known.force,
        known.quarter,
        known.unit,
        known.persons,
        floors.breakdown,
        floors.floor_rate,
        case floors.breakdown
            when 'gender_recorded' then known.gender_recorded
            when 'age_recorded' then known.age_recorded
            when 'sde_recorded' then known.sde_recorded
        end as known_persons
    from known
    inner join floors
        on known.unit = floors.unit
)

select
    rates.force,
    rates.quarter,
    submissions.submission,
    rates.unit as record_type,
    cast(null as varchar) as crime_reference,
    cast(null as varchar) as person_reference,

    -- the whole interval is below the floor: with few persons, chance alone leaves a field blank
    case
        when {{ wilson_high('rates.known_persons', 'rates.persons') }} < rates.floor_rate
            then rates.unit || '_' || rates.breakdown || '_below_floor'
        else 'ok'
    end as cr58
from rates
left join submissions
    on rates.force = submissions.force
    and rates.quarter = submissions.quarter
