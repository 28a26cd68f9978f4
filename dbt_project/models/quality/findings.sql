-- One row per record and rule it breaks. Keys and code words only: no value of a record comes here.

with

return_findings as (
    select * from {{ ref('return_findings') }}
),

findings_across_returns as (
    {{ findings_of(judged_across_returns()) }}
)

select * from return_findings
union all
select * from findings_across_returns
