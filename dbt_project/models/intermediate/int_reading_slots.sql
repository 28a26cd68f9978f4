{{ config(materialized='ephemeral') }}

select * from {{ ref('stg_reading_slots') }}
