select
    slot,
    force,
    quarter,
    crime_reference,
    version,
    role,
    round,
    because
from {{ source('raw', 'reading_slots') }}
where opened_at <= {{ as_of() }}
