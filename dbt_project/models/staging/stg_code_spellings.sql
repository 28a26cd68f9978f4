{%- set lists = [
    ('self_defined_ethnicity', 'self_defined_ethnicities', 'label', 'recode_to is not null'),
    ('observed_ethnicity', 'observed_ethnicities', 'label', 'false'),
    ('relationship', 'relationships', 'label', 'false'),
    ('outcome_code', 'outcomes', 'meaning', 'false'),
    ('cancellation_code', 'cancellation_codes', 'meaning', 'false'),
] -%}
with

spellings as (
    select * from {{ ref('code_spellings') }}
),

layouts as (
    select layout, max(based_on) as based_on
    from {{ ref('layouts') }}
    group by layout
),

-- what a list holds: each code, its label, and both in one cell
listed as (
    {% for field, list, label, older in lists %}
    select '{{ field }}' as field, code, {{ label }} as label, {{ older }} as is_older
    from {{ ref(list) }}
    {{ 'union all' if not loop.last }}
    {% endfor %}
),

-- labels reach us with an entity, a curly quote or a plain hyphen where the list has a dash or an apostrophe
labelled as (
    select field, code, label, is_older from listed
    union all
    select field, code, replace(replace(label, '–', '&#8211;'), '''', '&#39;') as label, is_older from listed
    union all
    select field, code, replace(replace(label, '–', '-'), '''', '’') as label, is_older from listed
),

written as (
    select field, layout, lower(trim(spelling)) as spelling, code, 1 as preference from spellings
    union all
    select field, null as layout, lower(code) as spelling, code, 2 as preference from spellings
    union all
    select field, null as layout, lower(code) as spelling, code, 2 as preference from listed
    union all
    -- Chinese is O1 under 16+1 and A4 under 18+1: the label alone means the newer code
    select
        field, null as layout, lower(label) as spelling, code,
        case when is_older then 4 else 3 end as preference
    from labelled
    union all
    select field, null as layout, lower(code || ' - ' || label) as spelling, code, 3 as preference from labelled
    union all
    select
        'self_defined_ethnicity' as field, null as layout, lower('esdd_' || code) as spelling, code, 3 as preference
    from {{ ref('self_defined_ethnicities') }}
    union all
    -- a bare number is only self-defined ethnicity in that column: elsewhere 1 is IC1, or male
    select
        'self_defined_ethnicity' as field, null as layout, pole_2023_number as spelling, code, 3 as preference
    from {{ ref('self_defined_ethnicities') }}
    where pole_2023_number is not null
),

-- a spelling without a layout is every layout's; a layout's own, or that of the layout it is based on, comes first
for_layout as (
    select
        written.field,
        layouts.layout,
        written.spelling,
        written.code,
        written.preference,
        case
            when written.layout = layouts.layout then 1
            when written.layout = layouts.based_on then 2
            else 3
        end as nearness
    from written
    inner join layouts
        on written.layout is null
        or written.layout = layouts.layout
        or written.layout = layouts.based_on
),

final as (
    select field, layout, spelling, code
    from for_layout
    qualify row_number() over (
        partition by field, layout, spelling order by nearness, preference, code
    ) = 1
)

select * from final
