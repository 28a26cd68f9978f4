{#- A step of figures, not a table: its schema is never made, and nothing publishes it. -#}
{{ config(materialized='ephemeral', schema='figure_steps', contract={'enforced': false}) }}

with

cpai_crimes as (
    select * from {{ ref('cpai_crimes') }}
    where {{ in_year_in_reach('quarter') }}
),

cocad_crimes as (
    select * from {{ ref('cocad_crimes') }}
    where {{ in_year_in_reach('quarter') }}
),

cocad_victims as (
    select * from {{ ref('cocad_victims') }}
    where {{ in_year_in_reach('quarter') }}
),

cocad_suspects as (
    select * from {{ ref('cocad_suspects') }}
    where {{ in_year_in_reach('quarter') }}
),

counted_flags as (
    select * from {{ ref('cocad_counted_flags') }}
    where {{ in_year_in_reach('quarter') }}
),

criteria as (
    select * from {{ ref('criteria') }}
),

scheme_criteria as (
    select * from {{ ref('cocad_scheme_criteria') }}
),

age_bands as (
    select * from {{ ref('age_bands') }}
),

{{ figure_counts() }}
