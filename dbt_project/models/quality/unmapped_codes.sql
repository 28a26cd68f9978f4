{{ config(materialized='incremental', pre_hook="{{ forget(in_changed_return()) }}") }}
{#- record type, column, and the code list of its spellings -#}
{%- set coded = [
    ('crime', 'status', 'status'),
    ('crime', 'cancellation_code', 'cancellation_code'),
    ('crime', 'csa_flag', 'flag'),
    ('crime', 'cse_flag', 'flag'),
    ('crime', 'online_flag', 'flag'),
    ('crime', 'children_flag', 'flag'),
    ('crime', 'location_type', 'location_type'),
    ('crime', 'local_authority', 'local_authority'),
    ('crime', 'outcome_code', 'outcome_code'),
    ('victim', 'gender', 'gender'),
    ('victim', 'self_defined_ethnicity', 'self_defined_ethnicity'),
    ('victim', 'observed_ethnicity', 'observed_ethnicity'),
    ('victim', 'disability', 'flag'),
    ('victim', 'nationality', 'nationality'),
    ('suspect', 'identified', 'flag'),
    ('suspect', 'role', 'role'),
    ('suspect', 'deceased', 'flag'),
    ('suspect', 'gender', 'gender'),
    ('suspect', 'self_defined_ethnicity', 'self_defined_ethnicity'),
    ('suspect', 'observed_ethnicity', 'observed_ethnicity'),
    ('suspect', 'disability', 'flag'),
    ('suspect', 'nationality', 'nationality'),
    ('suspect', 'relationship', 'relationship'),
] -%}
{%- for person in ['victim', 'suspect'] -%}
    {%- for flag in counted_flags(person) -%}
        {%- do coded.append((person, flag, 'flag')) -%}
    {%- endfor -%}
{%- endfor -%}
{%- set crime = ['force', 'quarter', 'crime_reference'] -%}
with

offence_spellings as (
    select * from {{ ref('int_offence_spellings') }}
    where offence_class is null
),

code_spellings as (
    select * from {{ ref('int_code_spellings') }}
),

-- the few records with such a code, found in staging first: reading every record again for each field took
-- a tenth of the whole build
{% for record_type in ['crime', 'victim', 'suspect'] -%}
{%- set person = none if record_type == 'crime' else record_type ~ '_reference' -%}
{{ record_type }}s_unmapped as (
    select distinct
        {{ crime | join(', ') }}
        {%- if person %},
        coalesce(reference_as_sent, {{ person }}) as {{ person }}
        {%- endif %}
    from {{ ref('int_' ~ record_type ~ 's') }}
    where 'unmapped' in (
        {%- for of_type, column, field in coded if of_type == record_type -%}
        {{ column }}{{ ', ' if not loop.last }}
        {%- endfor -%}
    )
    and {{ in_changed_return() }}
),

{{ record_type }}s_with_one as (
    select records.*
    from {{ ref('int_' ~ record_type ~ '_records') }} as records
    inner join {{ record_type }}s_unmapped as staged
        on {{ same_key('staged', 'records', crime + ([person] if person else [])) }}
    where records.rule is null
),

{% endfor -%}
sent as (
    {% for record_type, column, field in coded -%}
    select
        '{{ record_type }}s' as record_type, '{{ column }}' as field, '{{ field }}' as list,
        force, quarter, layout, {{ column }} as spelling, count(*) as records
    from {{ record_type }}s_with_one
    where {{ column }} is not null
    group by force, quarter, layout, {{ column }}
    {{ 'union all' if not loop.last }}
    {% endfor %}
),

unmapped as (
    select sent.record_type, sent.field, sent.force, sent.quarter, sent.spelling, sent.records
    from sent
    left join code_spellings
        on code_spellings.field = sent.list
        and code_spellings.layout = sent.layout
        and code_spellings.spelling = lower(sent.spelling)
    where code_spellings.field is null
    union all
    select
        'crimes' as record_type, 'offence_code' as field, records.force, records.quarter, records.offence_code,
        count(*) as records
    from {{ ref('int_crime_records') }} as records
    inner join offence_spellings on offence_spellings.spelling = records.offence_code
    where records.rule is null and {{ in_changed_return('records') }}
    group by records.force, records.quarter, records.offence_code
),

-- a code is short: a long text in its place may be about a person, and is not shown
shown as (
    select
        record_type, field, force, quarter, records,
        case when length(spelling) <= 40 then spelling else '(long text)' end as spelling
    from unmapped
),

final as (
    select
        record_type, field, force, quarter, spelling,
        {{ token_of('spelling', 'spelling', 16) }} as spelling_token,
        cast(sum(records) as bigint) as records
    from shown
    group by record_type, field, force, quarter, spelling
)

select * from final
