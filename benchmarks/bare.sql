-- from merged crimes, victims, suspects and readings (all texts but the dates) to CPAI and COCAD;
-- the shortest SQL that gives the same sets as the warehouse, one statement a table

-- every way a known code is written: as it is, padded, five digits, eaten by a spreadsheet, in a URN
create table code_of as
with coded as (
    select
        offence_code,
        offence_class,
        five_digit,
        split_part(offence_code, '/', 1) as major,
        split_part(offence_code, '/', 2) as minor,
    from offences
),

eaten as (
    select offence_code, make_date(year::integer, minor::integer, major::integer) as day
    from coded, range(2018, 2026) as years (year)
    where minor <> '' and try_cast(minor as integer) <= 12 and try_cast(major as integer) <= 28
),

written as (
    select offence_code as sent, offence_code from coded
    union all
    select lpad(major, 3, '0') || '/' || minor, offence_code from coded where minor <> ''
    union all
    select unnest([five_digit, ltrim(five_digit, '0')]), offence_code from coded where five_digit is not null
    union all
    select unnest([day::varchar, (day - date '1899-12-30')::varchar]), offence_code from eaten
    union all
    select offence_class || '.' || major || '.' || minor || unnest(['.0', '.0A']), offence_code
    from coded where minor <> ''
    union all
    -- rape by several offenders borrows the sub-codes of the other rape classes and keeps its own class
    select several || '.' || major || '.' || minor || unnest(['.0', '.0A']), several
    from coded, unnest(['19J', '19K']) as classes (several) where major = '19' and minor <> ''
)

-- a class that is also five digits without their zero stays the class
select sent, arg_min(offence_code, sent <> offence_code) as offence_code
from written
group by sent;

create table persons as
with people as (
    select 'victim' as unit, victim_reference as reference, null as role, null as relationship, *
    from victims
    union all by name
    select 'suspect' as unit, suspect_reference as reference, *
    from suspects
)

select
    people.unit,
    people.force,
    people.quarter,
    people.crime_reference,
    people.reference,
    coalesce(gender_of.code, 'unmapped') as gender,
    coalesce(
        case when regexp_full_match(people.age_at_offence, '\d{1,3}') then people.age_at_offence::integer end,
        case when people.date_of_birth <= coalesce(crimes.committed_to, crimes.committed_from)
            then date_part('year', age(coalesce(crimes.committed_to, crimes.committed_from), people.date_of_birth))
        end
    )::integer as age,
    ethnicity_of.ethnicity_group,
    people.self_defined_ethnicity,
    people.observed_ethnicity,
    relationship_of.relationship_group,
    people.role,
    people.disability,
    people.nationality,
from people
inner join crimes using (force, quarter, crime_reference)
left join gender_of on gender_of.spelling = lower(people.gender)
left join ethnicity_of on ethnicity_of.spelling = lower(people.self_defined_ethnicity)
left join relationship_of on relationship_of.spelling = lower(people.relationship)
where crimes.recorded_on is not null;

create table classified as
with on_crime as (
    select
        force,
        quarter,
        crime_reference,
        count(*) filter (where unit = 'suspect') as suspect_rows,
        min(age) filter (where unit = 'victim') as youngest,
    from persons
    group by all
),

known as (
    select
        crimes.* exclude (offence_code),
        crimes.offence_code as sent,
        offences.* exclude (name, note, source, certainty),
        status_of.code as status_code,
        coalesce(csa.code = 'Y', false) as csa,
        coalesce(cse.code = 'Y', false) as cse,
        coalesce(on_crime.suspect_rows, 0) as suspect_rows,
        on_crime.youngest,
        coalesce(try_cast(crimes.offenders_stated as integer), 0) as stated,
        make_date(left(quarter, 4)::integer, right(quarter, 1)::integer * 3 - 2, 1) as first_day,
        coalesce(crimes.committed_to, crimes.committed_from) as last_day,
    from crimes
    left join code_of on code_of.sent = upper(crimes.offence_code)
    left join offences on offences.offence_code = code_of.offence_code
    left join on_crime using (force, quarter, crime_reference)
    left join status_of on status_of.spelling = lower(crimes.status)
    left join flag_of as csa on csa.spelling = lower(crimes.csa_flag)
    left join flag_of as cse on cse.spelling = lower(crimes.cse_flag)
    where crimes.recorded_on is not null
)

select
    *,
    image in ('Y', 'C') as is_image,
    case
        when upper(sent) like 'N100%' then 'not_a_crime'
        when status_code = 'cancelled' then 'cancelled'
        when recorded_on < first_day or recorded_on >= first_day + interval 3 months then 'wrong_quarter'
        when offence_code is null then 'unknown_code'
        when offence_group = 'out_of_scope' or (counts_only_when_flagged = 'Y' and not cse) then 'not_in_scope'
        when image = 'C' and not csa then 'image_without_subcode'
        when names_a_child <> 'Y' and youngest >= 18 then 'adult_victim'
        when names_a_child <> 'Y' and youngest is null and not csa and not cse then 'child_not_shown'
    end as exclusion,
    case
        when last_day is null then 'unknown'
        when coalesce(reported_on, recorded_on) <= last_day + interval 1 year then 'recent'
        else 'non_recent'
    end as recency,
from known;

create table settled as
with answers as (
    select
        force,
        crime_reference,
        role,
        {'group_based': group_based, 'criterion': criterion, 'by_children': committed_by_children} as answer,
    from readings
),

roles as (
    select
        force,
        crime_reference,
        any_value(answer) filter (where role = 'first') as first_answer,
        any_value(answer) filter (where role = 'second') as second_answer,
        any_value(answer) filter (where role = 'adjudicator') as adjudicated,
    from answers
    group by all
)

select force, crime_reference, unnest(coalesce(adjudicated, first_answer, second_answer)),
from roles
where adjudicated is not null
    or first_answer is null
    or second_answer is null
    or first_answer = second_answer;

create table cpai as
select
    classified.*,
    strftime(classified.recorded_on, '%Y-%m') as month,
    not classified.is_image and classified.contact in ('Y', 'E') as is_contact,
    is_contact and (suspect_rows >= 2 or stated >= 2 or offence_class in ('19J', '19K')) as is_candidate,
    -- what a cue, a link or the recall sample had read counts too: here the reading alone says so
    is_contact and coalesce(settled.group_based = 'yes', false) as in_cocad,
    settled.criterion,
    classified.quarter >= '2023-Q2' as children_collected,
    case when children_collected then settled.by_children else 'not_collected' end as by_children,
    case when classified.quarter >= '2023-Q2' and settled.by_children = 'yes' then 'committed_by_children'
        else settled.criterion
    end as criterion_2024,
from classified
left join settled using (force, crime_reference)
where classified.exclusion is null;

create table cocad as
from cpai
where in_cocad;

create table cpai_persons as
from persons
semi join cpai using (force, quarter, crime_reference);
