{#
    Seeds are loaded with their dialect stated. dbt-duckdb lets DuckDB's sniffer guess it, which drops headings
    and short rows silently.
#}
{% macro duckdb__load_csv_rows(model, agate_table) %}
    {% set statement %}
        copy {{ this.render() }} from '{{ adapter.get_seed_file_path(model) }}'
        (format csv, header true, auto_detect false, delimiter ',', quote '"', escape '"', nullstr '')
    {% endset %}
    {% do adapter.add_query(statement, abridge_sql_log=True) %}
    {{ return(statement) }}
{% endmacro %}
