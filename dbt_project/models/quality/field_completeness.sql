{%- set known = "{0} is not null and {0} <> 'unmapped'" -%}
{#- when a field counts as known: in a force's pack and in its profile -#}
{%- set person = {
    'gender': 'gender_recorded',
    'age_at_offence': 'age_at_offence is not null',
    'self_defined_ethnicity': 'ethnicity_group is not null',
    'observed_ethnicity': 'observed_ethnicity_group is not null',
    'disability': known.format('disability'),
    'nationality': known.format('nationality'),
} -%}
{%- set suspect = {
    'identified': known.format('identified'),
    'relationship': 'relationship_group is not null',
} -%}
{%- set crime = {
    'reported_on': 'reported_on is not null',
    'committed_from': 'committed_from is not null',
    'committed_to': 'committed_to is not null',
    'offenders_stated': 'offenders_stated is not null',
} -%}
{%- for field in ['csa_flag', 'cse_flag', 'online_flag', 'children_flag', 'location_type', 'local_authority',
    'outcome_code'] -%}
    {%- do crime.update({field: known.format(field)}) -%}
{%- endfor -%}
{%- set fields = {
    'crimes': ('cpai_crimes', crime),
    'victims': ('cpai_victims', person),
    'suspects': ('cpai_suspects', dict(person, **suspect)),
} -%}
{%- set place = ['force', 'quarter'] -%}
{%- set series = ['force', 'record_type', 'field'] -%}
with recursive

submissions as (
    select force, quarter, layout
    from {{ ref('int_submissions') }}
    where is_current
),

layouts as (
    select distinct layout, based_on from {{ ref('layouts') }}
),

layout_columns as (
    select * from {{ ref('layout_columns') }}
),

-- each layout and all that it is based on
bases as (
    select distinct layout, layout as base from layouts
    union
    select bases.layout, layouts.based_on as base
    from bases
    inner join layouts on bases.base = layouts.layout
    where layouts.based_on is not null
),

columns_sent as (
    select distinct bases.layout, layout_columns.record_type, layout_columns."column" as field
    from bases
    inner join layout_columns on bases.base = layout_columns.layout
),

-- a column that stands in every layout before anybody was asked to fill it
collected as (
    select 'children_flag' as field, min(children_collected_from) as from_quarter
    from {{ ref('criteria') }}
),

{% for record_type, (model, known_when) in fields.items() -%}
{{ record_type }} as (
    select
        force,
        quarter,
        {%- for field, condition in known_when.items() %}
        count(*) filter (where {{ condition }}) as {{ field }},
        {%- endfor %}
        count(*) as records
    from {{ ref(model) }}
    group by force, quarter
),

{% endfor -%}
counted as (
    {%- for record_type, (model, known_when) in fields.items() %}
    {%- set last_type = loop.last %}
    {%- for field in known_when %}
    select force, quarter, '{{ record_type }}' as record_type, '{{ field }}' as field, records, {{ field }} as known
    from {{ record_type }}
    {{ 'union all' if not (last_type and loop.last) }}
    {%- endfor %}
    {%- endfor %}
),

shares as (
    select
        counted.force,
        counted.quarter,
        counted.record_type,
        counted.field,
        counted.records,
        columns_sent.field is not null and counted.quarter >= coalesce(collected.from_quarter, counted.quarter)
            as is_collected,
        counted.known as known_if_collected,
        1.0 * counted.known / counted.records as share,
        {{ wilson_low('counted.known', 'counted.records') }} as low,
        {{ wilson_high('counted.known', 'counted.records') }} as high
    from counted
    inner join submissions
        on {{ same_key('submissions', 'counted', place) }}
    left join columns_sent
        on submissions.layout = columns_sent.layout
        and {{ same_key('columns_sent', 'counted', ['record_type', 'field']) }}
    left join collected
        on counted.field = collected.field
),

compared as (
    select
        shares.*,
        earlier.share as earlier_share,
        shares.share - earlier.share as change,
        -- Newcombe: the interval of a difference from the two intervals of Wilson
        sqrt(power(shares.share - shares.low, 2) + power(earlier.high - earlier.share, 2)) as fall,
        sqrt(power(shares.high - shares.share, 2) + power(earlier.share - earlier.low, 2)) as rise
    from shares
    left join shares as earlier
        on {{ same_key('earlier', 'shares', series) }}
        and {{ quarter_number('earlier.quarter') }} + 1 = {{ quarter_number('shares.quarter') }}
        and earlier.is_collected
        and shares.is_collected
)

select
    force,
    quarter,
    record_type,
    field,
    is_collected,
    cast(records as bigint) as records,
    cast(case when is_collected then known_if_collected end as bigint) as known,
    cast(case when is_collected then round(100 * share, 1) end as decimal(4, 1)) as percent,
    cast(case when is_collected then round(100 * low, 1) end as decimal(4, 1)) as percent_low,
    cast(case when is_collected then round(100 * high, 1) end as decimal(4, 1)) as percent_high,
    cast(round(100 * change, 1) as decimal(5, 1)) as change_in_points,
    case
        when change is null then null
        when change - fall > 0 then 'up'
        when change + rise < 0 then 'down'
        else 'no_clear_change'
    end as trend
from compared
