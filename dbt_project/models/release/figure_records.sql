with

cpai_crimes as (
    select * from {{ ref('fct_crimes') }}
),

cocad_crimes as (
    select * from cpai_crimes where is_cocad
),

cocad_victims as (
    select *, victim_number as person_number from {{ ref('fct_victims') }}
),

cocad_suspects as (
    select *, suspect_number as person_number from {{ ref('fct_suspects') }}
),

counted_flags as (
    select * from {{ ref('fct_counted_flags') }}
),

criteria as (
    select * from {{ ref('dim_criterion') }}
),

scheme_criteria as (
    select * from {{ ref('dim_scheme_criterion') }}
),

age_bands as (
    select * from {{ ref('dim_age_band') }}
),

{{ figure_counts(by_record=true) }}
