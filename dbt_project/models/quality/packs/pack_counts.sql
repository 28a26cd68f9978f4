{%- set key = ['force', 'quarter', 'crime_reference'] -%}
with

crimes as (
    select * from {{ ref('int_crimes') }}
),

cpai as (
    select * from {{ ref('cpai_crimes') }}
),

candidates as (
    select * from {{ ref('cocad_candidates') }}
),

final as (
    select
        crimes.force,
        crimes.quarter,
        count(*) as crimes,
        count(cpai.crime_reference) as cpai,
        count(*) filter (where cpai.is_image) as images,
        count(*) filter (where cpai.is_contact) as contact,
        -- what was drawn for recall was drawn by the centre, whatever the force sent
        count(*) filter (where candidates.reason <> 'recall_sample') as candidates
    from crimes
    left join cpai
        on {{ same_key('cpai', 'crimes', key) }}
    left join candidates
        on {{ same_key('candidates', 'crimes', key) }}
    group by crimes.force, crimes.quarter
)

select * from final
