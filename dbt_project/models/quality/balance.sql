{{ config(materialized='incremental', pre_hook="{{ forget(in_changed_return()) }}") }}
{%- set record_types = {'crimes': 'crime', 'victims': 'victim', 'suspects': 'suspect'} -%}
with

submissions as (
    select * from {{ ref('int_submissions') }}
    where (is_current or is_superseded) and {{ in_changed_return() }}
),

received as (
    select * from {{ ref('int_received_counts') }}
),

returned as (
    {% for record_type in record_types -%}
    select
        submissions.force,
        submissions.quarter,
        '{{ record_type }}' as record_type,
        sum(coalesce(received.records, 0)) as received,
        sum(case when submissions.is_superseded then coalesce(received.records, 0) else 0 end) as superseded
    from submissions
    left join received
        on received.record_type = '{{ record_type }}'
        and {{ same_key('received', 'submissions', ['force', 'quarter', 'submission']) }}
    group by submissions.force, submissions.quarter
    {{ 'union all' if not loop.last }}
    {% endfor %}
),

accepted as (
    {% for record_type in record_types -%}
    select force, quarter, '{{ record_type }}' as record_type, count(*) as records
    from {{ ref('int_' ~ record_type) }}
    where {{ in_changed_return() }}
    group by force, quarter
    {{ 'union all' if not loop.last }}
    {% endfor %}
),

rejected as (
    select force, quarter, record_type, count(*) as records
    from {{ ref('int_rejected_records') }}
    where {{ in_changed_return() }}
    group by force, quarter, record_type
),

duplicates as (
    {% for record_type, counted in {'crimes': '1', 'victims': 'persons', 'suspects': 'persons'}.items() -%}
    select force, quarter, '{{ record_type }}' as record_type, sum(records - {{ counted }}) as records
    from {{ ref('int_duplicate_' ~ record_type) }}
    where {{ in_changed_return() }}{{ " and disagreement is null" if counted == '1' }}
    group by force, quarter
    {{ 'union all' if not loop.last }}
    {% endfor %}
),

final as (
    select
        returned.force,
        returned.quarter,
        returned.record_type,
        cast(returned.received as bigint) as received,
        cast(coalesce(accepted.records, 0) as bigint) as accepted,
        cast(coalesce(rejected.records, 0) as bigint) as rejected,
        cast(coalesce(duplicates.records, 0) as bigint) as duplicate,
        cast(returned.superseded as bigint) as superseded
    from returned
    {%- for part in ['accepted', 'rejected', 'duplicates'] %}
    left join {{ part }}
        on {{ same_key(part, 'returned', ['force', 'quarter', 'record_type']) }}
    {%- endfor %}
)

select * from final
