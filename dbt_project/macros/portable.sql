{# What DuckDB and Spark write differently. Models use these names only. #}

{# A number that distinguishes rows by `columns`; collisions are possible, so confirm on the columns themselves. #}
{% macro row_hash(columns) %}{{ return(adapter.dispatch('row_hash', 'cpai')(columns)) }}{% endmacro %}
{% macro default__row_hash(columns) %}hash({{ columns | join(', ') }}){% endmacro %}
{% macro spark__row_hash(columns) %}xxhash64({{ columns | join(', ') }}){% endmacro %}

{# After the `as` of a step: each reader computes it again. DuckDB else keeps a step read twice whole in memory. #}
{% macro inlined() %}{{ return(adapter.dispatch('inlined', 'cpai')()) }}{% endmacro %}
{% macro default__inlined() %}not materialized{% endmacro %}
{% macro spark__inlined() %}{% endmacro %}

{# After the `as` of a step: computed before its readers. DuckDB else joins first and filters by a list later. #}
{% macro materialized_cte() %}{{ return(adapter.dispatch('materialized_cte', 'cpai')()) }}{% endmacro %}
{% macro default__materialized_cte() %}materialized{% endmacro %}
{% macro spark__materialized_cte() %}{% endmacro %}

{#
    A condition that keeps the rows of `relation` whose `columns` are in it more than once, and by a collision of
    `row_hash` a few others: confirm on the columns. Grouping millions of texts costs more than grouping their hash.
#}
{% macro may_repeat(columns, relation) %}
    {{ row_hash(columns) }} in (
        select {{ row_hash(columns) }} from {{ relation }} as every_row
        group by {{ row_hash(columns) }}
        having count(*) > 1
    )
{% endmacro %}

{# True when the whole of `text` matches `pattern` (RE2 and Java agree on what is used here). #}
{% macro matches(text, pattern) %}{{ return(adapter.dispatch('matches', 'cpai')(text, pattern)) }}{% endmacro %}
{% macro default__matches(text, pattern) %}regexp_full_match({{ text }}, '{{ pattern }}'){% endmacro %}
{% macro spark__matches(text, pattern) %}{{ text }} rlike '^({{ pattern }})$'{% endmacro %}

{# The n-th group of `pattern` in `text`; null when it does not match. #}
{% macro matched_group(text, pattern, group) %}
    nullif(regexp_extract({{ text }}, '{{ pattern }}', {{ group }}), '')
{% endmacro %}

{# The words of a text in lower case, each between single spaces: `' ' || words || ' '`. #}
{% macro words(text) %}{{ return(adapter.dispatch('words', 'cpai')(text)) }}{% endmacro %}
{% macro default__words(text) %}(' ' || regexp_replace(lower({{ text }}), '[^a-z0-9]+', ' ', 'g') || ' '){% endmacro %}
{% macro spark__words(text) %}(' ' || regexp_replace(lower({{ text }}), '[^a-z0-9]+', ' ') || ' '){% endmacro %}

{# `day` that many days later, as a date. #}
{% macro days_after(day, days) %}{{ return(adapter.dispatch('days_after', 'cpai')(day, days)) }}{% endmacro %}
{% macro default__days_after(day, days) %}({{ day }} + {{ days }}){% endmacro %}
{% macro spark__days_after(day, days) %}date_add({{ day }}, {{ days }}){% endmacro %}

{# Whole days from `first` to `last`, two dates. #}
{% macro days_between(first, last) %}{{ return(adapter.dispatch('days_between', 'cpai')(first, last)) }}{% endmacro %}
{% macro default__days_between(first, last) %}({{ last }} - {{ first }}){% endmacro %}
{% macro spark__days_between(first, last) %}datediff({{ last }}, {{ first }}){% endmacro %}

{# The same day a year later, as a date; 28 February after a 29 February. #}
{% macro a_year_after(day) %}{{ return(adapter.dispatch('a_year_after', 'cpai')(day)) }}{% endmacro %}
{% macro default__a_year_after(day) %}cast({{ day }} + interval 1 year as date){% endmacro %}
{% macro spark__a_year_after(day) %}add_months({{ day }}, 12){% endmacro %}

{# All values of a text expression in one text, in order: equal sets give equal texts. #}
{% macro ordered_list(text) %}{{ return(adapter.dispatch('ordered_list', 'cpai')(text)) }}{% endmacro %}
{% macro default__ordered_list(text) %}string_agg({{ text }}, ',' order by {{ text }}){% endmacro %}
{% macro spark__ordered_list(text) %}array_join(array_sort(collect_list({{ text }})), ','){% endmacro %}

{# SHA-256 in hexadecimal digits. #}
{% macro sha256_of(text) %}{{ return(adapter.dispatch('sha256_of', 'cpai')(text)) }}{% endmacro %}
{% macro default__sha256_of(text) %}sha256({{ text }}){% endmacro %}
{% macro spark__sha256_of(text) %}sha2({{ text }}, 256){% endmacro %}

{# The secret of person tokens: a variable of the connection, so that it is never in SQL. #}
{% macro token_key() %}{{ return(adapter.dispatch('token_key', 'cpai')()) }}{% endmacro %}
{% macro default__token_key() %}getvariable('token_key'){% endmacro %}
{% macro spark__token_key() %}token_key{% endmacro %}

{# The first secret that the home had: of tokens that the ledger has, as a reference's. #}
{% macro first_key() %}{{ return(adapter.dispatch('first_key', 'cpai')()) }}{% endmacro %}
{% macro default__first_key() %}coalesce(getvariable('first_key'), getvariable('token_key')){% endmacro %}
{% macro spark__first_key() %}first_key{% endmacro %}

{# The moment that the warehouse is built as of, ISO text in UTC: a variable of the connection, or null. #}
{% macro as_of() %}{{ return(adapter.dispatch('as_of', 'cpai')()) }}{% endmacro %}
{% macro default__as_of() %}coalesce(getvariable('as_of'), '9999'){% endmacro %}
{% macro spark__as_of() %}coalesce(as_of, '9999'){% endmacro %}

{# The day in UTC that is built on: a variable of the connection, which by itself would go by the zone of its machine. #}
{% macro today() %}{{ return(adapter.dispatch('today', 'cpai')()) }}{% endmacro %}
{% macro default__today() %}coalesce(cast(getvariable('today') as date), current_date){% endmacro %}
{% macro spark__today() %}coalesce(today, current_date()){% endmacro %}

{#
    Which side of a join is kept in memory. DuckDB estimates a filtered Parquet scan at a sixth of its rows, and so
    would keep every column of twelve million persons to look up crimes of four columns: `as_written` keeps the table on
    the right.
#}
{% macro join_sides(choice) %}{{ return(adapter.dispatch('join_sides', 'cpai')(choice)) }}{% endmacro %}
{% macro default__join_sides(choice) %}
    set disabled_optimizers = '{{ 'build_side_probe_side' if choice == 'as_written' }}'
{% endmacro %}
{% macro spark__join_sides(choice) %}select 1{% endmacro %}

{# These columns of the rows of a group that meet `condition`, as one value; `rows_of` makes rows of it again. #}
{% macro rows_where(columns, condition) %}{{ return(adapter.dispatch('rows_where', 'cpai')(columns, condition)) }}{% endmacro %}
{% macro default__rows_where(columns, condition) %}
    list(struct_pack(
        {%- for column in columns %}{{ column }} := {{ column }}{{ ', ' if not loop.last }}{% endfor -%}
    )) filter (where {{ condition }})
{%- endmacro %}
{% macro spark__rows_where(columns, condition) %}
    collect_list(struct({{ columns | join(', ') }})) filter (where {{ condition }})
{%- endmacro %}
{% macro rows_of(rows) %}{{ return(adapter.dispatch('rows_of', 'cpai')(rows)) }}{% endmacro %}
{% macro default__rows_of(rows) %}unnest({{ rows }}, recursive := true){% endmacro %}
{% macro spark__rows_of(rows) %}inline({{ rows }}){% endmacro %}

{# A row for each word of a text of words between single spaces. #}
{% macro each_word(text) %}{{ return(adapter.dispatch('each_word', 'cpai')(text)) }}{% endmacro %}
{% macro default__each_word(text) %}unnest(string_split({{ text }}, ' ')){% endmacro %}
{% macro spark__each_word(text) %}explode(split({{ text }}, ' ')){% endmacro %}
