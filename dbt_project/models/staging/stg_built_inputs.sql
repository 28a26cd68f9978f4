select what, quarter, fingerprint
from {{ source('control', 'built_inputs') }}
