with

submissions as (
    select * from {{ ref('int_submissions') }}
),

criteria as (
    select * from {{ ref('criteria') }}
),

-- whole years: the first of the collection, and every one in which something has arrived
years as (
    select substr(quarter, 1, 4) as year
    from submissions
    union
    select min(substr(from_quarter, 1, 4)) as year
    from criteria
),

schemes as (
    select
        scheme,
        -- a quarter before the first scheme is read by it, as the command does
        case when row_number() over (order by min(from_quarter)) > 1 then min(from_quarter) else '' end as from_quarter,
        max(coalesce(to_quarter, '9999-Q4')) as to_quarter,
        min(children_collected_from) as children_collected_from
    from criteria
    group by scheme
),

quarters as (
    select
        years.year || '-Q' || cast(of_year.quarter_number as varchar) as quarter,
        years.year,
        of_year.quarter_number,
        cast(years.year || of_year.first_day as date) as first_day,
        cast(years.year || of_year.last_day as date) as last_day
    from years
    cross join (
        values
            (1, '-01-01', '-03-31'),
            (2, '-04-01', '-06-30'),
            (3, '-07-01', '-09-30'),
            (4, '-10-01', '-12-31')
    ) as of_year (quarter_number, first_day, last_day)
)

select
    quarters.quarter,
    quarters.year,
    cast(quarters.quarter_number as integer) as quarter_number,
    quarters.first_day,
    quarters.last_day,
    schemes.scheme,
    quarters.quarter >= schemes.children_collected_from as is_children_collected
from quarters
left join schemes
    on quarters.quarter between schemes.from_quarter and schemes.to_quarter
