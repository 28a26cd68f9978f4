-- A layout whose rows were removed from the seeds after its force changed: the codes of its submissions, replaced ones
-- included, would be in no list. Put the rows back into seeds/layouts; a layout ends in force_layouts.csv and is never
-- removed.
{% for record_type in ['crimes', 'victims', 'suspects'] -%}
select distinct records.layout
from {{ source('raw', record_type) }} as records
left join {{ ref('layouts') }} as layouts on records.layout = layouts.layout
where layouts.layout is null
{{ 'union' if not loop.last }}
{% endfor %}
