select
    published_on,
    file,
    file_sha256,
    quarter,
    force,
    offence_class,
    cast(crimes as bigint) as crimes
from {{ source('raw', 'police_recorded_crime') }}
-- as of a moment: by the day of publication, because a file that landed later was already public
where published_on <= {{ as_of() }}
