{#
    Raw text to values. Text that does not fit gives null, and the model marks it in a column that a rule reads:
    `has_unreadable_…` or `age_doubt`.
#}

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

{#
    The least (`end` = 'least') or greatest age that the text of an age can mean, in completed years; null where it is
    not understood without guessing. `14`, `17 yrs`, `14.5`, `9 months` and `<1` mean one age; `10-14`, `under 16`, `18+`
    a range of ages, for which the ends differ.
#}
{% macro age_of_text(text, end) %}
    {%- set plain = "lower(replace(" ~ text ~ ", ' ', ''))" -%}
    {%- set years = '(y|yr|yrs|year|years|yo|y/o|yrold|yrsold|yearold|yearsold|yearsofage)?[.]?' -%}
    {%- set months = '(mo|mth|mths|mnths|month|months)(old)?[.]?' -%}
    {%- set first = 'cast(' ~ matched_group(plain, '^[^0-9]*0*([0-9]{1,3})', 1) ~ ' as integer)' -%}
    {%- set second = 'cast(' ~ matched_group(plain, '[^0-9]0*([0-9]{1,3})[^0-9]*$', 1) ~ ' as integer)' -%}
    case
        when {{ matches(text, '[0-9]{1,3}') }} then cast({{ text }} as integer)
        when {{ matches(plain, '0*[0-9]{1,3}([.][0-9]+)?' ~ years) }} then {{ first }}
        when {{ matches(plain, '[0-9]{1,3}(y|yr|yrs|year|years)(,|and)?[0-9]{1,2}(m|' ~ months ~ ')') }} then {{ first }}
        when {{ matches(plain, '[0-9]{1,3}([.][0-9]+)?' ~ months) }} then cast(floor({{ first }} / 12.0) as integer)
        when {{ matches(plain, '[0-9]{1,2}(w|wk|wks|week|weeks)(old)?') }} and {{ first }} <= 51 then 0
        when {{ matches(plain, '[0-9]{1,3}(d|day|days)(old)?') }} and {{ first }} <= 364 then 0
        {%- if end == 'least' %}
        when {{ matches(plain, '(<|under|lessthan)0+' ~ years) }} then null
        when {{ matches(plain, '(<|<=|≤|under|lessthan|upto)[0-9]{1,3}' ~ years) }} then 0
        when {{ matches(plain, '(>|>=|≥|over|morethan)[0-9]{1,3}' ~ years) }} then {{ first }}
        when {{ matches(plain, '[0-9]{1,3}' ~ years ~ '([+]|plus|andover|orover|andabove)') }} then {{ first }}
        {%- else %}
        when {{ matches(plain, '(<|under|lessthan)[0-9]{1,3}' ~ years) }} and {{ first }} > 0 then {{ first }} - 1
        when {{ matches(plain, '(<=|≤|upto)[0-9]{1,3}' ~ years) }} then {{ first }}
        when {{ matches(plain, '(>|>=|≥|over|morethan)[0-9]{1,3}' ~ years) }} then 120
        when {{ matches(plain, '[0-9]{1,3}' ~ years ~ '([+]|plus|andover|orover|andabove)') }} then 120
        {%- endif %}
        when
            {{ matches(plain, '[0-9]{1,3}(-|–|to)[0-9]{1,3}' ~ years) }} and {{ first }} <= {{ second }}
            then {{ first if end == 'least' else second }}
    end
{% endmacro %}

{# Date of birth; crime systems fill in 1 January 1900 where the field is required and the date not known. #}
{% macro birth_date(text) %}
    nullif({{ iso_date(text) }}, cast('1900-01-01' as date))
{% endmacro %}

{#
    The first (`end` = 'first') or last day of birth that a text can mean: a day is both, `2011` any day of that year and
    `May 2011`, `2011-05` or `05/2011` of that month. Null where it is not understood without guessing: `05/05/11` may
    be of 1911, and 1900 is filled in by systems.
#}
{% macro born(text, end) %}
    {%- set year = '(190[1-9]|19[1-9][0-9]|20[0-9]{2})' -%}
    {%- set month = "lower(substr(" ~ text ~ ", 1, 3))" -%}
    {%- set names = '(jan(uary)?|feb(ruary)?|mar(ch)?|apr(il)?|may|june?|july?|aug(ust)?|sept?(ember)?|oct(ober)?'
        ~ '|nov(ember)?|dec(ember)?)' -%}
    {%- set first_of_month = {
        year ~ '-(0[1-9]|1[0-2])': text ~ " || '-01'",
        '(0?[1-9]|1[0-2])[/-]' ~ year:
            "substr(" ~ text ~ ", length(" ~ text ~ ") - 3) || '-' || lpad(substr(" ~ text ~ ", 1, length(" ~ text
            ~ ") - 5), 2, '0') || '-01'",
        names ~ '[ -]+' ~ year:
            "substr(" ~ text ~ ", length(" ~ text ~ ") - 3) || '-' || lpad(cast(cast((instr("
            ~ "'janfebmaraprmayjunjulaugsepoctnovdec', " ~ month ~ ") + 2) / 3 as integer) as varchar), 2, '0') || '-01'",
    } -%}
    case
        when {{ text }} like '____-__-__' then {{ birth_date(text) }}
        when {{ matches(text, year) }} then cast({{ text }} || '{{ '-01-01' if end == 'first' else '-12-31' }}' as date)
        {%- for pattern, day in first_of_month.items() %}
        when {{ matches('lower(' ~ text ~ ')', pattern) }}
            then {{ 'cast(' ~ day ~ ' as date)' if end == 'first' else 'last_day(cast(' ~ day ~ ' as date))' }}
        {%- endfor %}
    end
{% endmacro %}

{# Day as a number that compares like a calendar: 2023-01-31 is 20230131. #}
{% macro day_number(day) %}
    (year({{ day }}) * 10000 + month({{ day }}) * 100 + day({{ day }}))
{% endmacro %}

{#
    Whole years from birth to `day`; null when the day is before birth or more than 120 years after it. A person born on
    29 February is a year older on 1 March: that is the law in England and Wales. DuckDB's own date_sub takes 28
    February.
#}
{% macro age_on(birth, day) %}
    case
        when {{ day }} >= {{ birth }} and {{ day_number(day) }} - {{ day_number(birth) }} < 1210000
            then cast(floor(({{ day_number(day) }} - {{ day_number(birth) }}) / 10000.0) as integer)
    end
{% endmacro %}

{#
    The day that the age is taken on: the last day of the offence, if that is possible. A day after the crime was
    recorded is not (2032 typed for 2023). Then the day lies between the first day, if that is possible, and the
    recorded one.
    `end` is 'first' or 'last'; both are the same day where the last day of the offence is known.
#}
{% macro offence_day(end, crimes='crimes') %}
    {%- set from_ = crimes ~ '.committed_from' -%}
    {%- set to_ = crimes ~ '.committed_to' -%}
    {%- set recorded = crimes ~ '.recorded_on' -%}
    case
        when not coalesce(coalesce({{ to_ }}, {{ from_ }}) > {{ recorded }}, false) then coalesce({{ to_ }}, {{ from_ }})
        {%- if end == 'first' %}
        when {{ from_ }} <= {{ recorded }} then {{ from_ }}
        {%- else %}
        else {{ recorded }}
        {%- endif %}
    end
{% endmacro %}

{#
    What is known of a person's age at the offence, out of `dated`: a person's record with age_least and age_greatest (of
    the text sent), born_first, born_last, day_first, day_last (the day of the offence), years_least, years_greatest (from
    birth to that day) and recorded_on. `age_sent` and `age_from_birth` are one age or null; `age_bound` is the end nearest
    to 18 of a range on one side of 18, which is all that "child or adult" needs; `age_doubt` is the reason why a text that
    is understood gives no age.
#}
{% macro ages(dated) %}
        {%- set least = dated ~ '.years_least' -%}
        {%- set greatest = dated ~ '.years_greatest' -%}
        {%- set is_range = dated ~ '.age_least < ' ~ dated ~ '.age_greatest' -%}
        {%- set is_sent = dated ~ '.age_greatest <= 120' -%}
        case when {{ is_sent }} and not {{ is_range }} then {{ dated }}.age_least end as age_sent,
        -- where a birth lies outside of the range sent, the range stands, as an age sent does
        case
            when {{ is_sent }} and {{ is_range }} and not {{ greatest }} between {{ dated }}.age_least and {{ dated }}.age_greatest
                then null
            when {{ least }} = {{ greatest }} then {{ greatest }}
        end as age_from_birth,
        case
            when {{ is_sent }} and {{ dated }}.age_greatest < 18 then {{ dated }}.age_greatest
            when {{ is_sent }} and {{ dated }}.age_least >= 18 then {{ dated }}.age_least
            when {{ is_sent }} then null
            when {{ greatest }} < 18 then {{ greatest }}
            when {{ greatest }} >= 18 and {{ least }} >= 18 then {{ least }}
        end as age_bound,
        case
            when {{ dated }}.born_first > coalesce({{ dated }}.day_last, {{ dated }}.recorded_on) then 'born_after_offence'
            when {{ is_sent }} and {{ is_range }} and {{ dated }}.age_least < 18 and {{ dated }}.age_greatest >= 18
                then 'age_on_both_sides_of_18'
            when not coalesce({{ is_sent }}, false) and {{ least }} < 18 and {{ greatest }} >= 18
                then 'age_on_both_sides_of_18'
            when {{ dated }}.age_least > 120 then 'age_over_120'
            when {{ day_number(dated ~ '.day_last') }} - {{ day_number(dated ~ '.born_first') }} >= 1210000 then 'age_over_120'
            when {{ dated }}.date_of_birth = '1900-01-01' then 'birth_filled_in'
        end as age_doubt
{%- endmacro %}

{# The age of a staged person, or the end of a range that decides whether it is a child: for comparing with 18. #}
{% macro age_or_bound() -%}
    coalesce(age_sent, age_from_birth, age_bound)
{%- endmacro %}

{# The calendar quarter of a day, written 2023-Q1. #}
{% macro quarter_of(day) %}
    (cast(year({{ day }}) as varchar) || '-Q' || cast(quarter({{ day }}) as varchar))
{% endmacro %}

{# The quarter of a month or day as text, `2023-01` or `2023-01-31`. #}
{% macro quarter_of_text(month) %}
    (substr({{ month }}, 1, 4) || '-Q'
    || cast(cast(ceil(cast(substr({{ month }}, 6, 2) as integer) / 3.0) as integer) as varchar))
{% endmacro %}

{# Quarters as whole numbers, one apart: 2023-Q4 and 2024-Q1 follow each other. #}
{% macro quarter_number(quarter) %}
    (4 * cast(substr({{ quarter }}, 1, 4) as integer) + cast(substr({{ quarter }}, 7, 1) as integer))
{% endmacro %}

{# One token for one name and date of birth; null where no date of birth is known. #}
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

{# One token for one reader; `agreement.reader_token` gives the same. #}
{% macro reader_token(reader) -%}
    {{ token_of('reader', reader, 8) }}
{%- endmacro %}
