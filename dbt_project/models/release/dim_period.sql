with

released as (
    select distinct period_type, period from {{ ref('figures') }}
),

months as (
    select
        dim_quarter.quarter,
        dim_quarter.year,
        dim_quarter.quarter_number,
        strftime(dim_quarter.first_day + to_months(cast(ahead.months as integer)), '%Y-%m') as month
    from {{ ref('dim_quarter') }} as dim_quarter
    inner join released
        on released.period_type = 'quarter'
        and dim_quarter.quarter = released.period
    cross join range(3) as ahead (months)
),

-- from January on without a gap: a release of one later quarter has no year to date
reached as (
    select quarter, year, quarter_number
    from months
    group by quarter, year, quarter_number
    qualify count(*) over (partition by year order by quarter_number) = quarter_number
)

select month, quarter, 'month' as period_type, month as period from months
union all
select month, quarter, 'quarter' as period_type, quarter as period from months
union all
select months.month, months.quarter, 'year' as period_type, months.year as period
from months
inner join released
    on released.period_type = 'year'
    and months.year = released.period
union all
select months.month, months.quarter, 'year_to_date' as period_type, reached.quarter as period
from months
inner join reached
    on months.year = reached.year
    and months.quarter_number <= reached.quarter_number
