{{ config(materialized='view') }}

select * from {{ ref('int_received_crimes') }}
where is_current
