{#
    What tells a person from another inside one force's return: the force's person number, else the token of names and
    birth. A reference of one to three characters is a number inside the crime: the same 1 on two crimes is two persons.
#}
{% macro person_key(reference) %}
    case when length({{ reference }}) > 3 then {{ reference }} else person_token end
{% endmacro %}
