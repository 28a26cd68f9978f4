{#- Which returns a build makes again, and how far a change of one reaches: macros/reach.sql. -#}

with

changed_returns as (
    select * from {{ ref('stg_changed_returns') }}
),

sent as (
    select * from {{ ref('int_references') }}
),

-- in whatever submission: a reference that a return has no more was in it before
changed_references as (
    select distinct sent.force, sent.crime_reference
    from sent
    inner join changed_returns
        on {{ same_key('changed_returns', 'sent', ['force', 'quarter']) }}
),

reached as (
    select force, quarter, true as is_changed
    from changed_returns
    union all
    select distinct sent.force, sent.quarter, false as is_changed
    from sent
    inner join changed_references
        on {{ same_key('changed_references', 'sent', ['force', 'crime_reference']) }}
)

select
    force,
    quarter,
    bool_or(is_changed) as is_changed
from reached
group by force, quarter
