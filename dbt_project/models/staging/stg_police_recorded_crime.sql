select
    published_on,
    file,
    file_sha256,
    quarter,
    force,
    offence_class,
    cast(crimes as bigint) as crimes,
    -- of a force and quarter the release published last counts: later ones revise earlier ones
    published_on = max(published_on) over (partition by force, quarter) as is_newest
from {{ source('raw', 'police_recorded_crime') }}
-- as of a moment: by the day of publication, for a file that landed later was public all the same
where published_on <= {{ as_of() }}
