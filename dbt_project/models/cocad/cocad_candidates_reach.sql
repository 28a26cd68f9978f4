{#- The quarters whose candidates a build draws again: macros/reach.sql. -#}
{{ config(materialized='incremental', pre_hook="{{ forget(last_build_was_whole()) }}") }}

with

{{ changed_inputs('links', ref('cocad_links_by_quarter')) }},

reached as (
    select quarter from {{ ref('int_reach') }}
    union
    select quarter from changed_inputs
)

select quarter from reached
{{ not_here_yet('quarter') }}
