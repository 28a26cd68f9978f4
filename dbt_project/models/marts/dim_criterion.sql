select
    scheme,
    criterion,
    from_quarter,
    to_quarter,
    sort_order,
    children_collected_from
from {{ ref('criteria') }}
