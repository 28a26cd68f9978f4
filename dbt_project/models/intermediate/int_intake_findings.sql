{{ config(materialized='ephemeral') }}

with

intake_findings as (
    select * from {{ ref('stg_intake_findings') }}
),

current_submissions as (
    select force, quarter, submission
    from {{ ref('int_submissions') }}
    where is_current
)

select intake_findings.*
from intake_findings
inner join current_submissions
    on {{ same_key('current_submissions', 'intake_findings', ['force', 'quarter', 'submission']) }}
