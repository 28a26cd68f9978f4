{#- What the COCAD of a quarter hangs on beside its candidates: readings come later. -#}
{%- set of_slot = ['force', 'crime_reference', 'version', 'role', 'round'] -%}
{%- set of_reading = [
    'force', 'crime_reference', 'version', 'role', 'reader', 'read_at', 'group_based', 'network_definition', 'offenders_read',
    'criterion', 'committed_by_children', 'confidence', 'checks', 'round', 'is_standing',
] -%}

with

readings as (
    select {{ of_reading | join(', ') }} from {{ ref('int_readings') }}
    union all
    -- a second reading that is due
    select
        {%- for column in of_reading %}
        {{ column if column in of_slot else 'null' }}{{ ',' if not loop.last }}
        {%- endfor %}
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
        {{ fingerprint(of_reading) }} as fingerprint
    from read_crimes
    group by quarter
)

select * from answers
