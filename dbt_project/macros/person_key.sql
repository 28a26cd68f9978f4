{#
    Whether a reference names nobody beyond its crime: a placeholder, numbered (UNKNOWN2) or not, or one under which
    records of several persons were sent. Needs `names_nobody_joins`.
#}
{% macro names_nobody(records) -%}
    {{ records }}.number_apart is not null
    or placeholders.spelling is not null
    or numbered_placeholders.spelling is not null
{%- endmacro %}

{% macro names_nobody_joins(reference) %}
    {{ placeholder_join('placeholders', reference) }}
    {{ placeholder_join('numbered_placeholders', "regexp_replace(" ~ reference ~ ", '[ _-]*[0-9]+$', '')") }}
{%- endmacro %}

{#
    What distinguishes a person from another inside one force's return: the force's person number, else the token of names and
    birth. A reference of one to three characters is a number inside the crime: the same 1 on two crimes is two persons.
#}
{% macro person_key(reference) %}
    case when length({{ reference }}) > 3 and names_nobody is not true then {{ reference }} else person_token end
{% endmacro %}
