select * from {{ source('raw', 'submissions') }}
where received_at <= {{ as_of() }}
