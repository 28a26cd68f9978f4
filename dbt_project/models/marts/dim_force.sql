select
    force,
    name,
    region,
    ons_code,
    crime_system,
    from_quarter,
    to_quarter
from {{ ref('forces') }}
