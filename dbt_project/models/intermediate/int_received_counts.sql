{{ config(materialized='ephemeral') }}
-- counted from the raw records themselves, so that a record lost later shows as a difference
{% for record_type in ['crimes', 'victims', 'suspects'] -%}
select '{{ record_type }}' as record_type, force, quarter, submission, count(*) as records
from {{ ref('stg_' ~ record_type) }}
group by force, quarter, submission
{{ 'union all' if not loop.last }}
{% endfor %}
