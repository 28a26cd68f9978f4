-- A layout whose rows were taken out of the seeds once its force changed: the codes of what came in it, replaced
-- submissions included, would be in no list any more. Put the rows back into seeds/layouts; a layout is ended in
-- force_layouts.csv, never removed.
{% for record_type in ['crimes', 'victims', 'suspects'] -%}
select distinct records.layout
from {{ source('raw', record_type) }} as records
left join {{ ref('layouts') }} as layouts on records.layout = layouts.layout
where layouts.layout is null
{{ 'union' if not loop.last }}
{% endfor %}
