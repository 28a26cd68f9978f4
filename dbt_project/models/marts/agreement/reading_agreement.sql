{{ config(materialized='incremental', pre_hook="{{ forget(in_year_in_reach('period')) }}") }}

-- a model in Python cannot be incremental here: its temporary table is on a connection of its own
select * from {{ ref('measured_agreement') }}
where {{ in_year_in_reach('period') }}
