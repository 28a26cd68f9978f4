with

received as (
    select force, quarter, max(cast(substr(received_at, 1, 10) as date)) as received_on
    from quality.returns
    where status in ('accepted', 'accepted_with_rejections', 'nil')
    group by force, quarter
),

crimes as (
    select
        fct_crimes.*,
        -- 12 weeks had passed when the return was received: before that nobody can say how they ended
        coalesce(received.received_on >= fct_crimes.recorded_on + 84, false) as is_12_weeks_old,
        case
            when fct_crimes.is_cocad then fct_crimes.offenders
            else nullif(greatest(fct_crimes.offenders_stated, fct_crimes.suspect_rows), 0)
        end as offenders_known
    from fct_crimes
    left join received
        on fct_crimes.force = received.force
        and fct_crimes.quarter = received.quarter
),

of_crimes as (
    select
        unnest([
            {'question': 'exploitation', 'field': 'cse_flag', 'category':
                case cse_flag when 'Y' then 'exploitation' when 'N' then 'abuse_only' end},
            {'question': 'location', 'field': 'location_type', 'category':
                case when location_type not in ('unknown', 'unmapped') then location_type end},
            {'question': 'local_authority', 'field': 'local_authority', 'category':
                nullif(local_authority, 'unmapped')},
            {'question': 'offenders', 'field': 'offenders_stated', 'category':
                case
                    when offenders_known >= 5 then 'five_or_more'
                    else ['one', 'two', 'three', 'four'][offenders_known]
                end},
            {'question': 'outcome_at_12_weeks', 'field': 'outcome_code', 'category':
                case
                    when not is_12_weeks_old then null
                    when outcome_code is null or outcome_on > recorded_on + 84 then 'none_yet'
                    when outcome_on is null or outcome_code = 'unmapped' then null
                    when outcome_code in (select outcome_code from dim_outcome where outcome_group = 'charge')
                        then 'charged'
                    else 'other_outcome'
                end}
        ], recursive := true),
        'crime' as unit,
        'crimes' as record_type,
        force,
        quarter,
        month,
        is_contact,
        is_cocad
    from crimes
),

persons as (
    select
        'victim' as unit, 'victims' as record_type, force, quarter, crime_reference, disability, nationality,
        cast(null as date) as arrested_on
    from fct_victims
    union all
    select
        'suspect' as unit, 'suspects' as record_type, force, quarter, crime_reference, disability, nationality,
        arrested_on
    from fct_suspects
),

of_persons as (
    select
        unnest([
            {'question': 'disability', 'field': 'disability', 'category':
                case persons.disability when 'Y' then 'disabled' when 'N' then 'not_disabled' end},
            {'question': 'nationality', 'field': 'nationality', 'category':
                case persons.nationality
                    when 'GBR' then 'british'
                    when 'unmapped' then null
                    else if(persons.nationality is not null, 'other_nationality', null)
                end},
            {'question': if(persons.unit = 'suspect', 'arrest_at_12_weeks', null), 'field': 'arrested_on', 'category':
                case
                    when not crimes.is_12_weeks_old then null
                    when persons.arrested_on <= crimes.recorded_on + 84 then 'arrested'
                    else 'not_arrested'
                end}
        ], recursive := true),
        persons.unit,
        persons.record_type,
        persons.force,
        persons.quarter,
        crimes.month,
        crimes.is_contact,
        crimes.is_cocad
    from persons
    inner join crimes
        on persons.force = crimes.force
        and persons.quarter = crimes.quarter
        and persons.crime_reference = crimes.crime_reference
),

-- counted by force and month before anything is joined: what follows reads cells, never records
cells as (
    select *, count(*) as records
    from (from of_crimes union all by name from of_persons)
    where question is not null
    group by all
),

collected as (
    select force, quarter, record_type, field, is_collected
    from quality.field_completeness
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
inner join dim_place
    on cells.force = dim_place.force
inner join dim_period
    on cells.month = dim_period.month
left join collected
    on cells.force = collected.force
    and cells.quarter = collected.quarter
    and cells.record_type = collected.record_type
    and cells.field = collected.field
group by all
