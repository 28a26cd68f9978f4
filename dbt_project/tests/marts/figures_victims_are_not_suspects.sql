-- A report of 2024 printed one ethnicity table twice, for victims and for perpetrators. Two tables of persons that are
-- the same cell for cell are one table. With a hundred and more persons in four and more cells that is no chance.
with

victims as (
    select * from {{ ref('figures') }} where unit = 'victim'
),

suspects as (
    select * from {{ ref('figures') }} where unit = 'suspect'
)

select
    victims.criterion,
    victims.breakdown,
    victims.place_type,
    victims.place,
    victims.period
from victims
inner join suspects
    on victims.criterion = suspects.criterion
    and victims.breakdown = suspects.breakdown
    and victims.category = suspects.category
    and victims.place_type = suspects.place_type
    and victims.place = suspects.place
    and victims.period = suspects.period
where victims.breakdown in ('sde', 'age_band') and victims.denominator >= 100
group by victims.criterion, victims.breakdown, victims.place_type, victims.place, victims.period
having
    count(*) filter (where victims.numerator > 0) >= 4
    and count(*) filter (where victims.numerator <> suspects.numerator) = 0
