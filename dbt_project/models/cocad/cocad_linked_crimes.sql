{#-
    Two suspects who share two victims, across crimes. Within a force a person is identified by number, else by token;
    across forces by the token alone, and only where it was made from a name: strangers born on one day share a token
    made from a birth.
    Every step is an equal join on what the step before left over; a person on more crimes than the limit, such as a
    placeholder, is not followed, so no victim has more pairs than the limit squared.
-#}
{%- set crime = ['force', 'quarter', 'crime_reference'] -%}
{%- set crime_columns = crime | join(', ') -%}
with

limits as (
    select crimes as most_crimes from {{ ref('link_limits') }}
),

counted as (
    select {{ crime_columns }} from {{ ref('cpai_crimes') }}
),

{% for person, is_person in [('victim', 'is_person'), ('suspect', 'true')] -%}
{{ person }}s as (
    select
        {{ crime_columns }},
        'force' as linked_within,
        force || ' ' || {{ person_key(person ~ '_reference') }} as {{ person }}
    from {{ ref('int_' ~ person ~ 's') }}
    where {{ is_person }} and {{ person_key(person ~ '_reference') }} is not null

    union all

    select {{ crime_columns }}, 'all forces' as linked_within, person_token as {{ person }}
    from {{ ref('int_' ~ person ~ 's') }}
    where {{ is_person }} and is_named and person_token is not null
),

{% endfor -%}
edges as (
    select
        counted.force,
        counted.quarter,
        counted.crime_reference,
        suspects.suspect,
        victims.victim
    from suspects
    inner join victims
        on {{ same_key('victims', 'suspects', crime + ['linked_within']) }}
    inner join counted
        on {{ same_key('counted', 'suspects', crime) }}
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
