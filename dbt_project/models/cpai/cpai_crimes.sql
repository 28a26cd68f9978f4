{{ config(materialized='view') }}

with

classified_crimes as (
    select * from {{ ref('cpai_classified_crimes') }}
    where exclusion_reason is null
),

described as (
    select
        *,
        -- class 86 without a sub-code is here only because its flag let it in as an image
        image in ('Y', 'C') as is_image,
        coalesce(reported_on, recorded_on) as known_on,
        -- a last day after the crime was recorded is not possible: recency is then not known
        case
            when coalesce(committed_to, committed_from) <= recorded_on then coalesce(committed_to, committed_from)
        end as last_day_of_offence
    from classified_crimes
),

final as (
    select
        force,
        quarter,
        crime_reference,
        incident_reference,
        offence_code,
        offence_class,
        offence_group,
        names_a_child,
        is_image,
        -- E, either, counts: the published 67.6% of the CPAI is reached only with it; grooming (88A) is N
        not is_image and contact in ('Y', 'E') as is_contact,
        recorded_on,
        substr(cast(recorded_on as varchar), 1, 7) as month,
        reported_on,
        committed_from,
        committed_to,
        case
            when last_day_of_offence is null then 'unknown'
            when known_on <= {{ a_year_after('last_day_of_offence') }} then 'recent'
            else 'non_recent'
        end as recency,
        csa_flag,
        cse_flag,
        online_flag,
        children_flag,
        offenders_stated,
        suspect_rows,
        victim_rows,
        location_type,
        local_authority,
        outcome_code,
        outcome_on,
        inclusion_rule
    from described
)

select * from final
