select * from {{ ref('int_record_changes') }}
