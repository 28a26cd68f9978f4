{{ config(materialized='ephemeral') }}

select * from {{ ref('stg_built_inputs') }}
