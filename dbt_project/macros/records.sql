{# One row per key from records that may repeat it: flat files and workbooks with several sheets do so by nature. #}

{% macro same_key(left, right, key) -%}
    {%- for column in key -%}
        {{ left }}.{{ column }} = {{ right }}.{{ column }}{{ ' and ' if not loop.last }}
    {%- endfor -%}
{%- endmacro %}

{#
    CTEs `sent_once`, `repeated`, `merged` and `complete`. A key sent once passes straight through; a key in
    `duplicates` takes, column by column, its first non-blank value in record order, unless its records disagree on what
    identifies them (`disagreement`): those are not mixed. With `apart`, the name of a person's reference, each of
    them is a person of its own (`kept_apart`), numbered; without it they are in no CTE here. `rejected` names a CTE
    of records to leave out, beyond those with a `rule` of their own.
    Absence is a left join, not `not exists`: DuckDB first groups the keys of every record for the latter, which
    was a third of the time at five million crimes.
#}
{% macro merge_records(records, duplicates, key, columns, rejected=none, apart=none) %}
{%- set place = ['submission', 'layout', 'file', 'sheet', 'record_number', 'place_in_row'] -%}
{%- set order = 'records.record_number, records.file, records.sheet, records.place_in_row' -%}
sent_once as (
    select
        {%- for column in key + place + columns %}
        records.{{ column }}{{ ',' if not loop.last }}
        {%- endfor %}
    from {{ records }} as records
    left join {{ duplicates }} as duplicates
        on {{ same_key('duplicates', 'records', key) }}
    {%- if rejected %}
    left join {{ rejected }} on {{ same_record(rejected, 'records') }}
    {%- endif %}
    where records.rule is null
        and duplicates.force is null
        {%- if rejected %}
        and {{ rejected }}.force is null
        {%- endif %}
),

repeated as (
    select
        {%- for column in key + place + columns %}
        records.{{ column }},
        {%- endfor %}
        {%- if apart %}
        duplicates.is_flat,
        {%- endif %}
        duplicates.disagreement is not null as is_apart,
        row_number() over (
            partition by {% for column in key %}records.{{ column }}{{ ', ' if not loop.last }}{% endfor %}
            order by {{ order }}
        ) as record_order
        {%- if apart %},
        row_number() over (
            partition by
                {%- for column in key + columns if column not in of_another_person() %}
                records.{{ column }},
                {%- endfor %}
                records.place_in_row
            order by {{ order }}
        ) as record_order_of_person
        {%- endif %}
    from {{ records }} as records
    inner join {{ duplicates }} as duplicates
        on {{ same_key('duplicates', 'records', key) }}
    {%- if rejected %}
    left join {{ rejected }} on {{ same_record(rejected, 'records') }}
    {%- endif %}
    where records.rule is null
        {%- if rejected %}
        and {{ rejected }}.force is null
        {%- endif %}
),

merged as (
    select
        {{ key | join(', ') }},
        {%- for column in place %}
        min_by({{ column }}, record_order) as {{ column }},
        {%- endfor %}
        {%- for column in columns %}
        min_by({{ column }}, record_order) filter (where {{ column }} is not null) as {{ column }}
        {{- ',' if not loop.last }}
        {%- endfor %}
    from repeated
    where not is_apart
    group by {{ key | join(', ') }}
),

{% if apart -%}
-- a flat file repeats a person for each victim: rows that differ only in the victim are one person
kept_apart as (
    select
        {%- for column in key + place + columns %}
        {{ column }},
        {%- endfor %}
        row_number() over (partition by {{ key | join(', ') }} order by record_order) as number_apart
    from repeated
    where is_apart and (record_order_of_person = 1 or not is_flat)
),

{% endif -%}
complete as (
    select *{{ ', cast(null as bigint) as number_apart' if apart }} from sent_once
    union all
    select *{{ ', cast(null as bigint) as number_apart' if apart }} from merged
    {%- if apart %}
    union all
    select * from kept_apart
    {%- endif %}
)
{% endmacro %}

{# The columns about the victim in a suspect's record: a flat file has a row of the suspect for each victim. #}
{% macro of_another_person() -%}
    {{ return(['victim_reference', 'relationship']) }}
{%- endmacro %}

{# The left join that finds placeholders in place of a reference: `alias`.spelling is not null. #}
{% macro placeholder_join(alias, text) %}
    left join {{ ref('placeholder_references') }} as {{ alias }}
        on {{ alias }}.spelling = lower(trim({{ text }}))
{% endmacro %}

{#
    A person's reference, unique on its crime. Persons kept apart under one reference are numbered: `1#1`, `1#2`; a
    reference that was sent in this form gets `#0`, so that no two meet.
#}
{% macro reference_apart(reference, records='complete') -%}
    case
        when {{ records }}.number_apart is not null
            then {{ reference }} || '#' || cast({{ records }}.number_apart as varchar)
        when {{ matches(reference, '.*#[0-9]+') }} then {{ reference }} || '#0'
        else {{ reference }}
    end
{%- endmacro %}

{#
    How `codes` reads one coded column: the left join, and in the select list the code. A spelling in no list is
    `unmapped`, never null: a null would be lost from every count without a trace.
#}
{% macro code_join(alias, field, text, records='complete') %}
    left join {{ ref('int_code_spellings') }} as {{ alias }}
        on {{ alias }}.field = '{{ field }}'
        and {{ alias }}.layout = {{ records }}.layout
        and {{ alias }}.spelling = lower({{ records }}.{{ text }})
{% endmacro %}

{% macro code_of(alias, text, records='complete') -%}
    case when {{ records }}.{{ text }} is not null then coalesce({{ alias }}.code, 'unmapped') end
{%- endmacro %}

{# The same submitted record: force, quarter and submission, then its place in what was delivered. #}
{% macro same_record(left, right) -%}
    {{ same_key(left, right, ['force', 'quarter', 'submission', 'file', 'record_number']) }}
    and coalesce({{ left }}.sheet, '') = coalesce({{ right }}.sheet, '')
    and coalesce({{ left }}.place_in_row, 1) = coalesce({{ right }}.place_in_row, 1)
{%- endmacro %}

{# True where the records of a group have two values of `value`; blanks do not count. #}
{% macro differs(value) -%}
    coalesce(min({{ value }}) < max({{ value }}), false)
{%- endmacro %}

{#
    The keys that more than one accepted record of `person`, a victim or a suspect, has. `records` counts these, and
    `persons` the persons in them: one where the records are those of one person, else one for each, and then
    `disagreement` has the reason why the reference names nobody. `differs_elsewhere` is true where merged records of
    one person are not alike.
#}
{% macro duplicate_persons(person, columns) -%}
{%- set key = ['force', 'quarter', 'crime_reference', person ~ '_reference'] -%}
{%- set reference = person ~ '_reference' -%}
{%- set records = ref('int_' ~ person ~ '_records') -%}
{%- set identified_by = ['gender', 'age_at_offence', 'date_of_birth', 'self_defined_ethnicity', 'observed_ethnicity'] -%}
with

rejected as (
    select * from {{ ref('int_rejected_records') }} where record_type = '{{ person }}s'
),

suspected as {{ inlined() }} (
    select * from {{ records }} where {{ in_changed_return() }} and {{ may_repeat(key, records) }}
),

accepted as (
    select suspected.*
    from suspected
    left join rejected on {{ same_record('rejected', 'suspected') }}
    where rejected.force is null
),

-- codes and ages by their meaning: two spellings of one code do not make two persons
described as (
    select
        {%- for column in key %}
        accepted.{{ column }},
        {%- endfor %}
        placeholders.spelling is not null as is_placeholder,
        accepted.submission,
        accepted.file,
        coalesce(accepted.sheet, '') as sheet,
        {{ code_of('gender_codes', 'gender', 'accepted') }} as gender,
        coalesce(
            cast({{ age_of_text('accepted.age_at_offence', 'least') }} as varchar)
            || ' to ' || cast({{ age_of_text('accepted.age_at_offence', 'greatest') }} as varchar),
            accepted.age_at_offence
        ) as age_at_offence,
        accepted.date_of_birth,
        {{ code_of('sde_codes', 'self_defined_ethnicity', 'accepted') }} as self_defined_ethnicity,
        {{ code_of('observed_codes', 'observed_ethnicity', 'accepted') }} as observed_ethnicity,
        {%- for column in columns if column not in identified_by + of_another_person() %}
        accepted.{{ column }},
        {%- endfor %}
        concat_ws(
            '|',
            {%- for column in columns if column not in of_another_person() %}
            coalesce(accepted.{{ column }}, ''),
            {%- endfor %}
            -- persons side by side in a row are several, however alike
            cast(coalesce(accepted.place_in_row, 1) as varchar)
        ) as person
    from accepted
    {{ placeholder_join('placeholders', 'accepted.' ~ reference) }}
    {{ code_join('gender_codes', 'gender', 'gender', 'accepted') }}
    {{ code_join('sde_codes', 'self_defined_ethnicity', 'self_defined_ethnicity', 'accepted') }}
    {{ code_join('observed_codes', 'observed_ethnicity', 'observed_ethnicity', 'accepted') }}
),

-- in a flat file one row has a suspect and a victim; where a column has the role of each row, no row has both
{%- set other = 'victim' if person == 'suspect' else 'suspect' %}
flat_files as (
    select distinct
        records.force, records.quarter, records.submission, records.file, coalesce(records.sheet, '') as sheet
    from {{ records }} as records
    inner join {{ ref('int_' ~ other ~ '_records') }} as others
        on {{ same_key('others', 'records', ['force', 'quarter', 'submission', 'file', 'record_number']) }}
        and coalesce(others.sheet, '') = coalesce(records.sheet, '')
    where (records.force, records.quarter) in (select force, quarter from described)
),

repeated as (
    select
        {%- for column in key %}
        described.{{ column }},
        {%- endfor %}
        bool_or(flat_files.force is not null) as is_flat,
        count(*) as records,
        count(distinct described.person) as distinct_persons,
        case
            when bool_or(described.is_placeholder) then 'placeholder_reference'
            when upper(described.{{ reference }}) = 'STATE' then null
            {%- for column in identified_by %}
            when {{ differs('described.' ~ column) }} then 'contradicting_records'
            {%- endfor %}
        end as disagreement,
        {% for column in columns if column not in identified_by + of_another_person() -%}
        {{ differs('described.' ~ column) }}{{ ' or ' if not loop.last }}
        {%- endfor %} as differs_elsewhere
    from described
    left join flat_files
        on {{ same_key('flat_files', 'described', ['force', 'quarter', 'submission', 'file', 'sheet']) }}
    group by {% for column in key %}described.{{ column }}{{ ', ' if not loop.last }}{% endfor %}
    having count(*) > 1
),

-- a return that gives all its persons one reference (1 on each crime) does not distinguish persons by it
one_reference_for_all as (
    select force, quarter
    from {{ records }}
    where rule is null
        and upper({{ reference }}) <> 'STATE'
        and (force, quarter) in (select force, quarter from repeated where disagreement = 'contradicting_records')
    group by force, quarter
    having min({{ reference }}) = max({{ reference }})
),

compared as (
    select
        {%- for column in key %}
        repeated.{{ column }},
        {%- endfor %}
        repeated.records,
        repeated.distinct_persons,
        repeated.is_flat,
        repeated.differs_elsewhere,
        coalesce(
            repeated.disagreement,
            case
                when one_reference_for_all.force is not null and upper(repeated.{{ reference }}) <> 'STATE'
                    then 'one_reference_for_all'
            end
        ) as disagreement
    from repeated
    left join one_reference_for_all
        on {{ same_key('one_reference_for_all', 'repeated', ['force', 'quarter']) }}
),

final as (
    select
        {{ key | join(', ') }},
        records,
        case
            when disagreement is null then 1
            when is_flat then distinct_persons
            else records
        end as persons,
        is_flat,
        disagreement,
        disagreement is null and differs_elsewhere as differs_elsewhere
    from compared
)

select * from final
{%- endmacro %}

{#
    CTE `rejected_crimes`, `rejected_victims` or `rejected_suspects`: records of the CTE `<type>_records` whose own rule holds
    them out, and by `rule` those whose key is in the CTE `beside`, or with `absent` is not.
#}
{% macro rejected_records(record_type, beside, rule, absent=false) -%}
rejected_{{ record_type }} as (
    select
        '{{ record_type }}' as record_type,
        records.force,
        records.quarter,
        records.submission,
        records.file,
        records.sheet,
        records.record_number,
        records.place_in_row,
        records.crime_reference,
        coalesce(records.rule, '{{ rule }}') as rule
    from {{ record_type[:-1] }}_records as records
    left join {{ beside }}
        on {{ same_key(beside, 'records', ['force', 'quarter', 'crime_reference']) }}
    where records.rule is not null or {{ beside }}.force is {{ 'null' if absent else 'not null' }}
)
{%- endmacro %}

{#
    CTE `dated`: persons of `complete` with the days of their crime of `crimes`, the bounds of birth and of the age sent, and
    the years between birth and those days. The years are a step of their own: written out at each use, DuckDB took three
    times as long to plan int_suspects.
#}
{% macro dated_persons() -%}
on_days as (
    select
        complete.*,
        crimes.recorded_on,
        {{ offence_day('first') }} as day_first,
        {{ offence_day('last') }} as day_last,
        {{ born('complete.date_of_birth', 'first') }} as born_first,
        {{ born('complete.date_of_birth', 'last') }} as born_last,
        {{ age_of_text('complete.age_at_offence', 'least') }} as age_least,
        {{ age_of_text('complete.age_at_offence', 'greatest') }} as age_greatest
    from complete
    inner join crimes on {{ same_key('crimes', 'complete', ['force', 'quarter', 'crime_reference']) }}
),

dated as (
    select
        *,
        coalesce({{ age_on('born_last', 'day_first') }}, 0) as years_least,
        {{ age_on('born_first', 'day_last') }} as years_greatest
    from on_days
)
{%- endmacro %}

{# The columns of a person's record about the person or the person's part in the crime. #}
{% macro person_columns(person) -%}
    {%- set both = [
        'gender', 'age_at_offence', 'date_of_birth', 'self_defined_ethnicity', 'observed_ethnicity', 'disability',
        'nationality', 'surname', 'forenames',
    ] -%}
    {%- set own = [] if person == 'victim' else ['identified', 'role', 'deceased'] -%}
    {%- set last = [] if person == 'victim' else ['victim_reference', 'relationship', 'arrested_on'] -%}
    {{ return(own + both + last + counted_flags(person)) }}
{%- endmacro %}

{# The flags of a person that figures count and no model names; none for a linter, which has no variables. #}
{% macro counted_flags(person) -%}
    {%- set flags = var('counted_flags')[person] -%}
    {{ return([] if flags is string else flags) }}
{%- endmacro %}

{# The records of a person, a victim or a suspect, of the submissions that count now; `rule`: what holds one out. #}
{% macro current_records(person) -%}
with

records as (
    select * from {{ ref('stg_' ~ person ~ 's') }}
),

current_submissions as (
    select force, quarter, submission
    from {{ ref('int_submissions') }}
    where is_current
),

final as (
    select
        records.*,
        case
            when records.crime_reference is null or records.{{ person }}_reference is null then 'RE01'
        end as rule
    from records
    inner join current_submissions
        on {{ same_key('current_submissions', 'records', ['force', 'quarter', 'submission']) }}
)

select * from final
{%- endmacro %}
