{{ config(materialized='view') }}

with

records as (
    select * from {{ source('raw', 'crimes') }}
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
            when records.crime_reference is null or placeholders.spelling is not null then 'RE01'
            when records.offence_code is null or records.recorded_on is null or records.status is null
                then 'RE02'
            when {{ iso_date('records.recorded_on') }} is null then 'RE03'
        end as rule
    from records
    inner join current_submissions
        on current_submissions.force = records.force
        and current_submissions.quarter = records.quarter
        and current_submissions.submission = records.submission
    {{ placeholder_join('placeholders', 'records.crime_reference') }}
)

select * from final
