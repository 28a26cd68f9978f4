{{ config(materialized='incremental', pre_hook="{{ forget(in_changed_return()) }}") }}
{{ duplicate_persons('suspect', person_columns('suspect')) }}
