{#
    The rows of a seed while a model is compiled, for columns that are named by them. From the file: what a view is called
    and has must not hang on what is loaded.
#}
{% macro seed_rows(file, where='true') -%}
    {%- if not execute %}{{ return([]) }}{% endif -%}
    {%- set read -%}
        select * from read_csv('{{ invocation_args_dict.project_dir }}/../seeds/{{ file }}', all_varchar = true, delim = ',', quote = '"', header = true, hive_partitioning = false)
        where {{ where }}
    {%- endset -%}
    {{ return(run_query(read).rows) }}
{%- endmacro %}

{# The number of one setting of a seed; 0 until a model is compiled. #}
{% macro seed_value(file, setting, named_in='setting') -%}
    {%- for row in seed_rows(file, named_in ~ " = '" ~ setting ~ "'") %}{{ row.value }}{% else %}0{% endfor -%}
{%- endmacro %}
