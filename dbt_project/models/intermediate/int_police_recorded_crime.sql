select
    *,
    -- the release published last counts for a force and quarter: later releases revise earlier ones
    published_on = max(published_on) over (partition by force, quarter) as is_newest
from {{ ref('stg_police_recorded_crime') }}
