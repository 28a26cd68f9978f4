with

settled_or_unread as (
    select force, quarter, crime_reference from {{ ref('cocad_settled_readings') }}
    union all
    select force, quarter, crime_reference from {{ ref('cocad_unread') }}
)

select force, quarter, crime_reference, count(settled_or_unread.force) as times
from {{ ref('cocad_candidates') }}
left join settled_or_unread using (force, quarter, crime_reference)
group by force, quarter, crime_reference
having count(settled_or_unread.force) <> 1
