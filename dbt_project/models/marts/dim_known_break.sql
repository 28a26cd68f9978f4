select
    cast(known_breaks.start as date) as starts_on,
    cast(known_breaks."end" as date) as ends_on,
    forces.force,
    known_breaks.what,
    known_breaks.kind
from {{ ref('known_breaks') }} as known_breaks
left join {{ ref('forces') }} as forces
    on known_breaks.scope = forces.prc_name
