{{ config(materialized='view') }}

with

records as (
    select * from {{ ref('int_received_crimes') }}
    where not is_current
),

offence_spellings as (
    select * from {{ ref('int_offence_spellings') }}
),

final as (
    select
        records.force,
        records.quarter,
        records.submission,
        records.crime_reference,
        records.rule,
        records.offence_code as offence_code_sent,
        offence_spellings.offence_code,
        offence_spellings.offence_class,
        {{ code_of('status_codes', 'status', 'records') }} as status,
        {{ code_of('csa_codes', 'csa_flag', 'records') }} as csa_flag,
        {{ code_of('cse_codes', 'cse_flag', 'records') }} as cse_flag,
        {{ iso_date('records.recorded_on') }} as recorded_on,
        {{ iso_date('records.committed_from') }} as committed_from,
        {{ iso_date('records.committed_to') }} as committed_to
    from records
    left join offence_spellings on offence_spellings.spelling = records.offence_code
    {{ code_join('status_codes', 'status', 'status', 'records') }}
    {{ code_join('csa_codes', 'flag', 'csa_flag', 'records') }}
    {{ code_join('cse_codes', 'flag', 'cse_flag', 'records') }}
)

select * from final
