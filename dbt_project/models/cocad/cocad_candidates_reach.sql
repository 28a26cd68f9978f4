{#- The quarters whose candidates a build draws again: macros/reach.sql. -#}
{{ config(
    materialized='incremental',
    pre_hook="{% if is_incremental() %}delete from {{ this }} where {{ last_build_was_whole() }}{% endif %}"
) }}

with

inputs as (
    select * from {{ ref('cocad_links_by_quarter') }}
),

built as (
    select * from {{ ref('int_built_inputs') }}
    where what = 'links'
),

changed_inputs as (
    select coalesce(inputs.quarter, built.quarter) as quarter
    from inputs
    full join built on inputs.quarter = built.quarter
    where inputs.fingerprint is distinct from built.fingerprint
),

reached as (
    select quarter from {{ ref('int_reach') }}
    union
    select quarter from changed_inputs
)

select quarter from reached
{%- if is_incremental() %}
-- what a build that came to no end was about stays
except
select quarter from {{ this }}
{%- endif %}
