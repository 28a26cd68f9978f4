with

judged as (
    select force, quarter, crime_reference from {{ ref('cocad_settled_readings') }}
    union all
    select force, quarter, crime_reference from {{ ref('cocad_unread') }}
)

select force, quarter, crime_reference, count(judged.force) as times
from {{ ref('cocad_candidates') }}
left join judged using (force, quarter, crime_reference)
group by force, quarter, crime_reference
having count(judged.force) <> 1
