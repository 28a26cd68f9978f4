{{ config(materialized='view') }}

with

records as (
    select * from {{ ref('stg_suspects') }}
),

current_submissions as (
    select force, quarter, submission
    from {{ ref('int_submissions') }}
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
        on {{ same_key('current_submissions', 'records', ['force', 'quarter', 'submission']) }}
)

select * from final
