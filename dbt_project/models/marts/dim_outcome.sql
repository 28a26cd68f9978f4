select
    code as outcome_code,
    meaning,
    outcome_group
from {{ ref('outcomes') }}
