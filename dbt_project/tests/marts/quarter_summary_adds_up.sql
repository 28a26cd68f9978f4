select *
from {{ ref('quarter_summary') }}
where
    crimes_received <> in_cpai + excluded
    or candidates <> read + unread
    or not (cocad <= read and candidates <= contact and contact <= in_cpai)
    or read < 0
