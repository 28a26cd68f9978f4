{#-
    Two suspects who share two victims, across crimes.
    Every step is an equal join on what the step before left over; a person on more crimes than the limit, such as a
    placeholder, is not followed, so no victim has more pairs than the limit squared.
-#}
with

limits as (
    select crimes as most_crimes from {{ ref('link_limits') }}
),

edges as (
    select * from {{ ref('cocad_links_of_persons') }}
),

-- few suspects have several victims, and few of their victims several of those suspects
suspects_of_several as (
    select suspect
    from edges
    cross join limits
    group by suspect
    having min(victim) < max(victim) and count(*) <= max(most_crimes)
),

edges_of_suspects as (
    select edges.*
    from edges
    inner join suspects_of_several on edges.suspect = suspects_of_several.suspect
),

victims_of_several as (
    select victim
    from edges_of_suspects
    cross join limits
    group by victim
    having min(suspect) < max(suspect) and count(*) <= max(most_crimes)
),

meetings as (
    select edges_of_suspects.*
    from edges_of_suspects
    inner join victims_of_several on edges_of_suspects.victim = victims_of_several.victim
),

-- two suspects at one of their victims, from either side
shared as (
    select
        least(one.suspect, other.suspect) || '|' || greatest(one.suspect, other.suspect) as pair,
        one.victim,
        one.force,
        one.quarter,
        one.crime_reference
    from meetings as one
    inner join meetings as other
        on one.victim = other.victim
        and one.suspect <> other.suspect
),

pairs as (
    select pair
    from shared
    group by pair
    having min(victim) < max(victim)
),

pair_crimes as (
    select distinct shared.pair, shared.force, shared.quarter, shared.crime_reference
    from shared
    inner join pairs on shared.pair = pairs.pair
),

final as (
    select distinct
        pair_crimes.force,
        pair_crimes.quarter,
        pair_crimes.crime_reference,
        others.force as linked_force,
        others.quarter as linked_quarter,
        others.crime_reference as linked_crime_reference
    from pair_crimes
    inner join pair_crimes as others
        on pair_crimes.pair = others.pair
        and (
            pair_crimes.force <> others.force
            or pair_crimes.crime_reference <> others.crime_reference
        )
)

select * from final
