with

crimes as not materialized (
    select
        *,
        case
            when is_cocad then offenders
            else nullif(greatest(offenders_stated, suspect_rows), 0)
        end as offenders_known
    from {{ ref('fct_crimes') }}
),

persons as not materialized (
    select
        persons.*,
        crimes.month,
        crimes.is_contact,
        crimes.is_cocad,
        crimes.is_12_weeks_old
    from (
        select
            'victim' as unit, 'victims' as record_type, force, quarter, crime_reference, disability, nationality,
            cast(null as varchar) as weeks_to_arrest
        from {{ ref('fct_victims') }}
        union all
        select
            'suspect' as unit, 'suspects' as record_type, force, quarter, crime_reference, disability, nationality,
            weeks_to_arrest
        from {{ ref('fct_suspects') }}
    ) as persons
    inner join crimes
        on persons.force = crimes.force
        and persons.quarter = crimes.quarter
        and persons.crime_reference = crimes.crime_reference
),

-- one question a branch: who asks one view reads its columns alone
answers as (
    select
        'exploitation' as question, 'cse_flag' as field, 'crime' as unit, 'crimes' as record_type,
        case cse_flag when 'Y' then 'exploitation' when 'N' then 'abuse_only' end as category,
        force, quarter, month, is_contact, is_cocad
    from crimes
    union all
    select
        'location' as question, 'location_type' as field, 'crime' as unit, 'crimes' as record_type,
        case when location_type not in ('unknown', 'unmapped') then location_type end as category,
        force, quarter, month, is_contact, is_cocad
    from crimes
    union all
    select
        'offenders' as question, 'offenders_stated' as field, 'crime' as unit, 'crimes' as record_type,
        if(offenders_known >= 5, 'five_or_more', ['one', 'two', 'three', 'four'][offenders_known]) as category,
        force, quarter, month, is_contact, is_cocad
    from crimes
    union all
    select
        'outcome_at_12_weeks' as question, 'outcome_code' as field, 'crime' as unit, 'crimes' as record_type,
        case
            when not is_12_weeks_old then null
            when outcome_code is null or not {{ within_12_weeks('weeks_to_outcome') }} then 'none_yet'
            when weeks_to_outcome is null or outcome_code = 'unmapped' then null
            when
                outcome_code in (select outcome_code from {{ ref('dim_outcome') }} where outcome_group = 'charge')
                then 'charged'
            else 'other_outcome'
        end as category,
        force, quarter, month, is_contact, is_cocad
    from crimes
    union all
    select
        'disability' as question, 'disability' as field, unit, record_type,
        case disability when 'Y' then 'disabled' when 'N' then 'not_disabled' end as category,
        force, quarter, month, is_contact, is_cocad
    from persons
    union all
    select
        'nationality' as question, 'nationality' as field, unit, record_type,
        case
            when nationality = 'GBR' then 'british'
            when nationality <> 'unmapped' then 'other_nationality'
        end as category,
        force, quarter, month, is_contact, is_cocad
    from persons
    union all
    select
        'arrest_at_12_weeks' as question, 'arrested_on' as field, unit, record_type,
        case
            when not is_12_weeks_old then null
            when {{ within_12_weeks('weeks_to_arrest') }} then 'arrested'
            else 'not_arrested'
        end as category,
        force, quarter, month, is_contact, is_cocad
    from persons
    where unit = 'suspect'
),

-- counted by force and month before anything is joined: what follows reads cells, never records
cells as (
    select *, count(*) as records
    from answers
    group by all
),

collected as (
    select force, quarter, record_type, field, is_collected
    from {{ ref('field_completeness') }}
)

select
    cells.question,
    cells.unit,
    populations.population,
    dim_place.place_type,
    dim_place.place,
    dim_period.period_type,
    dim_period.period,
    cells.category,
    coalesce(collected.is_collected, true) as is_collected,
    cast(sum(cells.records) as bigint) as records
from cells
inner join (values ('cpai', false, false), ('contact', true, false), ('cocad', false, true))
    as populations (population, contact_only, cocad_only)
    on (cells.is_contact or not populations.contact_only)
    and (cells.is_cocad or not populations.cocad_only)
inner join {{ ref('dim_place') }} as dim_place
    on cells.force = dim_place.force
inner join {{ ref('dim_period') }} as dim_period
    on cells.month = dim_period.month
left join collected
    on cells.force = collected.force
    and cells.quarter = collected.quarter
    and cells.record_type = collected.record_type
    and cells.field = collected.field
group by all
