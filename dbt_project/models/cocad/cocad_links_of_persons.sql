{#-
    Which suspects and victims are on one crime of the CPAI. Within a force a person is identified by number, else by token;
    across forces by the token alone, and only where it was made from a name: strangers born on one day share a token
    made from a birth.
-#}
{{ config(materialized='incremental', pre_hook="{{ forget(in_reach()) }}") }}
{%- set crime = ['force', 'quarter', 'crime_reference'] -%}
{%- set crime_columns = crime | join(', ') -%}
with

counted as (
    select {{ crime_columns }} from {{ ref('cpai_crimes') }}
    where {{ in_reach() }}
),

{% for person, is_person in [('victim', 'is_person'), ('suspect', 'true')] -%}
{{ person }}s as (
    select
        {{ crime_columns }},
        'force' as linked_within,
        force || ' ' || {{ person_key(person ~ '_reference') }} as {{ person }}
    from {{ ref('int_' ~ person ~ 's') }}
    where {{ in_reach() }} and {{ is_person }} and {{ person_key(person ~ '_reference') }} is not null

    union all

    select {{ crime_columns }}, 'all forces' as linked_within, person_token as {{ person }}
    from {{ ref('int_' ~ person ~ 's') }}
    where {{ in_reach() }} and {{ is_person }} and is_named and person_token is not null
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
)

select * from edges
