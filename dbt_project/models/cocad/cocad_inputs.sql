{#- What candidates of a quarter hang on beside its returns: links may reach it from any other quarter, readings come later. -#}

with

links as (
    select
        'links' as what,
        quarter,
        {{ fingerprint(['force', 'crime_reference', 'linked_force', 'linked_quarter', 'linked_crime_reference']) }} as fingerprint
    from {{ ref('cocad_linked_crimes') }}
    group by quarter
),

readings as (
    select
        force, crime_reference, version, role, reader, read_at, group_based, network_definition, offenders_read, criterion,
        committed_by_children, confidence, checks, round, is_standing
    from {{ ref('int_readings') }}
    union all
    -- a second reading that is due
    select
        force, crime_reference, version, role, null, null, null, null, null, null, null, null, null, round, null
    from {{ ref('int_reading_slots') }}
),

-- the quarters that a reference stands in: whether it is a candidate there is not known yet
read_crimes as (
    select crimes.quarter, readings.*
    from readings
    inner join {{ ref('cpai_crimes') }} as crimes
        on {{ same_key('crimes', 'readings', ['force', 'crime_reference']) }}
),

answers as (
    select
        'readings' as what,
        quarter,
        {{ fingerprint([
            'force', 'crime_reference', 'version', 'role', 'reader', 'read_at', 'group_based', 'network_definition',
            'offenders_read', 'criterion', 'committed_by_children', 'confidence', 'checks', 'round', 'is_standing',
        ]) }} as fingerprint
    from read_crimes
    group by quarter
)

select * from links
union all
select * from answers
