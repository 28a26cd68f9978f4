{{ config(materialized='view') }}

with

records as (
    select * from {{ source('raw', 'crimes') }}
),

submissions as (
    select force, quarter, submission
    from {{ ref('stg_submissions') }}
    where is_current or is_superseded
),

final as (
    select records.*
    from records
    inner join submissions
        on {{ same_key('submissions', 'records', ['force', 'quarter', 'submission']) }}
)

select * from final
