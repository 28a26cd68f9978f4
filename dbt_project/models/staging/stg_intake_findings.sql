select
    code,
    force,
    quarter,
    submission,
    record_type,
    "column" as field,
    records
from {{ source('raw', 'intake_findings') }}
