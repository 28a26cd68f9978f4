{#- A view: as tables the three take 40 s of a year 50 times that of 2023, and nothing in the build reads them. -#}
{{ config(materialized='view') }}

-- The force's person number is left out: it identifies a person across crimes, and no figure needs it.
select
    force,
    quarter,
    crime_reference,
    {{ number_on_crime('victim', 'victims') }} as victim_number,
    gender,
    gender_recorded,
    age_band,
    ethnicity_group,
    self_defined_ethnicity,
    ethnicity_missing_reason,
    observed_ethnicity,
    observed_ethnicity_group,
    disability,
    nationality
from {{ ref('cpai_victims') }} as victims
