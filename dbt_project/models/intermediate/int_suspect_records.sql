{{ config(materialized='view') }}

{{ current_records('suspect') }}
