select
    quarter,
    force,
    offence_class,
    cast(crimes as bigint) as crimes
from {{ source('raw', 'police_recorded_crime') }}
