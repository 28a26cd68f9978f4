{%- set lists = [
    ('self_defined_ethnicity', 'self_defined_ethnicities', 'label', 'recode_to is not null'),
    ('observed_ethnicity', 'observed_ethnicities', 'label', 'false'),
    ('relationship', 'relationships', 'label', 'false'),
    ('outcome_code', 'outcomes', 'meaning', 'false'),
    ('cancellation_code', 'cancellation_codes', 'meaning', 'false'),
    ('local_authority', 'local_authorities', 'name', 'false'),
    ('nationality', 'nationalities', 'name', 'false'),
] -%}
with recursive

spellings as (
    select * from {{ ref('code_spellings') }}
),

layouts as (
    select * from {{ ref('layouts') }}
),

-- each layout and all that it is based on, with the number of steps between
bases as (
    select distinct layout, layout as base, 0 as steps from layouts
    union
    select bases.layout, layouts.based_on as base, bases.steps + 1 as steps
    from bases
    inner join layouts on bases.base = layouts.layout
    where layouts.based_on is not null
),

-- the entries of a list: each code, its label, and both in one cell
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
    -- a bare number is self-defined ethnicity only in that column: elsewhere 1 is IC1, or male
    select
        'self_defined_ethnicity' as field, null as layout, pole_2023_number as spelling, code, 3 as preference
    from {{ ref('self_defined_ethnicities') }}
    where pole_2023_number is not null
),

layout_names as (
    select distinct layout from layouts
),

-- a layout's own spelling comes first, then that of the nearest layout it is based on, then every layout's
for_layout as (
    select written.field, bases.layout, written.spelling, written.code, written.preference, bases.steps
    from written
    inner join bases on written.layout = bases.base
    union all
    select
        written.field, layout_names.layout, written.spelling, written.code, written.preference,
        null as steps
    from written
    cross join layout_names
    where written.layout is null
),

final as (
    select field, layout, spelling, code
    from for_layout
    qualify row_number() over (
        partition by field, layout, spelling order by steps nulls last, preference, code
    ) = 1
)

select * from final
