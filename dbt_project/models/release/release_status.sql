-- blank until publishing writes the row of the release
select
    cast(null as varchar) as release,
    cast(null as varchar) as period,
    cast(null as varchar) as status,
    cast(null as varchar) as planned_on
