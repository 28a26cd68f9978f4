select force, quarter, crime_reference
from {{ ref('cpai_victims') }}
where (ethnicity_group is null) = (ethnicity_missing_reason is null)
union all
select force, quarter, crime_reference
from {{ ref('cpai_suspects') }}
where (ethnicity_group is null) = (ethnicity_missing_reason is null)
