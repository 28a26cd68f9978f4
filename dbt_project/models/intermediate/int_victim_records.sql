{{ config(materialized='view') }}

{{ current_records('victim') }}
