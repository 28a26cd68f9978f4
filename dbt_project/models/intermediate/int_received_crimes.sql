{{ config(materialized='view') }}

with

records as (
    select * from {{ ref('stg_crimes') }}
),

submissions as (
    select force, quarter, submission, is_current
    from {{ ref('int_submissions') }}
    where is_current or is_superseded
),

final as (
    select
        records.*,
        submissions.is_current,
        case
            when records.crime_reference is null or placeholders.spelling is not null then 'RE01'
            when records.offence_code is null or records.recorded_on is null or records.status is null
                then 'RE02'
            when {{ iso_date('records.recorded_on') }} is null then 'RE03'
        end as rule
    from records
    inner join submissions
        on {{ same_key('submissions', 'records', ['force', 'quarter', 'submission']) }}
    {{ placeholder_join('placeholders', 'records.crime_reference') }}
)

select * from final
