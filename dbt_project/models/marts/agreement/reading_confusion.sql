-- Pairs of answers to one question, counted: agreement is measured from them.
-- Readers are tokens: those who get a release need to know that two readers differ, not who they are.

with

readings as (
    select * from {{ ref('int_readings') }}
    -- an adjudicator saw both answers, so agreement with one is no evidence; a corrected answer does not count
    where role in ('first', 'second', 'gold') and is_standing
),

{{ candidates_read() }},

gold_items as (
    select * from {{ ref('gold_items') }}
),

scheme_criteria as (
    select * from {{ ref('cocad_scheme_criteria') }}
),

cocad_crimes as (
    select * from {{ ref('cocad_crimes') }}
),

named_readings as (
    select
        readings.*,
        candidates.quarter,
        {{ reader_token('readings.reader') }} as reader_token
    from readings
    inner join candidates
        on candidates.force = readings.force
        and candidates.crime_reference = readings.crime_reference
),

{% set answers = ['group_based', 'network_definition', 'criterion', 'committed_by_children'] -%}
-- the lesser token is on the left, whoever read first: a pair of readers is one pair
read_twice as (
    select
        one.force,
        one.quarter,
        one.reader_token || '+' || other.reader_token as readers
        {%- for side, reading in [('left', 'one'), ('right', 'other')] %}
        {%- for answer in answers %},
        {{ reading }}.{{ answer }} as {{ side }}_{{ answer }}
        {%- endfor %}
        {%- endfor %}
    from named_readings as one
    inner join named_readings as other
        on one.force = other.force
        and one.crime_reference = other.crime_reference
        and one.version = other.version
        and one.role <> other.role
        and one.role <> 'gold'
        and other.role <> 'gold'
        and one.reader_token < other.reader_token
),

read_beside_gold as (
    select
        named_readings.force,
        named_readings.quarter,
        named_readings.reader_token as readers
        {%- for answer in answers %},
        gold_items.{{ answer }} as left_{{ answer }},
        named_readings.{{ answer }} as right_{{ answer }}
        {%- endfor %}
    from named_readings
    inner join gold_items
        on gold_items.force = named_readings.force
        and gold_items.crime_reference = named_readings.crime_reference
        and gold_items.version = named_readings.version
),

{% for pairing, source in [('readers', 'read_twice'), ('gold', 'read_beside_gold')] -%}
{{ pairing }}_answers as (
    {%- for answer in answers if answer != 'criterion' %}
    select
        '{{ pairing }}' as pairing,
        '{{ answer }}' as question,
        force,
        quarter,
        readers,
        left_{{ answer }} as left_answer,
        right_{{ answer }} as right_answer
    from {{ source }}
    where
        left_{{ answer }} is not null
        and right_{{ answer }} is not null
        {%- if answer not in ['group_based', 'network_definition'] %}
        -- readers are asked this only about a group-based crime
        and left_group_based = 'yes'
        and right_group_based = 'yes'
        {%- endif %}
        {%- if answer == 'committed_by_children' %}
        and left_{{ answer }} <> 'not_collected'
        and right_{{ answer }} <> 'not_collected'
        {%- endif %}

    union all
    {%- endfor %}
    -- the criterion, as each scheme counts what was answered
    select
        '{{ pairing }}' as pairing,
        lefts.question,
        {{ source }}.force,
        {{ source }}.quarter,
        {{ source }}.readers,
        lefts.criterion as left_answer,
        rights.criterion as right_answer
    from {{ source }}
    inner join scheme_criteria as lefts
        on {{ source }}.left_criterion = lefts.criterion_read
        and coalesce({{ source }}.left_committed_by_children = 'yes', false) = lefts.by_children
    inner join scheme_criteria as rights
        on lefts.scheme = rights.scheme
        and {{ source }}.right_criterion = rights.criterion_read
        and coalesce({{ source }}.right_committed_by_children = 'yes', false) = rights.by_children
    where {{ source }}.left_group_based = 'yes' and {{ source }}.right_group_based = 'yes'
),

{% endfor -%}
-- the force's flag beside the settled reading, of the crimes in the COCAD
flag_answers as (
    {%- for question, flag, found, collected in [
        ('cse', 'cse_flag', "case when criterion = 'cse' then 'yes' else 'no' end", 'criterion is not null'),
        ('committed_by_children', 'children_flag', 'committed_by_children', "committed_by_children <> 'not_collected'"),
    ] %}
    select
        'force_flag' as pairing,
        '{{ question }}' as question,
        force,
        quarter,
        cast(null as varchar) as readers,
        case {{ flag }} when 'Y' then 'yes' when 'N' then 'no' else 'not_recorded' end as left_answer,
        {{ found }} as right_answer
    from cocad_crimes
    where {{ collected }}
    {%- if not loop.last %}

    union all
    {%- endif %}
    {%- endfor %}
),

paired_answers as (
    select * from readers_answers
    union all
    select * from gold_answers
    union all
    select * from flag_answers
),

dated as (
    select
        *,
        substr(quarter, 1, 4) as year
    from paired_answers
),

{% set cell = 'pairing, question, left_answer, right_answer' -%}
counted as (
    select
        pairing,
        question,
        case
            when grouping(force) = 0 then 'force'
            when grouping(readers) = 0 then 'readers'
            else 'all'
        end as slice_type,
        case
            when grouping(force) = 0 then force
            when grouping(readers) = 0 then readers
            else 'England and Wales'
        end as slice,
        case when grouping(quarter) = 0 then 'quarter' else 'year' end as period_type,
        case when grouping(quarter) = 0 then quarter else year end as period,
        left_answer,
        right_answer,
        count(*) as crimes
    from dated
    group by grouping sets (
        ({{ cell }}, quarter),
        ({{ cell }}, year),
        ({{ cell }}, force, quarter),
        ({{ cell }}, force, year),
        ({{ cell }}, readers, quarter),
        ({{ cell }}, readers, year)
    )
)

select
    cast(pairing as varchar) as pairing,
    cast(question as varchar) as question,
    cast(slice_type as varchar) as slice_type,
    cast(slice as varchar) as slice,
    cast(period_type as varchar) as period_type,
    cast(period as varchar) as period,
    cast(left_answer as varchar) as left_answer,
    cast(right_answer as varchar) as right_answer,
    cast(crimes as bigint) as crimes
from counted
-- a flag has no reader
where slice is not null
