{{ config(materialized='incremental', pre_hook="{{ forget(in_changed_return()) }}") }}
{{ duplicate_persons('victim', person_columns('victim')) }}
