{#- The quarters whose readings and figures a build makes again: macros/reach.sql. -#}
{{ config(materialized='incremental', pre_hook="{{ forget(last_build_was_whole()) }}") }}

with

{{ changed_inputs('readings', ref('cocad_readings_by_quarter')) }},

changed as (
    select quarter from {{ ref('cocad_candidates_reach') }}
    union
    select quarter from changed_inputs
),

crimes as (
    select * from {{ ref('cpai_crimes') }}
),

-- a reference counted in two quarters is read as one crime, and a link may reach one of the two alone
reached as (
    select quarter from changed
    {%- if not is_incremental() %}
    union
    -- the first year of the collection has its rows before anything is received
    select min(from_quarter) as quarter from {{ ref('criteria') }}
    {%- endif %}
    union
    select others.quarter
    from crimes
    inner join changed on crimes.quarter = changed.quarter
    inner join crimes as others
        on {{ same_key('others', 'crimes', ['force', 'crime_reference']) }}
)

select quarter from reached
{{ not_here_yet('quarter') }}
