{#
    What figures count: the cells that they are summed from, or, `by_record`, the records themselves. One text gives both, so
    that the records behind a figure are those that were counted.

    Needs the CTEs cpai_crimes, cocad_crimes, cocad_victims, cocad_suspects, counted_flags, criteria, scheme_criteria and
    age_bands. `by_record` needs `person_number` of victims, suspects and flags too, and has it and `crime_reference` beside
    each cell: of a record there is one.
#}
{% macro figure_counts(by_record=false) -%}
{%- set record = ['crime_reference', 'person_number'] if by_record else [] -%}
{#- What every count is cut by, before any breakdown. -#}
{%- set cut = (['force', 'quarter', 'month', 'criterion', 'committed_by_children'] + record) | join(', ') -%}
children_collected as (
    select min(children_collected_from) as from_quarter
    from criteria
),

crimes as (
    select
        cocad_crimes.force,
        cocad_crimes.quarter,
        cocad_crimes.month,
        cocad_crimes.crime_reference,
        cocad_crimes.criterion,
        -- null where it was not collected: such a crime is not in a base of the children's figures
        case
            when cocad_crimes.quarter >= children_collected.from_quarter
                then nullif(cocad_crimes.committed_by_children, 'not_collected')
        end as committed_by_children,
        cocad_crimes.recency,
        cocad_crimes.offence_group
        {%- if by_record %},
        cast(null as integer) as person_number
        {%- endif %}
    from cocad_crimes
    cross join children_collected
),

-- One pass over each table: every breakdown is a grouping set of it. At 50 times the year of 2023 the persons are
-- 0.6 million rows and the CPAI 5.8 million; nothing below this reads more than a few hundred thousand cells.
cpai_cells as (
    select
        force,
        quarter,
        month,
        is_contact,
        offence_group,
        {%- if by_record %}
        crime_reference,
        cast(null as integer) as person_number,
        {%- endif %}
        count(*) as records
    from cpai_crimes
    group by force, quarter, month, is_contact, offence_group{{ ', crime_reference' if by_record }}
),

crime_cells as (
    select
        {{ cut }},
        case
            when grouping(recency) = 0 then 'recency'
            when grouping(offence_group) = 0 then 'offence_group'
            else 'total'
        end as breakdown,
        case
            when grouping(recency) = 0 then recency
            when grouping(offence_group) = 0 then offence_group
            else 'all'
        end as category,
        count(*) as records
    from crimes
    group by grouping sets (
        ({{ cut }}),
        ({{ cut }}, recency),
        ({{ cut }}, offence_group)
    )
),

victims as (
    select
        crimes.force,
        crimes.quarter,
        crimes.month,
        crimes.criterion,
        crimes.committed_by_children,
        -- the published base is these two: 3,012 and 865 make up the 3,877 victims of recorded gender
        case when cocad_victims.gender in ('female', 'male') then cocad_victims.gender end as gender,
        {%- if by_record %}
        crimes.crime_reference,
        cocad_victims.person_number,
        {%- endif %}
        cocad_victims.age_band,
        cocad_victims.ethnicity_group as sde
    from cocad_victims
    inner join crimes
        on cocad_victims.force = crimes.force
        and cocad_victims.quarter = crimes.quarter
        and cocad_victims.crime_reference = crimes.crime_reference
),

suspects as (
    select
        crimes.force,
        crimes.quarter,
        crimes.month,
        crimes.criterion,
        crimes.committed_by_children,
        case when cocad_suspects.gender in ('female', 'male') then cocad_suspects.gender end as gender,
        {%- if by_record %}
        crimes.crime_reference,
        cocad_suspects.person_number,
        {%- endif %}
        cocad_suspects.age_band,
        cocad_suspects.ethnicity_group as sde,
        cocad_suspects.relationship_group as relationship
    from cocad_suspects
    inner join crimes
        on cocad_suspects.force = crimes.force
        and cocad_suspects.quarter = crimes.quarter
        and cocad_suspects.crime_reference = crimes.crime_reference
),

{% for unit, attributes in [
    ('victim', ['gender', 'age_band', 'sde']),
    ('suspect', ['gender', 'age_band', 'sde', 'relationship']),
] %}
{{ unit }}_cells as (
    select
        {{ cut }},
        case
            {%- for attribute in attributes %}
            when grouping({{ attribute }}) = 0 then '{{ attribute }}'
            {%- endfor %}
            else 'total'
        end as breakdown,
        case
            {%- for attribute in attributes %}
            when grouping({{ attribute }}) = 0 then {{ attribute }}
            {%- endfor %}
            else 'all'
        end as category,
        count(*) as records
    from {{ unit }}s
    group by grouping sets (
        ({{ cut }})
        {%- for attribute in attributes %},
        ({{ cut }}, {{ attribute }})
        {%- endfor %}
    )
),
{% endfor %}
measured_cells as (
    select 'crime' as unit, * from crime_cells
    union all
    select 'victim' as unit, * from victim_cells
    union all
    select 'suspect' as unit, * from suspect_cells
),

-- breakdowns that follow from the ones measured
recorded_cells as (
    select
        unit,
        {{ cut }},
        case breakdown when 'age_band' then 'age' else breakdown end || '_recorded' as breakdown,
        case when category is null then 'no' else 'yes' end as category,
        records
    from measured_cells
    where breakdown in ('gender', 'age_band', 'sde', 'relationship')
),

wide_age_cells as (
    select
        measured_cells.unit,
        {%- for column in cut.split(', ') %}
        measured_cells.{{ column }},
        {%- endfor %}
        wide.breakdown,
        wide.age_band as category,
        measured_cells.records
    from measured_cells
    inner join age_bands as narrow
        on measured_cells.unit = narrow.unit
        and measured_cells.breakdown = narrow.breakdown
        and measured_cells.category = narrow.age_band
    inner join age_bands as wide
        on narrow.unit = wide.unit
        and wide.breakdown = 'age_band_wide'
        and narrow.age_from >= wide.age_from
        and narrow.age_to <= wide.age_to
),

children_cells as (
    select
        unit,
        {{ cut }},
        'committed_by_children' as breakdown,
        committed_by_children as category,
        records
    from measured_cells
    where unit = 'crime' and breakdown = 'total'
),

flag_cells as (
    select
        counted_flags.unit,
        {%- for column in cut.split(', ') %}
        {{ 'counted_flags' if column == 'person_number' else 'crimes' }}.{{ column }},
        {%- endfor %}
        counted_flags.flag as breakdown,
        counted_flags.answer as category,
        count(*) as records
    from counted_flags
    inner join crimes
        on {{ same_key('crimes', 'counted_flags', ['force', 'quarter', 'crime_reference']) }}
    group by
        counted_flags.unit,
        {%- for column in cut.split(', ') %}
        {{ 'counted_flags' if column == 'person_number' else 'crimes' }}.{{ column }},
        {%- endfor %}
        counted_flags.flag,
        counted_flags.answer
),

cocad_cells as (
    select * from measured_cells
    union all
    select * from flag_cells
    union all
    select * from recorded_cells
    union all
    select * from wide_age_cells
    union all
    select * from children_cells
),

cocad_totals as (
    select * from measured_cells
    where unit = 'crime' and breakdown = 'total'
),

-- 704 crimes committed by children in 2023 either way: the page is of all criteria, the count is the one within 'other'
slices as (
    select scheme, criterion_read, by_children, criterion
    from scheme_criteria
    where has_own_figures

    union all
    select scheme, criterion_read, by_children, 'committed_by_children_any' as criterion
    from scheme_criteria
    where scheme_number = 1 and by_children

    union all
    select scheme, criterion_read, by_children, 'committed_by_children' as criterion
    from scheme_criteria
    where scheme_number = 1 and by_children and criterion_read = 'other'
),

counts as (
    -- the CPAI, and its contact crimes
    select
        'crime' as unit,
        population.population,
        'all' as criterion,
        '{{ var('first_scheme') }}' as scheme,
        measure.breakdown,
        case measure.breakdown when 'offence_group' then cpai_cells.offence_group else 'all' end as category,
        cpai_cells.force,
        cpai_cells.quarter,
        cpai_cells.month,
        {% for column in record %}cpai_cells.{{ column }}, {% endfor -%}
        cpai_cells.records
    from cpai_cells
    cross join (values ('total'), ('offence_group')) as measure (breakdown)
    inner join (values ('cpai', false), ('contact', true)) as population (population, contact_only)
        on cpai_cells.is_contact or not population.contact_only

    union all
    -- the group-based crimes among them
    select
        'crime' as unit,
        population.population,
        'all' as criterion,
        '{{ var('first_scheme') }}' as scheme,
        'group_based' as breakdown,
        'yes' as category,
        cocad_totals.force,
        cocad_totals.quarter,
        cocad_totals.month,
        {% for column in record %}cocad_totals.{{ column }}, {% endfor -%}
        cocad_totals.records
    from cocad_totals
    cross join (values ('cpai'), ('contact')) as population (population)

    union all
    -- the COCAD: all of it
    select
        unit,
        'cocad' as population,
        'all' as criterion,
        '{{ var('first_scheme') }}' as scheme,
        breakdown,
        category,
        force,
        quarter,
        month,
        {% for column in record %}{{ column }}, {% endfor -%}
        records
    from cocad_cells

    union all
    -- each criterion that readers give, and the two readings of committed by children
    select
        cocad_cells.unit,
        'cocad' as population,
        slices.criterion,
        slices.scheme,
        cocad_cells.breakdown,
        cocad_cells.category,
        cocad_cells.force,
        cocad_cells.quarter,
        cocad_cells.month,
        {% for column in record %}cocad_cells.{{ column }}, {% endfor -%}
        cocad_cells.records
    from cocad_cells
    inner join slices
        on cocad_cells.criterion = slices.criterion_read
        and coalesce(cocad_cells.committed_by_children = 'yes', false) = slices.by_children

    union all
    -- the split by criterion, under each scheme
    select
        'crime' as unit,
        'cocad' as population,
        'all' as criterion,
        scheme_criteria.scheme,
        'criterion' as breakdown,
        scheme_criteria.criterion as category,
        cocad_totals.force,
        cocad_totals.quarter,
        cocad_totals.month,
        {% for column in record %}cocad_totals.{{ column }}, {% endfor -%}
        cocad_totals.records
    from cocad_totals
    inner join scheme_criteria
        on cocad_totals.criterion = scheme_criteria.criterion_read
        and coalesce(cocad_totals.committed_by_children = 'yes', false) = scheme_criteria.by_children
)

select
    counts.unit,
    counts.population,
    counts.criterion,
    counts.scheme,
    counts.breakdown,
    counts.category,
    counts.force,
    counts.quarter,
    counts.month,
    {% for column in record %}counts.{{ column }}, {% endfor -%}
    cast(sum(counts.records) as bigint) as records
from counts
group by
    counts.unit,
    counts.population,
    counts.criterion,
    counts.scheme,
    counts.breakdown,
    counts.category,
    counts.force,
    counts.quarter,
    counts.month
    {%- for column in record %}, counts.{{ column }}{% endfor %}
{%- endmacro %}
