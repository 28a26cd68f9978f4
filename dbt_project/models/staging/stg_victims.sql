select * from {{ source('raw', 'victims') }}
