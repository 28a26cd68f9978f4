{{ config(materialized='ephemeral') }}
{#- columns that change when a return is sent again: late ethnicity, outcomes, cancellations, reclassification -#}
{%- set persons = ['gender', 'age_at_offence', 'self_defined_ethnicity', 'observed_ethnicity'] -%}
{%- set compared = {
    'crimes': (
        ['crime_reference'],
        ['offence_code', 'recorded_on', 'status', 'csa_flag', 'cse_flag', 'offenders_stated', 'outcome_code'],
    ),
    'victims': (['crime_reference', 'victim_reference'], persons),
    'suspects': (['crime_reference', 'suspect_reference'], persons + ['relationship']),
} -%}
{#- the code list of a column's spellings: the same code in another spelling, as of another layout, is no change -#}
{%- set lists = {
    'status': 'status', 'csa_flag': 'flag', 'cse_flag': 'flag', 'outcome_code': 'outcome_code', 'gender': 'gender',
    'self_defined_ethnicity': 'self_defined_ethnicity', 'observed_ethnicity': 'observed_ethnicity',
    'relationship': 'relationship',
} -%}
{%- set place = ['force', 'quarter'] -%}
with

submissions as (
    select * from {{ ref('int_submissions') }}
),

replaced as (
    select force, quarter, max(submission) as replaced_submission
    from submissions
    where is_superseded
    group by force, quarter
),

refreshed as (
    select submissions.force, submissions.quarter, submissions.submission, replaced.replaced_submission
    from submissions
    inner join replaced
        on {{ same_key('replaced', 'submissions', place) }}
    where submissions.is_current
),

versions as (
    select force, quarter, replaced_submission as submission, false as is_later
    from refreshed
    union all
    select force, quarter, submission, true as is_later
    from refreshed
),

{% for record_type, (key, columns) in compared.items() -%}
{{ record_type }}_read as (
    select
        {% for column in place + key -%}
        records.{{ column }},
        {% endfor -%}
        versions.is_later,
        {% for column in columns -%}
        {%- if column == 'offence_code' -%}
        coalesce(offence_spellings.offence_code, records.offence_code) as offence_code
        {%- elif column in lists -%}
        coalesce({{ column }}_codes.code, records.{{ column }}) as {{ column }}
        {%- else -%}
        records.{{ column }}
        {%- endif -%}
        {{ ',' if not loop.last }}
        {% endfor %}
    from {{ ref('stg_' ~ record_type) }} as records
    inner join versions
        on {{ same_key('versions', 'records', place + ['submission']) }}
    {% for column in columns if column in lists -%}
    {{ code_join(column ~ '_codes', lists[column], column, 'records') }}
    {% endfor %}
    {%- if 'offence_code' in columns %}
    left join {{ ref('int_offence_spellings') }} as offence_spellings
        on offence_spellings.spelling = records.offence_code
    {%- endif %}
),

-- both versions in one pass over the files; a flat file repeats a record with the same values
{{ record_type }}_compared as (
    select
        records.force,
        records.quarter,
        {% for column in key -%}
        records.{{ column }},
        {% endfor -%}
        bool_and(records.is_later) as is_added,
        not bool_or(records.is_later) as is_gone,
        {% for column in columns -%}
        coalesce(max(records.{{ column }}) filter (where records.is_later), '')
        <> coalesce(max(records.{{ column }}) filter (where not records.is_later), '') as {{ column }}_differs,
        count(records.{{ column }}) filter (where not records.is_later) = 0 as {{ column }}_was_blank
        {{- ',' if not loop.last }}
        {% endfor %}
    from {{ record_type }}_read as records
    where records.{{ key | last }} is not null
    group by
        records.force,
        records.quarter
        {%- for column in key %},
        records.{{ column }}
        {%- endfor %}
),

{% endfor -%}
changes as (
    {% for record_type, (key, columns) in compared.items() -%}
    select force, quarter, '{{ record_type }}' as record_type, 'added' as change, 0 as filled, count(*) as records
    from {{ record_type }}_compared
    where is_added
    group by force, quarter
    union all
    select force, quarter, '{{ record_type }}' as record_type, 'gone' as change, 0 as filled, count(*) as records
    from {{ record_type }}_compared
    where is_gone
    group by force, quarter
    {% for column in columns -%}
    union all
    select
        force,
        quarter,
        '{{ record_type }}' as record_type,
        '{{ column }}' as change,
        count(*) filter (where {{ column }}_was_blank) as filled,
        count(*) as records
    from {{ record_type }}_compared
    where {{ column }}_differs and not is_added and not is_gone
    group by force, quarter
    {% endfor -%}
    {{ 'union all' if not loop.last }}
    {% endfor %}
),

final as (
    select
        changes.force,
        changes.quarter,
        refreshed.submission,
        refreshed.replaced_submission,
        changes.record_type,
        changes.change,
        cast(changes.filled as bigint) as filled,
        cast(changes.records as bigint) as records
    from changes
    inner join refreshed
        on {{ same_key('refreshed', 'changes', place) }}
)

select * from final
