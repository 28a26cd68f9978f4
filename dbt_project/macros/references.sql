{#
    References as they stand past staging: in the shape that `seeds/return_columns.csv` has for the column, or a keyed token
    in their place. A column that slipped puts a name and a date of birth where a person's number belongs; the token is
    the same for the same text, so that every key and every count is as it was.
#}

{# The records of a source, every column of the return as text, references in their shape. #}
{% macro staged_records(record_type) -%}
select
    force,
    quarter,
    submission,
    layout,
    file,
    sheet,
    record_number,
    place_in_row
    {%- for row in seed_rows('return_columns.csv', "record_type = '" ~ record_type ~ "'") %},
    {% if row['kind'] == 'reference' -%}
    {{ in_shape(row['column'], row['shape']) }} as {{ row['column'] }}
    {%- else -%}
    {{ row['column'] }}
    {%- endif -%}
    {%- endfor %}
    {%- if record_type == 'crimes' %},
    crime_reference as crime_reference_as_sent
    {%- endif %}
from {{ source('raw', record_type) }}
{%- endmacro %}

{# A reference, or its token. A placeholder is no reference, and its word is of a list. #}
{% macro in_shape(column, shape) -%}
    {%- set other_force = '((' ~ seed_rows('forces.csv') | map(attribute='force') | join('|') ~ '):)?' -%}
    case
        when
            length({{ column }}) <= 40
            and {{ matches(column, (other_force if column == 'linked_crime_reference' else '') ~ shape) }}
            and not {{ matches(column, a_day()) }}
            then {{ column }}
        when {{ column }} is null or upper({{ column }}) = 'STATE' then {{ column }}
        -- numbered ones too: UNKNOWN 2
        when
            lower(trim(regexp_replace({{ column }}, '[ _-]*[0-9]{1,6}$', ''))) in (
                {%- for row in seed_rows('placeholder_references.csv') -%}
                '{{ row['spelling'] }}'{{ ', ' if not loop.last }}
                {%- endfor -%}
            )
            then {{ column }}
        else 'token-' || {{ token_of('reference', column, 16, first_key()) }}
    end
{%- endmacro %}

{# Whether what stands in a reference's place is a token. #}
{% macro is_token(reference) -%}
    {{ reference }} like 'token-%'
{%- endmacro %}

{# Whether a text has the shape of a column of crimes. #}
{% macro of_shape(text, column) -%}
    {%- for row in seed_rows('return_columns.csv', "record_type = 'crimes' and \"column\" = '" ~ column ~ "'") -%}
    {{ matches(text, row['shape']) }}
    {%- else -%}
    true
    {%- endfor -%}
{%- endmacro %}

{# A day somewhere in a text, with four digits of its year: of a person's number it would be the day of birth. #}
{% macro a_day() -%}
    {%- set day, month, year = '[0-3]?[0-9]', '[01]?[0-9]', '(19|20)[0-9]{2}' -%}
    (.*[^0-9])?({{ day }}[-/.]{{ month }}[-/.]{{ year }}|{{ year }}[-/.]{{ month }}[-/.]{{ day }})([^0-9].*)?
{%- endmacro %}

{# What stands for a text wherever it may not be read: `digits` of a keyed hash, another for each purpose. #}
{% macro token_of(purpose, text, digits, key=none) -%}
    substr({{ sha256_of((key or token_key()) ~ " || '|" ~ purpose ~ "|' || " ~ text) }}, 1, {{ digits }})
{%- endmacro %}
