-- The force's person number stays below: it says who across crimes, and no figure needs it.
select
    force,
    quarter,
    crime_reference,
    cast(
        row_number() over (partition by force, quarter, crime_reference order by victim_reference) as integer
    ) as victim_number,
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
from {{ ref('cpai_victims') }}
