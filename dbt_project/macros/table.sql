{#-
    A table is replaced in one statement and its contract is held against what was made, in one transaction: it is
    there whole or as it was. dbt's own plans each model once more for the contract (3 s of a year's build), makes it
    beside the old table, renames both and drops the old. Grants and indexes are left out: no model has any.
-#}
{% materialization table, adapter='duckdb', supported_languages=['sql', 'python'] %}
    {%- set before = load_cached_relation(this) -%}
    {%- set made = this.incorporate(type='table') -%}
    {%- set is_checked = config.get('contract').enforced -%}
    {#- constraints stand in dbt's own `create table`, and Python's rows are its own to write: neither replaces -#}
    {%- set by_dbt = model['language'] == 'python' or model['constraints'] -%}

    {%- if before is not none and (by_dbt or not before.is_table) %}
        {% do adapter.drop_relation(before) %}
    {%- endif %}
    {{ run_hooks(pre_hooks, inside_transaction=True) }}
    {% call statement('main', language=model['language']) -%}
        {%- if by_dbt -%}
            {{ create_table_as(False, made, compiled_code, model['language']) }}
        {%- else -%}
            {%- set agreed = model['columns'].keys() | join(', ') %}
            create or replace table {{ made }} as
            {#- in the contract's order, and what it does not name is kept to be found #}
            {% if is_checked %}select {{ agreed }}, * exclude ({{ agreed }}) from ({{ compiled_code }}) as model_rows
            {% else %}{{ compiled_code }}
            {% endif %}
        {%- endif -%}
    {%- endcall %}
    {%- if is_checked and not by_dbt %}
        {% do get_assert_columns_equivalent('select * from ' ~ made) %}
    {%- endif %}
    {{ run_hooks(post_hooks, inside_transaction=True) }}
    {{ adapter.commit() }}

    {{ return({'relations': [made]}) }}
{% endmaterialization %}
