{# Raw text to values. Text that does not fit gives null, and the model says so in a `has_unreadable_…` column. #}

{#
    `2023-01-31` and nothing else: a bare cast would also take 2023/1/31, and the intake has already rewritten
    every date that fitted its layout's format.
#}
{% macro iso_date(text) %}
    case when {{ text }} like '____-__-__' then try_cast({{ text }} as date) end
{% endmacro %}

{# Whole number of at most `digits` digits: validated first, because cast('12.7' as integer) is 13. #}
{% macro whole_number(text, digits) %}
    case when {{ matches(text, '[0-9]{1,' ~ digits ~ '}') }} then cast({{ text }} as integer) end
{% endmacro %}

{# An age that can be one. 999, 150 and the like are a crime system's way of saying not recorded. #}
{% macro age_sent(text) %}
    case when {{ matches(text, '[0-9]{1,3}') }} and cast({{ text }} as integer) <= 120 then cast({{ text }} as integer) end
{% endmacro %}

{# Date of birth; 1 January 1900 is what crime systems fill in when they must and do not know. #}
{% macro birth_date(text) %}
    nullif({{ iso_date(text) }}, cast('1900-01-01' as date))
{% endmacro %}

{# Day as a number that compares like a calendar: 2023-01-31 is 20230131. #}
{% macro day_number(day) %}
    (year({{ day }}) * 10000 + month({{ day }}) * 100 + day({{ day }}))
{% endmacro %}

{#
    Whole years from birth to `day`; null when the day is before birth or more than 120 years after it. Who was born on
    29 February is a year older on 1 March: that is the law in England and Wales, and DuckDB's own
    date_sub says 28 February.
#}
{% macro age_on(birth, day) %}
    case
        when {{ day }} >= {{ birth }} and {{ day_number(day) }} - {{ day_number(birth) }} < 1210000
            then cast(floor(({{ day_number(day) }} - {{ day_number(birth) }}) / 10000.0) as integer)
    end
{% endmacro %}

{# The calendar quarter of a day, written 2023-Q1. #}
{% macro quarter_of(day) %}
    (cast(year({{ day }}) as varchar) || '-Q' || cast(quarter({{ day }}) as varchar))
{% endmacro %}

{# Quarters as whole numbers, one apart: 2023-Q4 and 2024-Q1 follow each other. #}
{% macro quarter_number(quarter) %}
    (4 * cast(substr({{ quarter }}, 1, 4) as integer) + cast(substr({{ quarter }}, 7, 1) as integer))
{% endmacro %}

{# One token for one name and date of birth, only where a date of birth is known. #}
{% macro person_token(surname, forenames, birth) %}
    case
        when {{ birth }} is not null
            -- 32 digits are 128 bits: no two persons share them, at half the room of the whole digest
            then substr({{ sha256_of(
                token_key() ~ " || '|' || upper(coalesce(" ~ surname ~ ", '')) || '|' || upper(coalesce("
                ~ forenames ~ ", '')) || '|' || cast(" ~ birth ~ " as varchar)"
            ) }}, 1, 32)
    end
{% endmacro %}
