select * from {{ source('raw', 'crimes') }}
