{{ config(materialized='view') }}

-- For the force's own feed alone: fct_suspects has the same numbers, and weeks instead of the day.
select
    suspects.force,
    suspects.quarter,
    suspects.crime_reference,
    {{ number_on_crime('suspect', 'suspects') }} as suspect_number,
    suspects.arrested_on
from {{ ref('cpai_suspects') }} as suspects
