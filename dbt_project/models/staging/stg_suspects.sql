select * from {{ source('raw', 'suspects') }}
