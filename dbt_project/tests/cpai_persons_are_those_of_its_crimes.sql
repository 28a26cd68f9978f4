-- persons never multiply crimes, nor get lost from them
with

on_crimes as (
    select sum(victim_rows) as victims, sum(suspect_rows) as suspects from {{ ref('cpai_crimes') }}
),

victims as (
    select count(*) as victims from {{ ref('cpai_victims') }}
),

suspects as (
    select count(*) as suspects from {{ ref('cpai_suspects') }}
)

select on_crimes.*
from on_crimes
cross join victims
cross join suspects
where coalesce(on_crimes.victims, 0) <> victims.victims
    or coalesce(on_crimes.suspects, 0) <> suspects.suspects
