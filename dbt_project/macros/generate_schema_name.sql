{# The layer's own name, without dbt's prefix: `cpai.cpai_crimes`, never `main_cpai.cpai_crimes`. #}
{% macro generate_schema_name(custom_schema_name, node) -%}
    {{ (custom_schema_name or target.schema) | trim }}
{%- endmacro %}
