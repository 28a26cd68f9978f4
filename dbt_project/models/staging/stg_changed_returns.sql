select force, quarter
from {{ source('control', 'changed_returns') }}
