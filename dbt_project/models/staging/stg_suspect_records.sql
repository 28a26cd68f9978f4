{{ config(materialized='view') }}

with

records as (
    select * from {{ source('raw', 'suspects') }}
),

current_submissions as (
    select force, quarter, submission
    from {{ ref('stg_submissions') }}
    where is_current
),

final as (
    select
        records.*,
        case
            when records.crime_reference is null or records.suspect_reference is null then 'RE01'
        end as rule
    from records
    inner join current_submissions
        on current_submissions.force = records.force
        and current_submissions.quarter = records.quarter
        and current_submissions.submission = records.submission
)

select * from final
