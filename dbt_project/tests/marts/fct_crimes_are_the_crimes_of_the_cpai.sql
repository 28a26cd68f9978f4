-- the fact is a view: no candidate, unread or COCAD row may lose or double a crime of the CPAI
with

counted as (
    select
        (select count(*) from {{ ref('cpai_crimes') }}) as cpai,
        (select count(*) from {{ ref('fct_crimes') }}) as fact,
        (select count(*) from {{ ref('cocad_crimes') }}) as cocad,
        (select count(*) from {{ ref('fct_crimes') }} where is_cocad) as cocad_in_fact
)

select *
from counted
where cpai <> fact or cocad <> cocad_in_fact
