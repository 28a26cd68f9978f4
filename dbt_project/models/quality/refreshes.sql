{{ config(materialized='incremental', pre_hook="{{ forget(in_changed_return()) }}") }}

select * from {{ ref('int_record_changes') }}
where {{ in_changed_return() }}
