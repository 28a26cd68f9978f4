{#- What was sent once stays: no submission is ever deleted. -#}
{{ config(materialized='incremental') }}
with

-- replaced submissions too: cpai_first_received and int_replaced_crimes read their codes with this list
sent as (
    select distinct offence_code as spelling
    from {{ ref('int_received_crimes') }}
    where offence_code is not null and {{ in_changed_return() }}
    {{ not_here_yet('spelling') }}
),

offences as (
    select * from {{ ref('offences') }}
),

-- 19J and 19K have no sub-codes of their own: Athena writes theirs as 19J.19.8.0, and 19/8 alone is class 19C
whole_classes as (
    select offence_class
    from offences
    group by offence_class
    having count(*) filter (where is_class_level = 'N') = 0
),

tidied as (
    select spelling, upper(replace(spelling, ' ', '')) as code
    from sent
),

read as (
    select
        spelling,
        code,
        -- 019E, 19e
        ltrim(code, '0') as as_class,
        -- 19/16, 019/16, N100/1
        {{ matched_group('code', '^0*(N?[0-9]{1,3})/0*[0-9]{1,3}$', 1) }}
        || '/' || {{ matched_group('code', '^0*N?[0-9]{1,3}/0*([0-9]{1,3})$', 1) }} as as_pair,
        -- 19E.19.16.0, and 19E.19.16.0A for the attempt
        {{ matched_group('code', '^0*([0-9]{1,3}[A-Z]?)[.][0-9]{1,3}[.][0-9]{1,3}[.][0-9]+A?$', 1) }} as urn_class,
        {{ matched_group('code', '^[0-9]{1,3}[A-Z]?[.]0*([0-9]{1,3})[.][0-9]{1,3}[.][0-9]+A?$', 1) }}
        || '/'
        || {{ matched_group('code', '^[0-9]{1,3}[A-Z]?[.][0-9]{1,3}[.]0*([0-9]{1,3})[.][0-9]+A?$', 1) }} as urn_pair,
        -- 01916; a spreadsheet makes 1916 of it
        case when {{ matches('code', '[0-9]{3,5}') }} then lpad(code, 5, '0') end as as_five_digits,
        -- a spreadsheet turns 19/8 into 19 August of the year it was opened in: 44062, or 2020-08-19
        case
            when {{ matches('code', '4[3-6][0-9]{3}([.]0)?') }}
                then {{ days_after("cast('1899-12-30' as date)", 'cast(substr(code, 1, 5) as integer)') }}
            when {{ matches('code', '20[12][0-9]-[0-9]{2}-[0-9]{2}(T?00:00:00([.]0+)?)?') }}
                then {{ iso_date('substr(code, 1, 10)') }}
        end as eaten_date
    from tidied
),

resolved as (
    select
        read.spelling,
        read.code,
        case
            when by_class.offence_code is not null then by_class.offence_code
            when by_pair.offence_code is not null then by_pair.offence_code
            when whole_classes.offence_class is not null then whole_classes.offence_class
            when by_urn.offence_code is not null then by_urn.offence_code
            when by_date.offence_code is not null then by_date.offence_code
            else by_five_digits.offence_code
        end as offence_code,
        by_class.offence_code is null
        and by_pair.offence_code is null
        and whole_classes.offence_class is null
        and by_urn.offence_code is null
        and (
            by_date.offence_code is not null
            or (by_five_digits.offence_code is not null and length(read.code) < 5)
        ) as repaired
    from read
    left join offences as by_class on by_class.offence_code = read.as_class
    left join offences as by_pair on by_pair.offence_code = read.as_pair
    left join whole_classes on whole_classes.offence_class = read.urn_class
    left join offences as by_urn on by_urn.offence_code = read.urn_pair
    left join offences as by_date
        on by_date.offence_code
        = cast(day(read.eaten_date) as varchar) || '/' || cast(month(read.eaten_date) as varchar)
    left join offences as by_five_digits on by_five_digits.five_digit = read.as_five_digits
),

final as (
    select
        resolved.spelling,
        resolved.offence_code,
        -- N100 without its number is no crime either
        coalesce(offences.offence_class, case when resolved.code = 'N100' then 'N100' end) as offence_class,
        resolved.repaired
    from resolved
    left join offences on offences.offence_code = resolved.offence_code
)

select * from final
