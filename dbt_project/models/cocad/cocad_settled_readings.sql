{{ config(materialized='incremental', pre_hook="{{ forget(in_quarter_in_reach()) }}") }}
with

candidates as (
    select * from {{ ref('cocad_candidates') }}
    where {{ in_quarter_in_reach() }}
),

readings as (
    select * from {{ ref('int_readings') }}
    -- an answer to a gold item measures the reader, and does not settle the candidate
    where is_standing and role <> 'gold'
),

-- a second reading is due: the first alone settles nothing
second_readers as (
    select
        force,
        crime_reference,
        version,
        round
    from {{ ref('int_reading_slots') }}
    where role = 'second'
),

-- readings of the current version of the candidate: readings of an earlier version do not count
current_readings as (
    select
        candidates.quarter,
        readings.*,
        second_readers.force is not null as is_read_by_two
    from readings
    inner join candidates
        on {{ same_key('candidates', 'readings', ['force', 'crime_reference', 'version']) }}
    left join second_readers
        on {{ same_key('second_readers', 'readings', ['force', 'crime_reference', 'version', 'round']) }}
),

{% set judgements = [
    'group_based', 'network_definition', 'criterion', 'committed_by_children', 'offenders_read'
] -%}
by_role as (
    select
        force,
        quarter,
        crime_reference,
        version,
        cast(count(*) as integer) as readings,
        bool_or(is_read_by_two) as is_read_by_two,
        count(*) filter (where role = 'adjudicator') > 0 as has_adjudicator,
        count(*) filter (where role = 'first') > 0 as has_first,
        count(*) filter (where role = 'second') > 0 as has_second
        {%- for role in ['adjudicator', 'first', 'second'] %}
        {%- for judgement in judgements %},
        max({{ judgement }}) filter (where role = '{{ role }}') as {{ role }}_{{ judgement }}
        {%- endfor %}
        {%- endfor %}
    from current_readings
    group by force, quarter, crime_reference, version
),

settled as (
    select
        *,
        case
            when has_adjudicator then 'adjudicator'
            when has_first and has_second then
                case
                    when
                        coalesce(first_group_based, '') = coalesce(second_group_based, '')
                        and coalesce(first_criterion, '') = coalesce(second_criterion, '')
                        and (
                            coalesce(first_committed_by_children, '') = coalesce(second_committed_by_children, '')
                            -- one reader may leave children blank where a crime is not group-based
                            or (
                                coalesce(first_group_based, '') <> 'yes'
                                and 'not_collected' in (first_committed_by_children, second_committed_by_children)
                            )
                        )
                        then 'agreement'
                end
            when not is_read_by_two then 'only'
        end as settled_by
    from by_role
),

final as (
    select
        force,
        quarter,
        crime_reference,
        version,
        {% for judgement in ['group_based', 'criterion', 'committed_by_children'] -%}
        case
            when settled_by = 'adjudicator' then adjudicator_{{ judgement }}
            when has_first then first_{{ judgement }}
            else second_{{ judgement }}
        end as {{ judgement }},
        {% endfor -%}
        -- readers who agree may differ here: then it is left open
        case
            when settled_by = 'adjudicator' then adjudicator_network_definition
            when first_network_definition <> second_network_definition then 'cannot_tell'
            else coalesce(first_network_definition, second_network_definition)
        end as network_definition,
        -- nor is the same answer required here: the greater count is taken
        case
            when settled_by = 'adjudicator' then adjudicator_offenders_read
            else greatest(
                coalesce(first_offenders_read, second_offenders_read),
                coalesce(second_offenders_read, first_offenders_read)
            )
        end as offenders_read,
        settled_by,
        readings
    from settled
    where settled_by is not null
)

select * from final
